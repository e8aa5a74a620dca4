"""The media type of a file in a folder, by its name."""

from __future__ import annotations

from typing import Final

from ..sources.media_type import guess_media_type

__all__ = ["content_type_of", "is_active", "top_level_type"]

# What a browser shows as a page of this origin, scripts included.
_ACTIVE: Final = frozenset({"text/html", "image/svg+xml", "text/xml", "application/xml"})


def content_type_of(name: str) -> str:
    """The Content-Type for a file name; text has `charset=utf-8`."""
    media_type = guess_media_type(name)
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def top_level_type(name: str) -> str:
    """The part of the media type for a file name that comes before its slash, such as `video`."""
    return guess_media_type(name).partition("/")[0]


def is_active(name: str) -> bool:
    """Whether a browser may run scripts that are in a file of this name: HTML, SVG and XML."""
    media_type = guess_media_type(name)
    return media_type in _ACTIVE or media_type.endswith("+xml")
