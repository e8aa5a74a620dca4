"""The demo: a film that seeks, and a live chart of the bytes that the browser gets of it.

    hypercorn demo_app:app

It plays an hour of film made of the clip that comes with it, or the file named by
RANGESERVE_VIDEO, or `video.mp4` beside this module. The views know nothing of ranges:
`RangeServe` does all of that, and its observer feeds the chart.
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO

from quart import Quart, Response, render_template, request, send_file

from demo_feed import Feed, at_signal
from demo_film import Film
from demo_line import Line, Pace
from rangeserve import hand_over, stat_etag
from rangeserve.integrations.hypercorn import limit_http2_buffers
from rangeserve.integrations.quart import RangeServe

HERE = Path(__file__).parent
CLIP = HERE / "static" / "clip.mp4"
TIMES = 60  # the clip is a minute long, the film an hour
VARIABLE = "RANGESERVE_VIDEO"
SOURCES = ("/video.mp4", "/stream.mp4")
# What a player gets of the film: 2 MB a second, and after 4 MB what is twice as fast as it plays.
PACE = Pace(fast=2_000_000, ahead=4_000_000, slow=100_000)
CHUNK_BYTES = 256 * 1024


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
        kind = mimetypes.guess_type(path.name)[0] or "video/"
        if S_ISDIR(status.st_mode):
            trouble = "it is a folder"
        elif not S_ISREG(status.st_mode):
            trouble = "it is not a regular file"
        elif not os.access(path, os.R_OK):
            trouble = "permission denied"
        elif status.st_size == 0:
            trouble = "it is empty"
        elif not kind.startswith(("video/", "audio/")):
            trouble = f"its name is that of a file of type {kind}"
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
        return playable(own if own.exists() else folder / "static" / CLIP.name)
    except Unplayable as error:
        hint = f" Set {VARIABLE} to a video file, or unset it." if named else ""
        raise SystemExit(f"{error}{hint}") from None


def is_player(scope: Mapping[str, Any]) -> bool:
    """Whether a request comes from a video element of a browser (Fetch metadata)."""
    return (b"sec-fetch-dest", b"video") in map(tuple, scope["headers"])


def pace(scope: Mapping[str, Any]) -> Pace | None:
    """How fast a request is answered. A file of the user's, and curl, are not held up."""
    return PACE if film is not None and is_player(scope) else None


feed = Feed(SOURCES)
with suppress(ImportError):  # a Hypercorn that is not known is left as it is
    limit_http2_buffers()
app = Quart(__name__)
app.config["VIDEO"] = choose_video(os.environ, HERE)
# A file that was named is served as it is.
film = (
    None
    if os.environ.get(VARIABLE) or app.config["VIDEO"] != CLIP
    else Film(CLIP.read_bytes(), TIMES)
)
RangeServe(app, observer=feed.observe)
app.asgi_app = Line(app.asgi_app, SOURCES, pace)  # type: ignore[method-assign]


@app.before_serving
async def end_streams_at_ctrl_c() -> None:
    at_signal(feed.end)


@app.get("/")
async def index() -> str:
    """The page. Its `visit` is in the URL of the video, so that the chart knows its requests."""
    video, trouble = app.config["VIDEO"], None
    try:
        size = film.size if film is not None else playable(video).stat().st_size
    except Unplayable as error:
        size, trouble = 0, error.in_public
    return await render_template(
        "index.html",
        name=video.name,
        times=TIMES if film is not None else 1,
        pace=PACE,
        size=size,
        trouble=trouble,
        sources=SOURCES,
        mark=feed.mark,
        visit=secrets.token_hex(4),
    )


@app.get("/video.mp4")
async def video() -> Response:
    """The film, handed over as a source; or a file, as any Quart app would send it."""
    if film is not None:
        hand_over(request.scope, film)
        return Response(b"", content_type=film.content_type)
    return await send_file(playable(app.config["VIDEO"]))


@app.after_request
async def keep_out_of_caches(response: Response) -> Response:
    """So that a browser asks again for what it has had before."""
    if request.path in SOURCES:
        response.headers["Cache-Control"] = "no-store"
    return response


@app.get("/stream.mp4")
async def stream() -> Response:
    """The same bytes from a generator; with a Content-Length, a client can still seek.

    The validators are for a browser that resumes with If-Range.
    """
    if film is not None:
        response = Response(film.read(0, film.size), content_type=film.content_type)
        response.content_length = film.size
        response.headers["ETag"] = film.etag
    else:
        path = playable(app.config["VIDEO"])
        status = path.stat()
        kind = mimetypes.guess_type(path.name)[0] or "video/mp4"
        response = Response(chunks(path, status.st_size), content_type=kind)
        response.content_length = status.st_size
        response.last_modified = datetime.fromtimestamp(int(status.st_mtime), timezone.utc)
        etag = stat_etag(status)
        if etag is not None:
            response.headers["ETag"] = etag
    response.timeout = None  # a viewer may pause for longer than RESPONSE_TIMEOUT
    return response


async def chunks(path: Path, size: int) -> AsyncIterator[bytes]:
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
    """The events of the video as Server-Sent Events, after the one whose mark the client says."""
    mark = request.headers.get("Last-Event-ID") or request.args.get("after") or feed.mark
    response = Response(feed.listen(feed.number(mark)), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.timeout = None
    return response


@app.errorhandler(Unplayable)
async def unplayable(error: Unplayable) -> Response:
    """A 404 with one sentence, if the video is removed while the demo runs."""
    return Response(f"{error.in_public}\n", 404, content_type="text/plain; charset=utf-8")
