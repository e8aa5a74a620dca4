"""A file whose storage does not answer: a 503 before the response start, a cut connection after."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.apps import hands_over, sends_path
from support.content import numbered
from support.descriptors import nothing_left_open, open_files
from support.driver import Answer, ask
from support.waiting import SECONDS, eventually

from rangeserve import RangeMiddleware, ResponseFinished, ResponseStarted, serve
from rangeserve.core.selection import Reason
from rangeserve.directory import DirectoryApp
from rangeserve.errors import ResponseError
from rangeserve.events import Outcome
from rangeserve.sources import (
    OpenFileSource,
    SourceUnavailable,
    file_content_etag,
    open_path,
    threads,
)
from rangeserve.sources.mounts import device_of
from rangeserve.sources.opening import open_file
from rangeserve.sources.threads import CLOSES, HASHES, LOOK_UPS, READS, Kind, later

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_folder_is_known")]

DATA = numbered(300_000)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(DATA)
    return path


class Busy:
    """Keeps every thread of a kind on the device of a path, until `go`."""

    def __init__(self) -> None:
        self._go = threading.Event()

    def __call__(self, kind: Kind, path: Path) -> None:
        by_name = kind is LOOK_UPS
        device = device_of(str(path)) if by_name else os.stat(path).st_dev
        begun: list[None] = []

        def stuck() -> None:
            begun.append(None)
            assert self._go.wait(SECONDS)

        for _ in range(kind.threads):
            later(stuck, kind, device)
        assert eventually(lambda: len(begun) == kind.threads)
        if kind.patience is not None:
            object.__setattr__(kind, "patience", 0.02)

    def go(self) -> None:
        self._go.set()


@pytest.fixture
def busy() -> Iterator[Busy]:
    before = [(kind, kind.patience) for kind in (LOOK_UPS, READS, HASHES)]
    threads._all_workers.clear()
    busy = Busy()
    yield busy
    busy.go()
    for kind, patience in before:
        object.__setattr__(kind, "patience", patience)
    threads._all_workers.clear()


def is_503(answer: Answer) -> None:
    assert (answer.status, answer.complete) == (503, True)
    assert answer["retry-after"] == "10"
    for name in ("content-type", "etag", "last-modified", "content-range", "accept-ranges"):
        assert answer.get(name) is None
    assert (answer["content-length"], answer.body) == ("0", b"")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [[], [("Range", "bytes=1-2")], [("If-Match", '"x"')]])
async def test_a_path_that_is_handed_over(
    film: Path, busy: Busy, method: str, headers: Any
) -> None:
    """The app's fields that describe its representation, or let it be kept, do not go out."""
    events: list[Any] = []
    fields = [
        (b"content-type", b"video/mp4"),
        (b"cache-control", b"max-age=3600"),
        (b"etag", b'"app"'),
        (b"access-control-allow-origin", b"*"),
    ]
    app = RangeMiddleware(hands_over(film, *fields), observer=events.append)
    busy(LOOK_UPS, film)
    answer = await ask(app, method, headers=headers)
    is_503(answer)
    assert answer.get("cache-control") is None
    assert answer["access-control-allow-origin"] == "*"
    started, finished = events
    assert isinstance(started, ResponseStarted)
    assert isinstance(finished, ResponseFinished)
    assert (started.status, finished.outcome) == (503, Outcome.COMPLETE)
    assert started.reason is (Reason.NOT_A_200 if headers[:1] == [("Range", "bytes=1-2")] else None)


async def test_a_path_that_the_app_sends(film: Path, busy: Busy) -> None:
    busy(LOOK_UPS, film)
    is_503(await ask(RangeMiddleware(sends_path(film, len(DATA)))))


async def test_a_path_after_the_start_has_been_sent(film: Path, busy: Busy) -> None:
    """A response without a length goes out at once: its status cannot be taken back."""
    busy(LOOK_UPS, film)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": str(film)})

    with pytest.raises(ResponseError, match="no thread for look-ups"):
        await ask(RangeMiddleware(app))


