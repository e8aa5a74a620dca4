"""What each replica runs: a folder, behind `rangeserve.apps`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio

from rangeserve import ResponseFinished, Source, serve
from rangeserve.sources import (
    CallableSource,
    PathSource,
    SourceUnavailable,
    file_content_etag,
    open_path,
    stat_etag,
)

FOLDER = Path(os.environ["ORIGIN_FOLDER"])
LOG = Path(os.environ["ORIGIN_LOG"])
BY_CONTENT = os.environ.get("ORIGIN_ETAG") == "content"


class Slow(CallableSource):
    """A file at about 6 MB/s, so that something can happen in the middle of it."""

    def __init__(self, file: PathSource) -> None:
        super().__init__(self._slowly, file.size, etag=file.etag, last_modified=file.last_modified)
        self._file = file

    async def _slowly(self, start: int, stop: int) -> AsyncIterator[bytes]:
        async for chunk in self._file.read(start, stop):
            await anyio.sleep(0.01)
            yield chunk

    async def aclose(self) -> None:
        await self._file.aclose()


async def find(scope: Any) -> Source:
    path = FOLDER / Path(scope["path"]).name
    try:
        file = await open_path(path, etag=file_content_etag if BY_CONTENT else stat_etag)
    except OSError as error:
        raise SourceUnavailable(404) from error
    return Slow(file) if "ORIGIN_SLOW" in os.environ else file


def note(event: Any) -> None:
    line = "began"
    if isinstance(event, ResponseFinished):
        ranges = ",".join(f"{start}-{stop}" for start, stop in event.ranges)
        line = f"{event.method} {event.status} {ranges} {event.outcome.value}"
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"{line}\n")


app = serve(find, observer=note)
