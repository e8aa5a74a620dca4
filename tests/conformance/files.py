"""The resources as files: which can be one, and with what modification time."""

from __future__ import annotations

import os
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from resources import RESOURCES, content_of

LEFT_OUT = {
    "/r/unknownlength": "the length of a file is always known",
    "/r/unknownempty": "the length of a file is always known",
    "/r/nolastmod": "a file has a modification time, so there is a Last-Modified",
    "/r/novalidators": "a file has a modification time, so there is a Last-Modified",
    "/r/weakonly": "a file has a modification time, so there is a Last-Modified",
    "/r/unquotedetag": "a file has a modification time, so there is a Last-Modified",
    "/r/epoch": "no date is made of the modification time 0",
    "/r/nocontent": "a 204 has no content, so there is nothing to be a file",
    "/r/already304": "a 304 has no content, so there is nothing to be a file",
}

IMF_FIXDATE = len("Wed, 21 Oct 2015 07:28:00 GMT")


def name_of(resource: dict[str, Any]) -> str:
    name: str = resource["path"].removeprefix("/r/")
    return name


def mtime_of(resource: dict[str, Any]) -> int | None:
    """Seconds since the epoch; `None` if the app has to give the Last-Modified itself.

    That is so if it is this second, no date, or written in another form.
    """
    text = resource["last_modified"]
    if text is None or len(text) != IMF_FIXDATE:
        return None
    return int(parsedate_to_datetime(text).timestamp())


def lay(folder: Path) -> None:
    """Write every resource that can be a file into `folder`, with its time."""
    for path, resource in RESOURCES.items():
        if path not in LEFT_OUT:
            file = folder / name_of(resource)
            file.write_bytes(content_of(path))
            seconds = mtime_of(resource)
            if seconds is not None:
                os.utime(file, (seconds, seconds))
