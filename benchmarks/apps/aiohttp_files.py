"""aiohttp's own server and `FileResponse`: `python -m benchmarks.apps.aiohttp_files PORT`."""

from __future__ import annotations

import sys

from aiohttp import web

from . import TINY, path_of


async def _file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(path_of(request.path))


async def _tiny(request: web.Request) -> web.Response:
    return web.Response(body=TINY, content_type="application/json")


if __name__ == "__main__":
    app = web.Application()
    app.add_routes([web.get("/files/{name}", _file), web.get("/tiny", _tiny)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
