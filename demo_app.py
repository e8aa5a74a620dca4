"""The demo: a video that seeks, and a live chart of the bytes that the browser gets of it.

    hypercorn demo_app:app

It plays the file named by RANGESERVE_VIDEO, or `video.mp4` beside this module, or the clip
that comes with it. The views know nothing of ranges: `RangeServe` does all of that, and its
observer feeds the chart.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import mimetypes
import os
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO

from quart import Quart, Response, render_template, request, send_file

from rangeserve import Event, Limits, RangeMiddleware, ResponseFinished, stat_etag
from rangeserve.integrations.hypercorn import limit_http2_buffers
from rangeserve.integrations.quart import RangeServe

HERE = Path(__file__).parent
VARIABLE = "RANGESERVE_VIDEO"
SOURCES = ("/video.mp4", "/stream.mp4")
KEEP_ALIVE = 15.0  # seconds without an event after which a comment is sent
KEPT = 512  # the events that are kept for a client that reconnects
CHUNK_BYTES = 256 * 1024
SMALL_BYTES = 32 * 1024 * 1024
PORTION_BYTES = 256 * 1024


class Unplayable(Exception):
    """There is no video to play; the message is one sentence with the reason.

    `in_public` is the same without the folders of this machine, for the browser.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"There is no video to play: {path}: {why}.")
        self.in_public = f"There is no video to play: {path.name}: {why}."


def playable(path: Path) -> Path:
    """`path` itself, if it is a file that can be played; `Unplayable` if it is not."""
    try:
        status = path.stat()
    except OSError as error:
        trouble = (error.strerror or str(error)).lower()
    else:
        if S_ISDIR(status.st_mode):
            trouble = "it is a folder"
        elif not S_ISREG(status.st_mode):
            trouble = "it is not a regular file"
        elif not os.access(path, os.R_OK):
            trouble = "permission denied"
        elif status.st_size == 0:
            trouble = "it is empty"
        else:
            return path
    raise Unplayable(path, trouble)


def choose_video(environ: Mapping[str, str], folder: Path) -> Path:
    """The path of the file to play; `SystemExit` with a sentence if it cannot be played."""
    named = environ.get(VARIABLE)
    own = folder / "video.mp4"
    try:
        if named:
            return playable(Path(named).absolute())
        return playable(own if own.exists() else folder / "static" / "clip.mp4")
    except Unplayable as error:
        hint = f" Set {VARIABLE} to a video file, or unset it." if named else ""
        raise SystemExit(f"{error}{hint}") from None


class Feed:
    """The latest events as Server-Sent Events, for any number of listeners.

    All listeners share one history of `kept` events; a listener only remembers the number of the
    last event that it got. A listener that is more than `kept` events behind misses some.
    """

    def __init__(self, kept: int = KEPT, keep_alive: float = KEEP_ALIVE) -> None:
        self.newest = 0
        self.listeners: set[asyncio.Event] = set()
        self._history: deque[tuple[int, str]] = deque(maxlen=kept)
        self._keep_alive = keep_alive

    def observe(self, event: Event) -> None:
        """Keep an event of the video, and wake the listeners; this is the observer."""
        if event.path not in SOURCES:
            return
        self.newest += 1
        name = "finished" if isinstance(event, ResponseFinished) else "started"
        data = json.dumps(describe(event))
        self._history.append((self.newest, f"id: {self.newest}\nevent: {name}\ndata: {data}\n\n"))
        for news in self.listeners:
            news.set()

    async def listen(self, after: int) -> AsyncGenerator[str, None]:
        """Give the events after number `after`, and then each new one; without an end."""
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        self.listeners.add(news)
        try:
            yield "retry: 1000\n\n"
            while True:
                news.clear()
                for number, text in tuple(self._history):
                    if number > after:
                        yield text
                        after = number
                timer = loop.call_later(self._keep_alive, news.set)
                try:
                    await news.wait()
                finally:
                    timer.cancel()
                if after == self.newest:
                    yield ": still here\n\n"
        finally:
            self.listeners.discard(news)


