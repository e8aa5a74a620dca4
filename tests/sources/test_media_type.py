"""`media_type.py`: the media type of a file by its name."""

from __future__ import annotations

import pytest

from rangeserve.sources.media_type import guess_media_type

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mp4", "video/mp4"),
        ("a.tar.gz", "application/gzip"),
        ("a.unheard-of", "application/octet-stream"),
        ("folder.d/a", "application/octet-stream"),
    ],
)
def test_the_media_type_is_that_of_the_bytes(name: str, kind: str) -> None:
    assert guess_media_type(name) == kind
