"""The judges of the probes: what an answer is worth, and that a wrong one is found."""

from __future__ import annotations

import pytest
from products import middlewares, probes
from products.probes import Grade, Judge, parts
from support.wire import Response

DATA = bytes(range(100))
PART = probes.part(10, 20)
TWO = parts((0, 2), (50, 52))


def answer(status: int, body: bytes = b"", **fields: str) -> Response:
    headers = [(name.replace("_", "-"), value) for name, value in fields.items()]
    return Response(status, headers, body)


def multipart(*found: tuple[int, bytes]) -> Response:
    body = b"".join(
        b"--x\r\nContent-Type: text/plain\r\nContent-Range: bytes %d-%d/100\r\n\r\n%s\r\n"
        % (start, start + len(content) - 1, content)
        for start, content in found
    )
    return answer(206, body + b"--x--\r\n", content_type="multipart/byteranges; boundary=x")


RIGHT = answer(206, DATA[10:20], content_range="bytes 10-19/100")


@pytest.mark.parametrize(
    ("judge", "response", "grade"),
    [
        pytest.param(probes.whole, answer(200, DATA), Grade.BEST, id="the whole"),
        pytest.param(probes.whole, answer(200, DATA[:-1]), Grade.BROKEN, id="a short whole"),
        pytest.param(probes.whole, RIGHT, Grade.BROKEN, id="a part that nobody asked for"),
        pytest.param(probes.whole, answer(400), Grade.REFUSED, id="a refusal"),
        pytest.param(PART, RIGHT, Grade.BEST, id="the part"),
        pytest.param(PART, answer(200, DATA), Grade.RIGHT, id="the whole for a part"),
        pytest.param(PART, answer(416), Grade.REFUSED, id="416 for a part"),
        pytest.param(
            PART, answer(206, DATA[10:20], content_range="bytes 0-9/100"), Grade.BROKEN,
            id="another Content-Range",
        ),
        pytest.param(
            PART, answer(206, DATA[11:21], content_range="bytes 10-19/100"), Grade.BROKEN,
            id="other bytes",
        ),
        pytest.param(TWO, multipart((0, DATA[:2]), (50, DATA[50:52])), Grade.BEST, id="two parts"),
        pytest.param(TWO, multipart((0, DATA[:2]), (50, b"xx")), Grade.BROKEN, id="a wrong part"),
        pytest.param(TWO, multipart((0, DATA[:2])), Grade.BROKEN, id="a part of two is missing"),
        pytest.param(
            TWO, answer(206, DATA[:2], content_range="bytes 0-1/100"), Grade.REFUSED,
            id="one range of two",
        ),
        pytest.param(
            probes.unsatisfiable, answer(416, content_range="bytes */100"), Grade.BEST, id="416"
        ),
        pytest.param(probes.unsatisfiable, answer(416), Grade.RIGHT, id="416 without the length"),
        pytest.param(probes.stale, answer(200, DATA), Grade.BEST, id="stale, the whole"),
        pytest.param(probes.stale, RIGHT, Grade.BROKEN, id="stale, a part"),
        pytest.param(probes.not_modified, answer(304), Grade.BEST, id="304"),
        pytest.param(probes.not_modified, answer(200, DATA), Grade.RIGHT, id="no 304"),
        pytest.param(probes.head, answer(200, content_length="100"), Grade.BEST, id="HEAD"),
        pytest.param(probes.head, answer(200), Grade.RIGHT, id="HEAD without a length"),
        pytest.param(probes.head, answer(200, content_length="0"), Grade.BROKEN, id="HEAD of 0"),
    ],
)  # fmt: skip
def test_a_probe(judge: Judge, response: Response, grade: Grade) -> None:
    assert judge(response, DATA).grade == grade


def test_two_codings_under_one_strong_tag_are_found() -> None:
    start, stop = middlewares.START, middlewares.STOP
    position = f"bytes {start}-{stop - 1}/{len(middlewares.TEXT)}"
    for etag, grade in (('"a"', Grade.BROKEN), ('W/"a"', Grade.BEST), ('"b"', Grade.BEST)):
        whole = middlewares.Answer(probes.Verdict(Grade.BEST, "200"), "gzip", '"a"')
        part = answer(206, middlewares.TEXT[start:stop], content_range=position, etag=etag)
        judged = middlewares.judge(part, is_part=True, accepts=True, whole=whole)
        assert judged.verdict.grade == grade, etag
