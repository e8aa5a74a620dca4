"""nginx before two replicas: with `slice` and a cache, and as a plain proxy."""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from edges.client import Download
from edges.conftest import LONG_AGO, NEW, OLD, SIZE, Replica, Start, kill_the_one_that_sends
from edges.engines import curl, nginx
from support.servers import HOST, Server, free_port
from support.wire import fetch

SLICE = 2**20


def upstream(replicas: list[Replica]) -> dict[str, str]:
    return {
        f"server 10.0.0.1{number}:8000;": f"server {HOST}:{each.server.port};"
        for number, each in enumerate(replicas, 1)
    }


@contextmanager
def slicing(folder: Path, replicas: list[Replica]) -> Iterator[Server]:
    changes = {**upstream(replicas), **cache(folder)}
    with nginx(folder / "edge", "nginx-slice.conf", changes) as edge:
        yield edge


def cache(folder: Path) -> dict[str, str]:
    return {
        "/var/cache/nginx/media": str(folder / "cache"),
        "127.0.0.1:8081": f"{HOST}:{free_port()}",
    }


@contextmanager
def proxying(folder: Path, replicas: list[Replica]) -> Iterator[Server]:
    with nginx(folder / "edge", "nginx-replicas.conf", upstream(replicas)) as edge:
        yield edge


def served(replicas: list[Replica]) -> list[str]:
    return [line for each in replicas for line in each.lines]


