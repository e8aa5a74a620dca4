"""`expiry_of`: when a signed URL ends, as its own query says. A resume after that is refused."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Final
from urllib.parse import parse_qsl, urlsplit

__all__ = ["expiry_of"]

_STAMP: Final = "%Y%m%dT%H%M%SZ"
_LATEST: Final = 253402300800  # the end of the year 9999


def expiry_of(url: str) -> float | None:
    """When `url` ends, in seconds since the epoch; `None` if it does not say, or is not signed.

    Known are the queries of S3 and those like it, of Google Cloud Storage, of CloudFront and of
    Azure. Never raises.
    """
    query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
    try:
        ends = _read(query)
    except (KeyError, ValueError, OverflowError):  # it only looked like one
        return None
    return ends if ends is not None and 0 <= ends < _LATEST else None


def _read(query: dict[str, str]) -> float | None:
    for prefix in ("x-amz", "x-goog"):
        if f"{prefix}-signature" in query:
            begin = datetime.strptime(query[f"{prefix}-date"], _STAMP)
            lasts = float(query[f"{prefix}-expires"])
            return begin.replace(tzinfo=timezone.utc).timestamp() + lasts
    if "signature" in query and "expires" in query:  # S3 before version 4, and CloudFront
        return float(query["expires"])
    if "sig" in query and "se" in query:  # Azure
        end = datetime.fromisoformat(query["se"].replace("Z", "+00:00"))
        return end.replace(tzinfo=end.tzinfo or timezone.utc).timestamp()
    return None
