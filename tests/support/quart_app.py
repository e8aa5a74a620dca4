"""A Quart app with every kind of body, under asyncio (`app`) and trio (`trio_app`).

`RANGESERVE_TEST_FOLDER` names the folder that it serves, `RANGESERVE_TEST_TIMEOUT` the seconds
of Quart's RESPONSE_TIMEOUT.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
from quart import Quart, Response, request, send_file, send_from_directory
from quart_trio import QuartTrio

from rangeserve import hand_over
from rangeserve.integrations.quart import RangeServe

CHUNK = 64 * 1024


def make_app(kind: type[Quart], folder: Path, *, early: bool = True) -> Quart:
    """The app; `early`: `RangeServe` is applied before the app's own hooks, or after them."""
    app = kind(__name__, static_folder=str(folder), static_url_path="/static")
    app.config["RESPONSE_TIMEOUT"] = float(os.environ.get("RANGESERVE_TEST_TIMEOUT", "60"))
    if early:
        RangeServe(app)

    class Upper(kind.response_class.file_body_class):  # type: ignore[misc]
        """A file body that sends something else than the file."""

        async def __anext__(self) -> bytes:
            return (await super().__anext__()).upper()

    class Once(kind.response_class.file_body_class):  # type: ignore[misc]
        """A file body that removes its file when it has been sent."""

        async def __aexit__(self, *details: Any) -> None:
            await super().__aexit__(*details)
            Path(self.file_path).unlink()

    @app.get("/file/<name>")
    async def file(name: str) -> Response:
        return await send_file(folder / Path(name).name)

    @app.get("/conditional/<name>")
    async def conditional(name: str) -> Response:
        return await send_file(folder / Path(name).name, conditional=True)

    @app.get("/directory/<name>")
    async def directory(name: str) -> Response:
        return await send_from_directory(folder, name)

    @app.get("/memory/<name>")
    async def memory(name: str) -> Response:
        data = BytesIO((folder / Path(name).name).read_bytes())
        return await send_file(data, mimetype="text/plain")

    @app.get("/given/<name>")
    async def given(name: str) -> Response:
        hand_over(request.scope, folder / Path(name).name)
        return Response(b"", content_type="text/plain")

    @app.get("/upper/<name>")
    async def upper(name: str) -> Response:
        return Response(Upper(folder / Path(name).name), content_type="text/plain")

    @app.get("/once/<name>")
    async def once(name: str) -> Response:
        return Response(Once(folder / Path(name).name), content_type="text/plain")

    @app.get("/stream/<int:size>")
    async def stream(size: int) -> Response:
        response = Response(zeros(size), content_type="text/plain")
        response.content_length = size
        return response

    @app.get("/waiting")
    async def wait() -> Response:
        return Response(waiting(folder / "cut"), content_type="text/plain")

    @app.get("/patient/<name>")
    async def patient(name: str) -> Response:
        response = await send_file(folder / Path(name).name)
        response.timeout = 90
        return response

    @app.after_request
    async def hooked(response: Response) -> Response:
        if "compress" in request.args:
            data = await response.get_data(as_text=False)
            response.set_data(gzip.compress(data, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        elif "swap" in request.args:  # another body of the same length
            response.set_data((await response.get_data(as_text=False)).swapcase())
        return response

    if not early:
        RangeServe(app)
    return app


async def zeros(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, CHUNK):
        yield bytes(min(CHUNK, size - start))


async def waiting(cut: Path) -> AsyncIterator[bytes]:
    """One byte, and then nothing; when Quart has had enough of that, there is a file `cut`."""
    yield b"x"
    try:
        await anyio.sleep_forever()
    finally:
        cut.touch()


if "RANGESERVE_TEST_FOLDER" in os.environ:
    app = make_app(Quart, Path(os.environ["RANGESERVE_TEST_FOLDER"]))
    trio_app = make_app(QuartTrio, Path(os.environ["RANGESERVE_TEST_FOLDER"]))