def describe(event: Event) -> dict[str, object]:
    """The facts of an event for the page; `ranges` are half-open, in bytes."""
    described: dict[str, object] = {
        "number": event.number,
        "method": event.method,
        "path": event.path,
        "status": event.status,
        "length": event.complete_length,
        "ranges": event.ranges,
        "reason": event.reason.value if event.reason is not None else None,
    }
    if isinstance(event, ResponseFinished):
        described["sent"] = event.bytes_sent
        described["seconds"] = round(event.seconds, 3)
        described["outcome"] = event.outcome.value
    return described


def is_player(scope: Mapping[str, Any]) -> bool:
    """Whether a request comes from a video element of a browser (Fetch metadata)."""
    return (b"sec-fetch-dest", b"video") in map(tuple, scope["headers"])


def serve_ranges(app: Quart, size: int) -> None:
    """Make `app`, whose video has `size` bytes, range capable.

    A player would fetch a clip of a few megabytes with its first request, and the chart would
    show one full bar. So of a short clip a player gets a portion for each request. Other clients
    get what they request.
    """
    if size >= SMALL_BYTES:
        RangeServe(app, observer=feed.observe)
        return
    RangeServe(app, observer=feed.observe, skip=is_player)
    app.asgi_app = RangeMiddleware(  # type: ignore[method-assign]
        app.asgi_app,
        limits=Limits(max_partial_size=PORTION_BYTES),
        skip=lambda scope: not is_player(scope),
        observer=feed.observe,
    )


with contextlib.suppress(ImportError):  # a later Hypercorn, of which this is not known
    limit_http2_buffers()

feed = Feed()
app = Quart(__name__)
app.config["VIDEO"] = choose_video(os.environ, HERE)
serve_ranges(app, app.config["VIDEO"].stat().st_size)


@app.get("/")
async def index() -> str:
    """The page. Its `visit` makes the video's URL new, so that the browser's cache is not used."""
    video, trouble = app.config["VIDEO"], None
    try:
        size = playable(video).stat().st_size
    except Unplayable as error:
        size, trouble = 0, error.in_public
    return await render_template(
        "index.html",
        name=video.name,
        size=size,
        trouble=trouble,
        sources=SOURCES,
        newest=feed.newest,
        visit=secrets.token_hex(4),
    )


@app.get("/video.mp4")
async def video() -> Response:
    """A file, as any Quart app would send it."""
    return await send_file(playable(app.config["VIDEO"]))


@app.get("/stream.mp4")
async def stream() -> Response:
    """The same bytes from a generator; with a Content-Length, a client can still seek.

    The validators are for a browser that resumes with If-Range.
    """
    path = playable(app.config["VIDEO"])
    status = path.stat()
    response = Response(
        chunks(path, status.st_size),
        content_type=mimetypes.guess_type(path.name)[0] or "video/mp4",
    )
    response.content_length = status.st_size
    etag = stat_etag(status)
    if etag is not None:
        response.headers["ETag"] = etag
    response.last_modified = datetime.fromtimestamp(int(status.st_mtime), timezone.utc)
    response.timeout = None  # a viewer may pause for longer than RESPONSE_TIMEOUT
    return response


async def chunks(path: Path, size: int) -> AsyncGenerator[bytes, None]:
    """The first `size` bytes of a file, always from its beginning."""
    with open_to_read(path) as file:
        while size and (chunk := await asyncio.to_thread(file.read, min(CHUNK_BYTES, size))):
            size -= len(chunk)
            yield chunk


def open_to_read(path: Path) -> BinaryIO:
    """The open file. It is not opened in a thread, because a cancelled open would leak there."""
    return path.open("rb")


@app.get("/events")
async def events() -> Response:
    """The events of the video as Server-Sent Events, after the event that the client names."""
    after = request.args.get("after", feed.newest, type=int)
    after = request.headers.get("Last-Event-ID", after, type=int)
    if after > feed.newest:  # the number is from before a restart
        after = 0
    response = Response(feed.listen(after), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.timeout = None
    return response


@app.errorhandler(Unplayable)
async def unplayable(error: Unplayable) -> Response:
    """A 404 with one sentence, if the video is removed while the demo runs."""
    return Response(f"{error.in_public}\n", 404, content_type="text/plain; charset=utf-8")
