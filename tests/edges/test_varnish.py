"""Varnish before two replicas."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from edges.client import Download
from edges.conftest import LONG_AGO, NEW, OLD, SIZE, Start, kill_the_one_that_sends
from edges.engines import varnish
from support.wire import fetch

MIB = 2**20


def test_one_plain_get_feeds_every_range(start: Start, tmp_path: Path) -> None:
    replicas = start()
    with varnish(tmp_path / "edge", [each.server for each in replicas]) as edge:
        for field, held in (
            ("bytes=0-1", slice(0, 2)),
            ("bytes=1048570-3145800", slice(1048570, 3145801)),
            ("bytes=12000000-", slice(12000000, None)),
            ("bytes=-12345", slice(SIZE - 12345, None)),
        ):
            part = fetch(edge.port, "/film.mp4", [("Range", field)])
            assert (part.status, part.body) == (206, OLD[held])
        whole = fetch(edge.port, "/film.mp4")
        assert whole.body == OLD
        several = fetch(edge.port, "/film.mp4", [("Range", "bytes=0-1,5-6")])
        assert (several.status, several.body) == (200, OLD)
        assert fetch(edge.port, "/film.mp4", [("If-None-Match", whole["etag"])]).status == 304
        missed = fetch(edge.port, "/film.mp4", [("Range", "bytes=5-9"), ("If-Range", '"x"')])
        assert (missed.status, missed.body) == (200, OLD)
        past = fetch(edge.port, "/film.mp4", [("Range", f"bytes={SIZE}-")])
        assert past.status == 416
        asked = [line for each in replicas for line in each.lines]
        assert asked == [f"GET 200 0-{SIZE} complete"]


def test_a_replica_that_dies_in_mid_fetch_cuts_the_client_who_resumes(
    start: Start, tmp_path: Path
) -> None:
    replicas = start(copies=True, ORIGIN_SLOW="1")
    with varnish(tmp_path / "edge", [each.server for each in replicas]) as edge:
        die = partial(kill_the_one_that_sends, replicas)
        download = Download(edge.port).go_on(until=2 * MIB, then=die)
        assert not download.complete
        assert len(download.content) < SIZE
        for _ in range(5):
            assert download.content == OLD[: len(download.content)]
            if not download.complete:
                download.go_on()
        assert hashlib.sha256(download.content).digest() == hashlib.sha256(OLD).digest()


def test_a_replacement_is_seen_when_the_copy_is_stale_and_never_mixed(
    start: Start, tmp_path: Path
) -> None:
    replicas = start(copies=True)
    with varnish(tmp_path / "edge", [each.server for each in replicas]) as edge:
        begun = Download(edge.port).go_on(until=5 * MIB)
        replicas[0].put(NEW, LONG_AGO + 1000)
        download = Download(edge.port, content=begun.content, etag=begun.etag).go_on()
        assert download.complete
        assert download.content == OLD  # Varnish has all of the old one