async def test_a_path_that_is_served(film: Path, busy: Busy) -> None:
    busy(LOOK_UPS, film)
    is_503(await ask(serve(film)))


async def test_a_file_below_a_folder(film: Path, busy: Busy) -> None:
    app = DirectoryApp(film.parent)
    busy(LOOK_UPS, film)
    for path in ("/film", "/", "/other"):
        answer = await ask(app, path=path)
        assert (answer.status, answer["retry-after"]) == (503, "10")
        assert answer.body == b"503: the storage does not answer at the moment.\n"


async def test_a_view_that_opens_it_is_told(film: Path, busy: Busy) -> None:
    busy(LOOK_UPS, film)
    with nothing_left_open(film.parent), pytest.raises(SourceUnavailable) as caught:
        await open_path(film)
    assert (caught.value.status, caught.value.retry_after) == (503, 10)


@pytest.mark.parametrize("way", [hands_over, sends_path, serve])
async def test_reads_that_find_no_thread_are_cut(
    film: Path, busy: Busy, way: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(BlockingIOError()))
    busy(READS, film)
    app = way(film) if way is serve else RangeMiddleware(way(film))
    with nothing_left_open(film.parent), pytest.raises(ResponseError, match="no thread for reads"):
        await ask(app)


async def test_reads_of_a_file_object_that_find_no_thread(film: Path, busy: Busy) -> None:
    busy(READS, film)
    with film.open("rb") as file, pytest.raises(ResponseError, match="no thread for reads"):
        await ask(serve(OpenFileSource(file)))


async def test_a_file_that_cannot_be_hashed_in_time_has_no_tag(film: Path, busy: Busy) -> None:
    busy(HASHES, film)
    answer = await ask(serve(film, etag=file_content_etag))
    assert (answer.status, answer.get("etag"), answer.body) == (200, None, DATA)


async def test_a_close_waits_for_nobody(
    film: Path, busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is not local is closed in a thread, as soon as one is free."""
    from rangeserve.sources import file as file_module
    from rangeserve.sources import opening

    monkeypatch.setattr(file_module, "is_local", lambda device: False)
    monkeypatch.setattr(file_module, "learn_device", lambda path, device: None)
    with nothing_left_open(film.parent):
        source = await open_file(str(film))
        busy(CLOSES, film)
        source.close()
        assert open_files(str(film)) == [str(film)]
        busy.go()
    assert str(film.parent) not in opening._quick_folders


async def test_a_link_in_a_quick_folder_is_opened_in_a_thread(film: Path, busy: Busy) -> None:
    link = film.parent / "link"
    link.symlink_to(film)
    app = RangeMiddleware(hands_over(film))
    for _ in range(3):
        assert (await ask(app)).body == DATA
    assert (await ask(RangeMiddleware(hands_over(link)))).body == DATA
    busy(LOOK_UPS, film)
    assert (await ask(app)).body == DATA  # on the event loop
    is_503(await ask(RangeMiddleware(hands_over(link))))


async def test_a_folder_is_listed_without_asking_what_is_mounted_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rangeserve.directory import beneath

    (tmp_path / "far").mkdir()
    (tmp_path / "near").mkdir()
    far = os.path.realpath(tmp_path / "far")
    monkeypatch.setattr(beneath, "mounted_at", lambda path: 1 if path == far else None)
    page = (await ask(DirectoryApp(tmp_path))).body.decode()
    (item,) = [line for line in page.splitlines() if "far/" in line]
    assert "<time></time>" in item
    (item,) = [line for line in page.splitlines() if "near/" in line]
    assert "<time datetime" in item


async def test_a_device_that_is_mounted_over_a_quick_folder(
    film: Path, busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The open that finds it is the last one on the event loop."""
    from rangeserve.sources import file as file_module

    app = RangeMiddleware(hands_over(film))
    for _ in range(2):
        assert (await ask(app)).body == DATA
    monkeypatch.setattr(file_module, "is_local", lambda device: False)
    assert (await ask(app)).body == DATA
    busy(LOOK_UPS, film)
    is_503(await ask(app))
