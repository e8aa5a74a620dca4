"""A folder, and the same folder as an object store, for `report_attacks.py`."""

from __future__ import annotations

import os
from typing import Any

from rangeserve.directory import DirectoryApp
from rangeserve.objectstore import ObjectStoreApp, open_store

if os.environ.get("ATTACKED_LIMITED"):
    from rangeserve.integrations.hypercorn import limit_http2_buffers

    limit_http2_buffers()

_root = os.environ["STUCK_ROOT"]
_folder = DirectoryApp(_root)
_store = ObjectStoreApp(open_store(f"file://{_root}"))


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"].startswith("/store/"):
        await _store({**scope, "root_path": "/store"}, receive, send)
    else:
        await _folder(scope, receive, send)
