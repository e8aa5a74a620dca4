"""`directory/media.py`: the Content-Type of a file by its name."""

from __future__ import annotations

import pytest

from rangeserve.directory.media import content_type_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x.html", "text/html; charset=utf-8"),
        ("x.js", "text/javascript; charset=utf-8"),
        ("x.json", "application/json"),
        ("x.svg", "image/svg+xml"),
        ("X.MP4", "video/mp4"),
        ("x.mkv", "video/x-matroska"),
        ("x.webm", "video/webm"),
        ("x.m4a", "audio/mp4"),
        ("x.opus", "audio/ogg"),
        ("x.vtt", "text/vtt; charset=utf-8"),
        ("x.tar.gz", "application/gzip"),
        ("x.tgz", "application/gzip"),
        ("x.html.br", "application/x-brotli"),
        ("x.unheard-of", "application/octet-stream"),
        ("Makefile", "application/octet-stream"),
        ("data:text/html,x", "application/octet-stream"),
        ("http://x", "application/octet-stream"),
    ],
)
async def test_media_types(name: str, expected: str) -> None:
    assert content_type_of(name) == expected
