"""The app's own 206 has to be what was asked for."""

from __future__ import annotations

import pytest

from rangeserve.core import read_representation, read_request
from rangeserve.core.partial import complaint_about_partial

MULTIPART = "multipart/byteranges; boundary=x"


@pytest.mark.parametrize(
    ("asked", "content_range", "more", "wrong"),
    [
        pytest.param("bytes=2-5", "bytes 2-5/10", {}, None, id="what was asked for"),
        pytest.param("bytes=2-5", "bytes 2-4/10", {}, None, id="less at its end"),
        pytest.param("bytes=2-5", "bytes 2-5/*", {}, None, id="of unknown length"),
        pytest.param("bytes=2-99", "bytes 2-9/10", {}, None, id="clamped"),
        pytest.param("bytes=-3", "bytes 7-9/10", {}, None, id="a suffix"),
        pytest.param("bytes=-3", "bytes 7-9/*", {}, None, id="a suffix of unknown length"),
        pytest.param("bytes=2-", "bytes 2-9/10", {"content-length": "8"}, None, id="its length"),
        pytest.param("bytes=0-1,4-5", "bytes 4-5/10", {}, None, id="one of two"),
        pytest.param("bytes=0-3,4-5", "bytes 0-5/10", {}, None, id="two that touch"),
        pytest.param("bytes=0-1,4-5", None, {"content-type": MULTIPART}, None, id="multipart"),
        pytest.param("users=0-9", "users 0-9/100", {}, None, id="another unit"),
        pytest.param(None, "bytes 0-9/10", {}, "no Range", id="nothing was asked for"),
        pytest.param("bytes=2-5", "bytes 0-9/100", {}, "asked for", id="another start"),
        pytest.param("bytes=2-5", "bytes 3-5/10", {}, "asked for", id="less at its start"),
        pytest.param("bytes=2-5", "bytes 2-6/10", {}, "asked for", id="more than was asked for"),
        pytest.param("bytes=2-5", "bytes 2-6/*", {}, "asked for", id="more, of unknown length"),
        pytest.param("bytes=2-5", None, {}, "Content-Range", id="no Content-Range"),
        pytest.param("bytes=2-5", "bytes 5-2/10", {}, "Content-Range", id="backwards"),
        pytest.param("bytes=2-", "bytes 2-10/10", {}, "Content-Range", id="past the end"),
        pytest.param("bytes=2-5", "bytes 2-5", {}, "Content-Range", id="no complete length"),
        pytest.param("bytes=2-5", "users 2-5/10", {}, "unit", id="in a unit not asked for"),
        pytest.param("users=0-9", "bytes 0-9/10", {}, "unit", id="in bytes, which were not"),
        pytest.param("users=0-9", None, {"content-type": MULTIPART}, "bytes", id="parts for users"),
        pytest.param("bytes=x", "bytes 0-9/10", {}, "asked for", id="a malformed Range"),
        pytest.param(
            "bytes=2-5", "bytes 2-5/10", {"content-length": "9"}, "9", id="a wrong length"
        ),
    ],
)
def test_a_partial_answer(
    asked: str | None, content_range: str | None, more: dict[str, str], wrong: str | None
) -> None:
    request = read_request("GET", [] if asked is None else [(b"range", asked.encode())])
    fields = dict(more)
    if content_range is not None:
        fields["Content-Range"] = content_range
    partial = read_representation([(n.encode(), v.encode()) for n, v in fields.items()])
    complaint = complaint_about_partial(request, partial)
    if wrong is None:
        assert complaint is None
    else:
        assert wrong in (complaint or "")
