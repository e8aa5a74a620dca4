"""The path of a request target as names below the root. Pure: touches no file system."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, unquote_to_bytes

__all__ = ["Target", "is_hidden", "quote_name", "read_target"]

# Where a backslash separates, it must not stand in a name; nor the colon of `C:` and of
# alternate data streams.
_REFUSED: Final = frozenset("\0/" + (os.sep + ":" if os.sep != "/" else ""))


@dataclass(frozen=True)
class Target:
    """What a request asks for: `names` from the root down; `folder`: it ends in a slash.

    `prefix` is where the app is mounted, as ASGI's `root_path` has it, without a slash at
    its end.
    """

    names: tuple[str, ...] = ()
    folder: bool = True
    prefix: str = ""

    @property
    def location(self) -> str:
        """The path of this target with a slash at its end, percent-encoded, for Location.

        It begins with exactly one slash: `//host` would name another site.
        """
        mount = quote(self.prefix.strip("/\\"), safe="/")
        steps = [mount, *map(quote_name, self.names)]
        return "/" + "".join(f"{step}/" for step in steps if step)


def quote_name(name: str) -> str:
    """One name percent-encoded, so that nothing in it means anything in a URL."""
    return quote(os.fsencode(name), safe="")


def is_hidden(name: str) -> bool:
    """Whether a name is hidden by custom."""
    return name.startswith(".")


def read_target(scope: Mapping[str, Any]) -> Target | None:
    """The target of an HTTP scope; `None` if its path can name nothing below the root.

    Empty names are passed over, `.` and `..` are refused in any spelling: clients resolve
    them before they ask (RFC 3986 5.2.4).
    """
    prefix = str(scope.get("root_path") or "").rstrip("/")
    names = _raw_names(scope)
    if names is None:
        names = str(scope["path"]).split("/")
    # Some servers and frameworks leave the mount in the path, some do not.
    mount = prefix.split("/")
    mounted = bool(prefix) and names[: len(mount)] == mount
    names = names[len(mount) if mounted else 1 :]  # nothing is before the first slash
    kept = tuple(name for name in names if name)
    if any(name in (".", "..") or not _REFUSED.isdisjoint(name) for name in kept):
        return None
    return Target(kept, folder=bool(names) and not names[-1], prefix=prefix)


def _raw_names(scope: Mapping[str, Any]) -> list[str] | None:
    """The names in `raw_path`, if it says the same as `path`.

    Only there an encoded slash differs from a slash, and a name need not be UTF-8.
    """
    raw: object = scope.get("raw_path")
    if not isinstance(raw, bytes):
        return None
    text = raw.decode("latin-1").partition("?")[0]
    if not text.isascii() or unquote(text) != scope["path"]:
        return None
    return [os.fsdecode(unquote_to_bytes(name)) for name in text.split("/")]
