"""Published middlewares inside and outside of `RangeMiddleware`: what is asked, what it is worth.

The grades are those of `products.probes`. A client that accepts codings is asked twice: a 206
of the file's bytes under the strong entity-tag of the coded 200 is BROKEN, because a client
that resumes joins the two.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from products.probes import Grade, Verdict
from support.wire import Response, Truncated, fetch

TEXT = b"".join(b"%07d a line that repeats itself\n" % number for number in range(8_000))
START, STOP = 1_000, 21_000
CODINGS = "gzip, br, zstd"

# the name in the path -> its name on the page, and the distribution it is in
MIDDLEWARES = {
    "gzip": ("GZipMiddleware", "starlette"),
    "brotli-asgi": ("BrotliMiddleware", "brotli-asgi"),
    "zstd-asgi": ("ZstdMiddleware", "zstd-asgi"),
    "starlette-cramjam": ("CompressionMiddleware", "starlette-cramjam"),
    "asgi-gzip": ("GZipMiddleware", "asgi-gzip"),
    "slowapi": ("SlowAPIMiddleware", "slowapi"),
    "slowapi-asgi": ("SlowAPIASGIMiddleware", "slowapi"),
    "instrumentator": ("Instrumentator", "prometheus-fastapi-instrumentator"),
    "exporter": ("PrometheusMiddleware", "starlette-exporter"),
    "opentelemetry": ("OpenTelemetryMiddleware", "opentelemetry-instrumentation-asgi"),
    "sentry": ("SentryAsgiMiddleware", "sentry-sdk"),
    "correlation-id": ("CorrelationIdMiddleware", "asgi-correlation-id"),
    "audit": ("BaseHTTPMiddleware that reads the body", "starlette"),
    "timing": ("BaseHTTPMiddleware that adds a field", "starlette"),
    "counting": ("BaseHTTPMiddleware that counts the body", "starlette"),
    "holding": ("an ASGI layer that holds the start", "starlette"),
}
# These change the bytes: outside of RangeMiddleware they are in the wrong place, as documented.
COMPRESSORS = frozenset({"gzip", "brotli-asgi", "zstd-asgi", "starlette-cramjam", "asgi-gzip"})

RESOURCES = {"FileResponse": "file", "StaticFiles": "static/text.txt", "stream": "stream"}
# what is asked -> whether a part is, and whether codings are accepted
QUESTIONS = {
    "whole": (False, False),
    "part": (True, False),
    "whole, codings accepted": (False, True),
    "part, codings accepted": (True, True),
}


@dataclass(frozen=True)
class Answer:
    """A verdict, and what the next question is judged by."""

    verdict: Verdict
    coding: str | None = None
    etag: str | None = None


def measure(port: int, name: str, place: str, resource: str) -> Mapping[str, Verdict]:
    """The verdict on each question."""
    path = f"/{name}/{place}/{RESOURCES[resource]}"
    answers: dict[str, Answer] = {}
    for question, (is_part, accepts) in QUESTIONS.items():
        fields = [("Accept-Encoding", CODINGS)] if accepts else []
        if is_part:
            fields.append(("Range", f"bytes={START}-{STOP - 1}"))
        whole = answers.get("whole, codings accepted") if accepts else None
        try:
            answers[question] = judge(fetch(port, path, fields), is_part, accepts, whole)
        except (Truncated, OSError, AssertionError, ValueError) as error:
            wrong = f"{type(error).__name__}: {error}"
            answers[question] = Answer(Verdict(Grade.BROKEN, "cut", wrong))
    return {question: answer.verdict for question, answer in answers.items()}


def judge(response: Response, is_part: bool, accepts: bool, whole: Answer | None) -> Answer:
    """What an answer is worth. `accepts`: codings were; `whole`: the 200 that was given then."""
    coding, etag = response.get("content-encoding"), response.get("etag")
    status = f"{response.status} {coding}" if coding else str(response.status)

    def answer(grade: Grade, wrong: str = "") -> Answer:
        return Answer(Verdict(grade, status, wrong), coding, etag)

    if coding is not None and not accepts:
        return answer(Grade.BROKEN, "a coding that was not asked for")
    if response.status == 200:
        if decoded(response) != TEXT:
            return answer(Grade.BROKEN, "not the file")
        if is_part or (accepts and coding is None):
            return answer(Grade.RIGHT)
        return answer(Grade.BEST)
    if response.status != 206 or not is_part:
        return answer(Grade.BROKEN, "an answer to something else")
    if coding is not None:
        return answer(Grade.BROKEN, "a part that was coded after it was cut")
    if response.get("content-range") != f"bytes {START}-{STOP - 1}/{len(TEXT)}":
        return answer(Grade.BROKEN, f"{response.get('content-range')}")
    if response.body != TEXT[START:STOP]:
        return answer(Grade.BROKEN, "other bytes")
    if whole and whole.coding and is_strong(etag) and etag == whole.etag:
        return answer(Grade.BROKEN, "the coded 200 has the same strong entity-tag")
    return answer(Grade.BEST)


def is_strong(etag: str | None) -> bool:
    return etag is not None and not etag.startswith("W/")


def decoded(response: Response) -> bytes:
    """The body without its content coding."""
    coding = response.get("content-encoding")
    if coding is None:
        return response.body
    if coding == "gzip":
        return gzip.decompress(response.body)
    if coding == "deflate":
        return zlib.decompress(response.body)
    if coding == "br":
        body: bytes = import_module("brotli").decompress(response.body)
        return body
    assert coding == "zstd", coding
    reader: Any = import_module("zstandard").ZstdDecompressor().decompressobj()
    return bytes(reader.decompress(response.body))
