"""`read_target`: from the path of a request to names below the root. Pure: reads no file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, unquote_to_bytes

__all__ = ["Target", "is_hidden", "quote_name", "read_target"]

# The longest path that Linux opens, in bytes.
_MAX_PATH_BYTES: Final = 4096
# Characters that no name may have. On Windows these are also the backslash, which separates
# names, and the colon of `C:` and of alternate data streams.
_REFUSED: Final = frozenset("\0/" + (os.sep + ":" if os.sep != "/" else ""))
# RFC 3986 5.2.4: `/a/.` is `/a/`.
_SAME_FOLDER: Final = frozenset({"", "."})


@dataclass(frozen=True)
class Target:
    """The path of a request: `names` from the root down, and whether the path ends in a slash.

    The latter is `is_folder`. `prefix` is the `root_path` under which the app is mounted,
    without a slash at its end.
    """

    names: tuple[str, ...] = ()
    is_folder: bool = True
    prefix: str = ""

    @property
    def location(self) -> str:
        """The value of a Location field for this target with a slash at its end.

        It begins with exactly one slash, because `//host` would name another site.
        """
        mount = quote(self.prefix.strip("/\\"), safe="/")
        steps = [mount, *map(quote_name, self.names)]
        return "/" + "".join(f"{step}/" for step in steps if step)


def quote_name(name: str) -> str:
    """The name percent-encoded as one segment of a URL's path."""
    return quote(os.fsencode(name), safe="")


def is_hidden(name: str) -> bool:
    """Whether a name begins with a dot."""
    return name.startswith(".")


def read_target(scope: Mapping[str, Any]) -> Target | None:
    """The target of an HTTP scope; `None` if its path cannot name anything below the root.

    Empty names and `.` are left out, percent-encoded or not: apt asks a flat repository for
    `/./Packages`. `..` is refused in every spelling, because clients resolve it before they send
    a request (RFC 3986 5.2.4). `None` also for a path of more than 4,096 characters below the
    `root_path`, before anything is read of it.
    """
    prefix = str(scope.get("root_path") or "").rstrip("/")
    if len(scope["path"]) > _MAX_PATH_BYTES + len(prefix):
        return None
    names = _raw_names(scope)
    if names is None:
        names = str(scope["path"]).split("/")
    # Some servers and frameworks leave the `root_path` in the path, some do not.
    mount = prefix.split("/")
    has_mount = bool(prefix) and names[: len(mount)] == mount
    names = names[len(mount) if has_mount else 1 :]  # the name before the first slash is empty
    kept = tuple(name for name in names if name not in _SAME_FOLDER)
    if any(name == ".." or not _REFUSED.isdisjoint(name) for name in kept):
        return None
    return Target(kept, is_folder=bool(names) and names[-1] in _SAME_FOLDER, prefix=prefix)


def _raw_names(scope: Mapping[str, Any]) -> list[str] | None:
    """The names in `raw_path`; `None` if `raw_path` is missing or differs from `path`.

    Unlike `path`, `raw_path` tells an encoded slash from a slash, and may have names that are
    not UTF-8.
    """
    raw: object = scope.get("raw_path")
    if not isinstance(raw, bytes):
        return None
    text = raw.decode("latin-1").partition("?")[0]
    if not text.isascii() or unquote(text) != scope["path"]:
        return None
    return [os.fsdecode(unquote_to_bytes(name)) for name in text.split("/")]
