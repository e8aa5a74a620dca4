"""ServeStatic round a bare app: its files come as paths."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from frameworks import resources
from frameworks.apps.bare_app import bare
from frameworks.resources import Site, variants
from servestatic import ServeStaticASGI

from rangeserve import RangeMiddleware

logging.getLogger("servestatic").setLevel(logging.WARNING)


def make() -> Any:
    return ServeStaticASGI(bare, root=str(resources.FOLDER))


# A compressing layer between the two passes a path on, and with it the file uncompressed.
more = {"gzip-inside": RangeMiddleware(resources.with_gzip(make()))}
app = Site(variants(make(), wrap=partial(RangeMiddleware, pathsend=True), more=more))
