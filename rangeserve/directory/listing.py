"""`make_page`: the HTML page that lists a folder. Pure: reads no file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from .._quoting import quoted
from ..sources.file import time_of
from .beneath import Entry
from .media import top_level_type
from .target import quote_name

__all__ = ["PAGE_POLICY", "make_page"]

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of a page: its own style, media of this server, and no script."""

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.2rem; font-weight: 600; overflow-wrap: anywhere; }
ul { list-style: none; margin: 0; padding: 0; }
li { border-top: 1px solid var(--line); padding: .4rem 0; display: grid; column-gap: 1rem;
  grid-template-columns: 1fr 6rem 12rem; align-items: baseline; }
li > a { overflow-wrap: anywhere; }
li > span, li > time { opacity: .7; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
nav { display: flex; gap: 1rem; padding: 1rem 0; }
details { grid-column: 1 / -1; }
summary { cursor: pointer; width: max-content; }
video, audio { display: block; width: 100%; max-height: 70vh; margin-top: .4rem; }
@media (max-width: 36rem) { li { grid-template-columns: 1fr max-content; }
  li > time { display: none; } li > a { padding: .2rem 0; } }
"""
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def make_page(
    names: Sequence[str],
    entries: Iterable[Entry],
    *,
    is_first: bool = True,
    rest: str | None = None,
    has_archive: bool = False,
) -> bytes:
    """The HTML page, in UTF-8, of the folder at `names` below the root, with some of its entries.

    `rest`: the link to the page with the entries that follow, if there are any. `is_first`:
    whether no entries come before. `has_archive`: whether the folder can be had as a ZIP archive.
    """
    # A title has no elements to isolate its text, so characters that turn it round are escaped.
    title = escape(quoted("/" + "".join(f"{_shown(name)}/" for name in names)))
    items = [_item(each) for each in entries]
    if not items and is_first and rest is None:
        items.append("<li>Nothing is here.</li>")
    if names:
        items.insert(0, '<li><a href="../">../</a></li>')
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        f"<h1>{_trail(names)}</h1>",
        "<ul>",
        *items,
        "</ul>",
        *_ways(is_first=is_first, rest=rest, has_archive=has_archive),
        "</html>",
        "",
    ]
    return "\n".join(lines).encode()


def _ways(*, is_first: bool, rest: str | None, has_archive: bool) -> list[str]:
    """The links to other pages of the same listing and to the archive, if there are any."""
    links = [] if is_first else ['<a href="./">first page</a>']
    if rest is not None:
        links.append(f'<a rel="next" href="{escape(rest)}">next page</a>')
    if has_archive:
        links.append('<a href="?zip" download>download this folder (ZIP)</a>')
    return [f"<nav>{' '.join(links)}</nav>"] if links else []


def _trail(names: Sequence[str]) -> str:
    """The path of the folder as HTML; the folders above it are links."""
    *above, here = ["/", *(f"{_shown(name)}/" for name in names)]
    links = [
        f'<a href="{"../" * (len(above) - place)}">{_isolated(step)}</a>'
        for place, step in enumerate(above)
    ]
    return "".join(links) + _isolated(here)


def _item(entry: Entry) -> str:
    """The list item of one entry; a video or audio file has a player."""
    slash = "/" if entry.is_folder else ""
    href = f"{quote_name(entry.name)}{slash}"
    name = _isolated(_shown(entry.name) + slash)
    size = ""
    if not entry.is_folder and entry.size is not None:
        size = f'<span title="{entry.size} bytes">{_size(entry.size)}</span>'
    parts = [f'<a href="{href}">{name}</a>', size or "<span></span>", _time(entry.modified)]
    element = "" if entry.is_folder else top_level_type(entry.name)
    if element in ("video", "audio"):
        parts.append(
            f"<details><summary>play</summary>"
            f'<{element} controls playsinline preload="none" src="{href}"></{element}></details>'
        )
    return f"<li>{''.join(parts)}</li>"


def _isolated(name: str) -> str:
    """A name as HTML that turns nothing around it, whatever direction its letters have."""
    return f"<bdi>{escape(name)}</bdi>"


def _shown(name: str) -> str:
    """A name as text for the page: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(name).decode("utf-8", "replace")


def _size(size: int) -> str:
    """A size in bytes as people read it, rounded and with a unit."""
    shown, unit = float(size), 0
    while shown >= 1000 and unit < len(_UNITS) - 1:
        shown, unit = shown / 1024, unit + 1
    return f"{size} B" if unit == 0 else f"{shown:.1f} {_UNITS[unit]}"


def _time(seconds: float) -> str:
    """The time element of a time stamp, in seconds since the epoch."""
    moment = time_of(seconds)
    if moment is None:
        return "<time></time>"
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{moment:%Y-%m-%d %H:%M} UTC</time>'
