"""What the folder says of a file by its name."""

from __future__ import annotations

from ..sources.media_type import guess_media_type

__all__ = ["content_type_of", "top_level_type"]


def content_type_of(name: str) -> str:
    """The Content-Type of a file of this name; text is said to be UTF-8."""
    media_type = guess_media_type(name)
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def top_level_type(name: str) -> str:
    """`video`, `audio`, ...: the part of the media type before its slash."""
    return guess_media_type(name).partition("/")[0]
