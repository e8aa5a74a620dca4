"""`choose_coding`: which content coding of a file a client gets (RFC 9110 12.5.3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

__all__ = ["CODINGS", "choose_coding", "coded_etag"]

CODINGS: Final[Mapping[str, str]] = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
"""The content codings, each with the ending of a file that is coded so."""

# RFC 9110 8.4.1.3
_ALIASES: Final = {"gzip": "x-gzip"}


def choose_coding(
    accept_encoding: str | None, sizes: Mapping[str, int], *, wants_range: bool = False
) -> str | None:
    """The coding in which the client gets a file; `None` for the file as it is (`identity`).

    `accept_encoding`: the value of the field, `None` if the request has none. `sizes`: of each
    coding that there is, in bytes. The coding with the highest quality value is chosen, and
    among equals the smallest. `identity` comes last unless the field gives it a higher value.

    `wants_range`: the request has a Range. Coded responses are not sliced, so it then gets
    `identity`, unless the client refuses that. Who accepts nothing that there is gets `identity`.
    """
    if accept_encoding is None:
        return None
    accept = parse_accept_header(accept_encoding, Accept)
    is_listed = accept.find("identity") >= 0
    identity = accept.quality("identity")
    if wants_range and not (is_listed and identity == 0):
        return None
    ranked = [(-quality, size, name) for name, size in sizes.items()
              if (quality := _quality(accept, name)) > 0 and quality >= identity]  # fmt: skip
    return min(ranked)[2] if ranked else None


def _quality(accept: Accept, coding: str) -> float:
    """The quality value of a coding, 0 if it is not acceptable."""
    alias = _ALIASES.get(coding)
    if alias is not None and coding not in accept.values():
        return max(accept.quality(coding), accept.quality(alias))
    return accept.quality(coding)


def coded_etag(etag: str | None, coding: str) -> str | None:
    """The entity-tag of a coded representation: `etag`, quoted, with the name of its coding.

    Each coding has a tag of its own, since its octets differ (RFC 9110 8.8.3.3).
    """
    return None if etag is None else f'{etag[:-1]}-{coding}"'
