"""What a `DirectoryApp` may answer: pages that it makes, files, and listings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Union

from ..core.representation import Field
from ..sources.memory import content_etag
from .listing import PAGE_POLICY
from .target import Target

__all__ = [
    "BAD_REQUEST",
    "CORS",
    "FORBIDDEN",
    "METHOD_NOT_ALLOWED",
    "NOT_FOUND",
    "PREFLIGHT",
    "TOO_BUSY",
    "Answer",
    "Archive",
    "File",
    "Listing",
    "Page",
    "archive_page",
    "listing_page",
    "no_archive",
    "redirect",
    "unavailable",
]


@dataclass(frozen=True)
class Page:
    """A response whose body is not a file; `None` for one that was not made, for a HEAD."""

    status: int
    body: bytes | None = b""
    fields: tuple[Field, ...] = ()
    content_type: bytes = b"text/plain; charset=utf-8"


@dataclass(frozen=True)
class File:
    """A response whose body is the file that has been opened, at `names` below the root.

    `coding` is its content coding, `None` for the file as it is. `is_negotiated`: whether there
    are codings of it, so that the response depends on Accept-Encoding.
    """

    names: tuple[str, ...]
    coding: str | None = None
    is_negotiated: bool = False


@dataclass(frozen=True)
class Listing:
    """A response whose body lists the folder, which has still to be read."""


@dataclass(frozen=True)
class Archive:
    """A response whose body is a ZIP archive of the folder, which has still to be read."""


Answer = Union[Page, File, Listing, Archive]

BAD_REQUEST: Final = Page(400, b"400: a path begins with a slash.\n")
NOT_FOUND: Final = Page(404, b"404: there is no such file or folder here.\n")
FORBIDDEN: Final = Page(403, b"403: this server may not read that.\n")
METHOD_NOT_ALLOWED: Final = Page(
    405, b"405: only GET and HEAD are answered here.\n", ((b"allow", b"GET, HEAD"),)
)
TOO_BUSY: Final = Page(
    503, b"503: too many folders are being read; try again.\n", ((b"retry-after", b"1"),)
)
# Fetch standard 3.2: what a page of another origin may request and read.
CORS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Accept-Ranges, Content-Length, Content-Range, ETag"),
)
PREFLIGHT: Final = Page(
    204,
    fields=(
        (b"access-control-allow-methods", b"GET, HEAD"),
        (
            b"access-control-allow-headers",
            b"Range, If-Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since",
        ),
        (b"access-control-max-age", b"600"),
    ),
)


def unavailable(status: int, retry_after: int | None) -> Page:
    """The response for storage that does not answer; `retry_after` is in seconds."""
    body = b"503: the storage does not answer at the moment.\n"
    return Page(status, body, ((b"retry-after", b"%d" % (retry_after or 0)),))


def listing_page(body: bytes | None) -> Page:
    """The response with the page of a listing, which is `None` for a HEAD."""
    fields = [(b"content-security-policy", PAGE_POLICY.encode())]
    if body is not None:
        fields.append((b"etag", content_etag(body).encode()))
    return Page(200, body, tuple(fields), b"text/html; charset=utf-8")


def archive_page(disposition: bytes) -> Page:
    """The start of the response with an archive, whose Content-Disposition is `disposition`."""
    return Page(200, b"", ((b"content-disposition", disposition),), b"application/zip")


def no_archive(why: str) -> Page:
    """The response if there can be no archive of a folder: `why` is a sentence for the client."""
    return Page(403, f"403: there is no archive of this folder: {why}.\n".encode())


def redirect(target: Target, query: bytes) -> Page:
    """The redirect to the same name with a slash, so that relative links in the folder work."""
    location = target.location
    if query and query.isascii() and query.decode("ascii").isprintable():
        location += "?" + query.decode("ascii").replace(" ", "%20")
    return Page(301, b"301: a folder ends in a slash.\n", ((b"location", location.encode()),))