@pytest.mark.parametrize("copies", [False, True], ids=["one directory", "two copies of it"])
def test_slices_of_two_replicas_make_one_file(start: Start, tmp_path: Path, copies: bool) -> None:
    replicas = start(copies=copies)
    with slicing(tmp_path, replicas) as edge:
        target = tmp_path / "got"
        assert curl("-o", str(target), f"{edge.url}/film.mp4").returncode == 0
        assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(OLD).digest()
        asked = served(replicas)
        assert len(asked) == -(-SIZE // SLICE)  # each slice once
        assert all(line.startswith("GET 206") for line in asked)
        assert all(each.lines for each in replicas)  # both had a part in it
        etag = fetch(edge.port, "/film.mp4", [("Range", "bytes=0-0")])["etag"]
        for field, held in (
            ("bytes=0-1", slice(0, 2)),
            ("bytes=1048570-3145800", slice(1048570, 3145801)),
            ("bytes=12000000-", slice(12000000, None)),
            ("bytes=-12345", slice(SIZE - 12345, None)),
        ):
            part = fetch(edge.port, "/film.mp4", [("Range", field), ("If-Range", etag)])
            assert (part.status, part.body) == (206, OLD[held])
        whole = fetch(edge.port, "/film.mp4", [("Range", "bytes=5-9"), ("If-Range", '"x"')])
        assert (whole.status, whole.body) == (200, OLD)
        assert served(replicas) == asked  # all of that came from the cache
        assert fetch(edge.port, "/film.mp4", [("If-None-Match", etag)]).status == 304
        changed = fetch(edge.port, "/film.mp4", [("If-None-Match", '"x"'), ("Range", "bytes=5-9")])
        assert (changed.status, changed.body) == (206, OLD[5:10])
        past = fetch(edge.port, "/film.mp4", [("Range", f"bytes={SIZE}-")])
        assert (past.status, past["content-range"]) == (416, f"bytes */{SIZE}")
        assert fetch(edge.port, "/none").status == 404
        assert fetch(edge.port, "/film.mp4", [("Range", "bytes=0-1,5-6")]).body == OLD
        head = fetch(edge.port, "/film.mp4", method="HEAD")
        assert (head.status, head["etag"], head["content-length"]) == (200, etag, str(SIZE))


def test_copies_whose_times_drifted_are_cut_and_not_mixed(start: Start, tmp_path: Path) -> None:
    replicas = start(copies=True)
    replicas[1].put(OLD, LONG_AGO + 1)
    with slicing(tmp_path, replicas) as edge:
        target = tmp_path / "got"
        assert curl("-o", str(target), f"{edge.url}/film.mp4").returncode == 18  # a partial file
        got = target.read_bytes()
        assert len(got) < SIZE
        assert got == OLD[: len(got)]
        assert "etag mismatch in slice response" in (tmp_path / "edge" / "error.log").read_text(
            encoding="utf-8"
        )


def test_etags_from_the_content_cure_the_drift(start: Start, tmp_path: Path) -> None:
    replicas = start(copies=True, ORIGIN_ETAG="content")
    replicas[1].put(OLD, LONG_AGO + 1)
    with slicing(tmp_path, replicas) as edge:
        assert fetch(edge.port, "/film.mp4").body == OLD
        assert all(each.lines for each in replicas)


def test_a_file_replaced_on_one_replica_is_never_mixed_by_slices(
    start: Start, tmp_path: Path
) -> None:
    replicas = start(copies=True)
    with slicing(tmp_path, replicas) as edge:
        download = Download(edge.port).go_on(until=3 * SLICE)
        replicas[0].put(NEW, LONG_AGO + 1000)
        for _ in range(4):  # as long as they differ, it may not come to an end
            download.go_on(until=len(download.content) + 3 * SLICE)
            assert download.content in (OLD[: len(download.content)], NEW[: len(download.content)])
        replicas[1].put(NEW, LONG_AGO + 1000)
        for each in (tmp_path / "cache").iterdir():
            shutil.rmtree(each)
        for _ in range(3):
            if not download.complete:
                download.go_on()
        assert download.complete
        assert hashlib.sha256(download.content).digest() in (
            hashlib.sha256(NEW).digest(),
            hashlib.sha256(OLD).digest(),
        )


@contextmanager
def dying_origin(at: int) -> Iterator[int]:
    """An origin that closes the connection once, before the byte at `at`; its port."""
    listener = socket.create_server((HOST, 0))
    died = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while head := b"".join(iter(lines.readline, b"\r\n")):
                match = re.search(rb"bytes=([0-9]+)-([0-9]+)", head)
                assert match is not None
                start, stop = int(match[1]), min(int(match[2]) + 1, SIZE)
                connection.sendall(
                    b'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Length: %d\r\n'
                    b"Content-Range: bytes %d-%d/%d\r\n\r\n" % (stop - start, start, stop - 1, SIZE)
                )
                if start <= at < stop and not died.is_set():
                    died.set()
                    connection.sendall(OLD[start:at])
                    return
                connection.sendall(OLD[start:stop])

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("at", [1000, 5 * SLICE, 5 * SLICE + 1000, 12 * SLICE + 5])
def test_a_replica_that_dies_inside_a_slice_leaves_no_hole(tmp_path: Path, at: int) -> None:
    """Left to itself nginx would go on with the next slice, in the wrong place."""
    with dying_origin(at) as port:
        changes = {
            "server 10.0.0.11:8000;": f"server {HOST}:{port};",
            "server 10.0.0.12:8000;": "",
            **cache(tmp_path),
        }
        with nginx(tmp_path / "edge", "nginx-slice.conf", changes) as edge:
            download = Download(edge.port).go_on()
            assert not download.complete
            got = len(download.content)
            assert got <= at // SLICE * SLICE  # what nginx had not yet sent is lost with it
            assert download.content == OLD[:got]
            download.go_on()
            assert (download.status, download.complete) == (206 if got else 200, True)
            assert hashlib.sha256(download.content).digest() == hashlib.sha256(OLD).digest()


def test_a_replica_that_dies_is_left_out_by_the_slices(start: Start, tmp_path: Path) -> None:
    """Between two slices nobody notices."""
    replicas = start()
    with slicing(tmp_path, replicas) as edge:
        part = fetch(edge.port, "/film.mp4", [("Range", f"bytes=0-{4 * SLICE - 1}")])
        assert part.body == OLD[: 4 * SLICE]
        replicas[0].kill()
        assert fetch(edge.port, "/film.mp4").body == OLD


@pytest.mark.parametrize("copies", [False, True], ids=["one directory", "two copies of it"])
def test_a_resume_goes_on_where_the_dead_replica_stopped(
    start: Start, tmp_path: Path, copies: bool
) -> None:
    replicas = start(copies=copies, ORIGIN_SLOW="1")
    with proxying(tmp_path, replicas) as edge:
        target = tmp_path / "got"
        headers = tmp_path / "headers"
        die = partial(kill_the_one_that_sends, replicas)
        download = Download(edge.port).go_on(until=2 * SLICE, then=die)
        assert not download.complete
        assert SLICE < len(download.content) < SIZE
        target.write_bytes(download.content)
        again = curl(
            "-C", "-", "-H", f"If-Range: {download.etag}", "-D", str(headers),
            "-o", str(target), f"{edge.url}/film.mp4",
        )  # fmt: skip
        assert again.returncode == 0, again.stderr
        assert " 206" in headers.read_text(encoding="utf-8").splitlines()[0]
        assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(OLD).digest()


def test_a_resume_after_a_replacement_is_the_old_rest_or_the_new_whole(
    start: Start, tmp_path: Path
) -> None:
    replicas = start(copies=True)
    with proxying(tmp_path, replicas) as edge:
        begun = Download(edge.port).go_on(until=5 * SLICE)
        assert not begun.complete
        replicas[0].put(NEW, LONG_AGO + 1000)
        results = set()
        for _ in range(4):  # both replicas have their turn
            download = Download(edge.port, content=begun.content, etag=begun.etag).go_on()
            assert download.complete
            assert download.content == (OLD if download.status == 206 else NEW)
            results.add(download.status)
        assert results == {200, 206}


def test_curl_refuses_a_new_whole_as_the_rest_and_starts_anew(start: Start, tmp_path: Path) -> None:
    replicas = start()
    with proxying(tmp_path, replicas) as edge:
        begun = Download(edge.port).go_on(until=5 * SLICE)
        target = tmp_path / "got"
        target.write_bytes(begun.content)
        replicas[0].put(NEW, LONG_AGO + 1000)
        condition = ("-H", f"If-Range: {begun.etag}", "-o", str(target))
        again = curl("-C", "-", *condition, f"{edge.url}/film.mp4")
        assert again.returncode == 33  # "cannot resume"
        assert target.read_bytes() == begun.content
        assert curl("-o", str(target), f"{edge.url}/film.mp4").returncode == 0
        assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(NEW).digest()
