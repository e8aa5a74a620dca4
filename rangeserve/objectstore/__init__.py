"""Objects in S3, Google Cloud Storage, Azure, a folder or memory as sources.

Needs the extra `rangeserve[objectstore]`, which installs obstore, the client for the stores.

    store = open_store("s3://bucket")
    app = ObjectStoreApp(store, prefix="films")          # or, from any view:
    hand_over(scope, await open_object(store, "films/a.mp4", scope=scope))
"""

from __future__ import annotations

from .._public import publish
from .._requires import require

require("obstore", "0.11", extra="objectstore")

from .app import ObjectStoreApp
from .archive import zip_objects
from .keys import safe_key
from .source import ObjectSource, open_object
from .stores import open_store

__all__ = ["ObjectSource", "ObjectStoreApp", "open_object", "open_store", "safe_key", "zip_objects"]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
