"""`CacheRules`: the Cache-Control of a response, by the name of its file. Pure: reads no file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import translate

from ..core.representation import is_field_value

__all__ = ["CacheRules"]


class CacheRules:
    """Which Cache-Control a file gets: that of the first pattern that matches it.

    A pattern is one of `fnmatch`, in which letters count as they are. It is compared with the name
    of the file or, if it has a slash, with the path below the root.
    """

    def __init__(self, default: str | None, rules: Mapping[str, str]) -> None:
        """`rules`: from patterns to values. `default` is for everything else; `None` for none.

        `ValueError` for a value that is not valid as a field value (RFC 9110 5.5).
        """
        for value in (*rules.values(), *([] if default is None else [default])):
            if not is_field_value(value):
                raise ValueError(f"not a Cache-Control: {value!r}")
        self._default = default.encode("latin-1") if default is not None else None
        self._rules = [
            ("/" in pattern, re.compile(translate(pattern.lstrip("/"))), value.encode("latin-1"))
            for pattern, value in rules.items()
        ]

    def value_for(self, names: Sequence[str] = ()) -> bytes | None:
        """The Cache-Control of the file at `names` below the root; without names the default."""
        if names and self._rules:
            path = "/".join(names)
            for is_path, pattern, value in self._rules:
                if pattern.match(path if is_path else names[-1]):
                    return value
        return self._default
