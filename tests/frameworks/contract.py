"""What holds for every framework, over real servers. A test module a framework subclasses it.

Where a framework cannot do something, its class says so with an attribute, and the test then
asserts what the framework does instead.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from email import message_from_bytes
from typing import ClassVar

import pytest
from frameworks import resources
from support.servers import Server
from support.waiting import eventually
from support.wire import Connection, Response, fetch

FILM_SIZE = resources.FILM_SIZE


def film() -> bytes:
    """Mostly a hole, with bytes of its own at both ends and in the middle."""
    noise = bytes(place * 7 % 251 for place in range(4096))
    gap = bytes(FILM_SIZE // 2 - 2 * len(noise))
    return noise + gap + noise[::-1] + noise + gap + noise[::-1]


CONTENT = {
    "file": film(),
    "stream": b"".join(map(resources.chunk, range(resources.CHUNKS))),
    "small": resources.SMALL,
}
INSIDE_AND_OUTSIDE = pytest.mark.parametrize("place", ["inside", "outside"])

TRIES = 5


class Site:
    """One framework behind one server."""

    def __init__(self, server: Server) -> None:
        self.port = server.port

    def get(
        self, path: str, *headers: tuple[str, str], method: str = "GET", variant: str = "plain"
    ) -> Response:
        return fetch(self.port, f"/{variant}/{path}", headers, method)

    def etag(self, path: str, variant: str = "plain") -> str:
        return self.get(path, ("Range", "bytes=0-0"), variant=variant)["etag"]

    def seen(self, then: str = "") -> dict[str, int]:
        """What has been noted; `then` it may be reset. `collect`: the garbage, before."""
        return dict(json.loads(fetch(self.port, f"/seen?{then}").body))

    def await_seen(self, *what: str, then: str = "") -> dict[str, int]:
        """Wait until each of `what` has been noted."""
        seen: dict[str, int] = {}

        def noted() -> bool:
            seen.update(self.seen(then))
            return set(what) <= set(seen)

        assert eventually(noted), f"waited for {what}, there were {seen}"
        return seen


def parts(answer: Response) -> list[tuple[str, bytes]]:
    """The Content-Range and the bytes of each part, by the standard library's parser."""
    head = f"Content-Type: {answer['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.body)
    assert message.get_content_type() == "multipart/byteranges"
    found = message.get_payload()
    assert isinstance(found, list)
    return [(part["Content-Range"], part.get_payload(decode=True)) for part in found]


def decoded(answer: Response) -> bytes:
    coded = answer.get("content-encoding") == "gzip"
    return gzip.decompress(answer.body) if coded else answer.body


