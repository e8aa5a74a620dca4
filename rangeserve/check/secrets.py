"""`Secrets`: what must never be printed, and `hide`, which takes it out of a text.

Values are left out where they stand: the fields of the user, the query of a URL, its user
information. What a server echoes is looked for in every text that is shown.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit

from .._quoting import quoted

__all__ = ["HIDDEN", "Secrets", "shown_url"]

HIDDEN: Final = "***"
_SHORTEST: Final = 4  # shorter values stand in other words, too


class Secrets:
    """The secrets of one target: the values of `fields`, and what `url` has in its query."""

    def __init__(self, url: str = "", fields: Iterable[tuple[str, str]] = ()) -> None:
        found: set[str] = set()
        for _, value in fields:
            found |= {value, *value.replace(";", " ").replace(",", " ").split()}
            found |= {part.partition("=")[2] for part in value.split(";")}
        found |= _of_url(url)
        self._values: set[str] = set()
        self.add(found)

    def add(self, values: Iterable[str]) -> None:
        """Hide these texts, too, in each form in which they may come."""
        for value in values:
            forms = {
                value,
                unquote(value),
                unquote_plus(value),
                quote(value),
                quote(value, safe=""),
            }
            forms |= {quote_plus(value), quoted(value), quoted(unquote(value))}
            self._values |= {form.strip() for form in forms if len(form.strip()) >= _SHORTEST}
        self._sorted = sorted(self._values, key=len, reverse=True)

    def add_url(self, url: str) -> None:
        """Hide what the URL of a redirect has in its query, too."""
        self.add(_of_url(url))

    def hide(self, text: str) -> str:
        """`text` in one line of printable characters, without the secrets."""
        for value in self._sorted:
            text = text.replace(value, HIDDEN)
        text = quoted(text)
        for value in self._sorted:
            text = text.replace(value, HIDDEN)
        return text


def _of_url(url: str) -> set[str]:
    """The user information of a URL and the values in its query, each as it stands there."""
    split = urlsplit(url)
    found = {value for value in (split.username, split.password) if value}
    if split.username is not None:
        both = f"{unquote(split.username)}:{unquote(split.password or '')}"
        found |= {both, base64.b64encode(both.encode()).decode()}
    found |= {split.query} if split.query else set()
    for pair in split.query.replace(";", "&").split("&"):
        name, equals, value = pair.partition("=")
        found.add(value if equals else name)
    return found


def shown_url(url: str) -> str:
    """`url` without user information and fragment, and with `***` for each value of the query."""
    split = urlsplit(url)
    host = split.netloc.rpartition("@")[2]
    names = [pair.partition("=") for pair in split.query.split("&") if pair]
    query = "&".join(f"{name}={HIDDEN}" if equals else HIDDEN for name, equals, _ in names)
    return quoted(f"{split.scheme}://{host}{split.path or '/'}{'?' * bool(query)}{query}")
