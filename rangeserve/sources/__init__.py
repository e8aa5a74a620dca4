"""Bodies that can be read at an offset: the protocol, and adapters for what is at hand.

`objectstore` is not imported here: it needs the extra `rangeserve[objectstore]`.
"""

from __future__ import annotations

from .memory import BytesSource, content_etag
from .protocol import Source

__all__ = ["BytesSource", "Source", "content_etag"]