class Contract:
    """The tests of one framework."""

    app: ClassVar[str]
    servers: ClassVar[tuple[str, ...]] = ("hypercorn", "uvicorn-httptools")
    # What there is to ask for. A file server has no streams.
    bodies: ClassVar[tuple[str, ...]] = ("file", "stream", "small")
    variants: ClassVar[tuple[str, ...]] = (
        "twice", "gzip-inside", "gzip-outside", "cors-inside", "cors-outside",
        "function-inside", "function-outside",
    )  # fmt: skip
    # The stream's generator ends within so many of its 64 chunks.
    stops_within: ClassVar[int] = 6
    # Whether it leaves a stopped generator to the garbage collector (as when a client leaves).
    collects: ClassVar[bool] = False
    # What still runs when a stream has been stopped early, and what is documented to be lost.
    runs: ClassVar[tuple[str, ...]] = ("finally", "background")
    loses: ClassVar[tuple[str, ...]] = ()
    # Whether a file response is seeked; else it is streamed, and sliced as it passes.
    seeks: ClassVar[bool] = True
    # Whether its own gzip compresses a script in memory.
    compresses: ClassVar[bool] = True
    # Where there is gzip middleware round the app's own.
    gzips: ClassVar[tuple[str, ...]] = ("inside", "outside")
    # Lines of the server's log that are documented to appear.
    excused: ClassVar[Callable[[str], bool]] = staticmethod(lambda line: False)

    # Ranges

    def test_whole(self, site: Site, body: str) -> None:
        answer = site.get(body)
        assert (answer.status, answer.body == CONTENT[body]) == (200, True)
        assert answer["accept-ranges"] == "bytes"
        assert answer["content-length"] == str(len(CONTENT[body]))

    @pytest.mark.parametrize(
        ("field", "start", "stop"),
        [
            pytest.param("bytes=100-199", 100, 200, id="first and last"),
            pytest.param("bytes=-50", -50, None, id="suffix"),
            pytest.param("bytes=5000-", 5000, None, id="to the end"),
        ],
    )
    def test_one_range(
        self, site: Site, body: str, field: str, start: int, stop: int | None
    ) -> None:
        content = CONTENT[body]
        answer = site.get(body, ("Range", field))
        wanted = range(len(content))[start:stop]
        assert answer.status == 206
        assert answer["content-range"] == f"bytes {wanted[0]}-{wanted[-1]}/{len(content)}"
        assert answer["content-length"] == str(len(wanted))
        assert answer.body == content[start:stop]

    def test_several_ranges(self, site: Site, body: str) -> None:
        content = CONTENT[body]
        answer = site.get(body, ("Range", "bytes=0-9, 2000-2099, -7"))
        assert answer.status == 206
        size = len(content)
        assert parts(answer) == [
            (f"bytes 0-9/{size}", content[:10]),
            (f"bytes 2000-2099/{size}", content[2000:2100]),
            (f"bytes {size - 7}-{size - 1}/{size}", content[-7:]),
        ]

    def test_unsatisfiable(self, site: Site, body: str) -> None:
        answer = site.get(body, ("Range", f"bytes={len(CONTENT[body])}-"))
        assert (answer.status, answer.body) == (416, b"")
        assert answer["content-range"] == f"bytes */{len(CONTENT[body])}"

    def test_head_is_the_whole_without_its_body(self, site: Site, body: str) -> None:
        answer = site.get(body, ("Range", "bytes=0-9"), method="HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert answer["accept-ranges"] == "bytes"
        assert answer["content-length"] == str(len(CONTENT[body]))

    # Preconditions

    def test_if_range_holds(self, site: Site, body: str) -> None:
        etag = site.etag(body)
        assert not etag.startswith("W/")
        answer = site.get(body, ("Range", "bytes=10-19"), ("If-Range", etag))
        assert (answer.status, answer.body) == (206, CONTENT[body][10:20])

    def test_if_range_misses(self, site: Site, body: str) -> None:
        answer = site.get(body, ("Range", "bytes=10-19"), ("If-Range", '"of yesterday"'))
        assert (answer.status, answer.body == CONTENT[body]) == (200, True)
        assert answer.get("content-range") is None

    def test_not_modified(self, site: Site, body: str) -> None:
        etag = site.etag(body)
        answer = site.get(body, ("If-None-Match", etag), ("Range", "bytes=0-9"))
        assert (answer.status, answer.body) == (304, b"")
        assert answer["etag"] in (etag, f"W/{etag}")

    # What the server process does

    def test_files_are_seeked(self, site: Site) -> None:
        site.get("file", ("Range", "bytes=-1"))  # whatever is read only once
        before = site.seen()["read"]
        answer = site.get("file", ("Range", "bytes=-4096"))
        read = site.seen()["read"] - before
        assert answer.body == CONTENT["file"][-4096:]
        assert (read < FILM_SIZE // 4) == self.seeks, f"{read} bytes were read"

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param([("Range", "bytes=0-99")], id="a range"),
            pytest.param([("If-None-Match", resources.STREAM_TAG)], id="a 304"),
            pytest.param([("Range", "bytes=99999999-")], id="a 416"),
        ],
    )
    def test_streams_are_stopped(self, site: Site, fields: list[tuple[str, str]]) -> None:
        if "stream" not in self.bodies:
            return
        for _ in range(TRIES):
            site.seen("reset")
            site.get("stream", *fields)
            if fields[0][0] == "Range":
                # A refusal may come so early that the generator has not even begun.
                begun = fields[0][1] == "bytes=0-99"
                runs = [run for run in self.runs if begun or run != "finally"]
                site.await_seen(*runs, then="collect" if self.collects else "")
            time.sleep(0.05)
            seen = site.seen()
            assert seen.get("chunks", 0) <= self.stops_within, seen
            # What is seen may be of the request before, whose work ended after the reset.
            if not set(self.loses) & set(seen):
                break
        else:
            pytest.fail(f"no longer lost: {seen}")

    def test_keep_alive_outlives_an_early_stop(self, site: Site) -> None:
        with Connection(site.port) as connection:
            for body in (*self.bodies, *self.bodies):
                fields = [("Range", "bytes=7-16")]
                answer = connection.request("GET", f"/plain/{body}", fields)
                assert (answer.status, answer.body) == (206, CONTENT[body][7:17])

    # Middleware

    def test_through_other_middleware(self, site: Site, variant: str, body: str) -> None:
        content = CONTENT[body]
        answer = site.get(body, ("Range", "bytes=300-399"), variant=variant)
        assert (answer.status, answer.body) == (206, content[300:400])
        assert answer["content-range"] == f"bytes 300-399/{len(content)}"
        answer = site.get(body, variant=variant)
        assert (answer.status, answer.body == content) == (200, True)
        etag = site.etag(body, variant)
        answer = site.get(body, ("If-None-Match", etag), variant=variant)
        assert (answer.status, answer.body) == (304, b"")

    def test_coded_bytes_are_never_sliced(self, site: Site, gzips: str) -> None:
        """Nor are scripts sent uncompressed because of us."""
        if "small" not in self.bodies:
            return
        accept = ("Accept-Encoding", "gzip")
        whole = site.get("script.js", accept, variant=f"gzip-{gzips}")
        assert decoded(whole) == resources.SCRIPT
        assert (whole.get("content-encoding") == "gzip") == (self.compresses or gzips == "outside")
        part = site.get("script.js", accept, ("Range", "bytes=10-19"), variant=f"gzip-{gzips}")
        if part.status == 206:  # then it is a part of the script itself
            assert part.get("content-encoding") is None
            assert part.body == resources.SCRIPT[10:20]
        else:
            assert part.status == 200
            assert decoded(part) == resources.SCRIPT
        identity = site.get("script.js", ("Range", "bytes=10-19"), variant=f"gzip-{gzips}")
        assert (identity.status, identity.body) == (206, resources.SCRIPT[10:20])

    def test_bodies_that_are_compressed_on_their_way(
        self, site: Site, gzips: str, body: str
    ) -> None:
        accept = ("Accept-Encoding", "gzip")
        whole = site.get(body, accept, variant=f"gzip-{gzips}")
        assert (whole.status, decoded(whole) == CONTENT[body]) == (200, True)
        part = site.get(body, accept, ("Range", "bytes=10-19"), variant=f"gzip-{gzips}")
        wanted = CONTENT[body][10:20] if part.status == 206 else CONTENT[body]
        assert decoded(part) == wanted

    @INSIDE_AND_OUTSIDE
    @pytest.mark.parametrize(
        ("field", "status"),
        [pytest.param("bytes=0-9", 206, id="206"), pytest.param("bytes=99999999-", 416, id="416")],
    )
    def test_cors(self, site: Site, place: str, body: str, field: str, status: int) -> None:
        origin = ("Origin", resources.ORIGIN)
        answer = site.get(body, ("Range", field), origin, variant=f"cors-{place}")
        assert answer.status == status
        assert answer["access-control-allow-origin"] in (resources.ORIGIN, "*")
        exposed = answer["access-control-expose-headers"].lower().replace(" ", "").split(",")
        assert {"content-range", "accept-ranges", "etag"} <= set(exposed)

    @INSIDE_AND_OUTSIDE
    def test_function_style_middleware(self, site: Site, place: str) -> None:
        variant = f"function-{place}"
        for body in self.bodies:
            answer = site.get(body, ("Range", "bytes=20-29"), variant=variant)
            assert (answer.status, answer.body) == (206, CONTENT[body][20:30])
            assert answer["x-function"] == "seen"
        if "stream" in self.bodies:
            site.seen("reset")
            site.get("stream", ("Range", "bytes=0-99"), variant=variant)
            # Such middleware leaves a stopped generator to the garbage collector, as it
            # does when a client leaves.
            site.await_seen(*self.runs, then="collect")
            assert site.seen()["chunks"] <= self.stops_within

    def test_without_the_middleware_nothing_changes(self, site: Site) -> None:
        for body in self.bodies:
            assert site.get(body, variant="bare").body == CONTENT[body]
