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
from .order import BY_NAME, COLUMNS, Order
from .paging import link_to
from .target import quote_name

__all__ = ["PAGE_POLICY", "make_page"]

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of a page: its own style, media of this server, and no script."""

_STYLE: Final = """
:root { color-scheme: light dark; --line: light-dark(#0002, #fff2); --quiet: light-dark(#555, #aaa);
  --accent: light-dark(#0550ae, #79b8ff); --hover: light-dark(#0550ae12, #79b8ff1a);
  --back: light-dark(#fff, #16181c); --text: light-dark(#1b1d21, #e6e8eb); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
h1 { font-size: 1.25rem; font-weight: 600; margin: 0 .75rem 1rem; overflow-wrap: anywhere; }
ul { list-style: none; margin: 0; padding: 0; }
li, .sort { display: grid; grid-template-columns: minmax(0, 1fr) 6rem 11rem; column-gap: 1rem;
  align-items: baseline; padding: .45rem .75rem; border-bottom: 1px solid var(--line); }
li:hover { background: var(--hover); }
li > a { overflow-wrap: anywhere; min-height: 1.5rem; }
li > a[href$="/"] { font-weight: 600; }
li > span, li > time { color: var(--quiet); font-size: .9rem; text-align: right;
  white-space: nowrap; font-variant-numeric: tabular-nums; }
.sort { font-size: .9rem; border-bottom-width: 2px; }
.sort a { color: var(--quiet); min-height: 1.5rem; text-align: right; }
.sort a:first-child { text-align: left; }
.sort a[aria-current] { color: var(--text); font-weight: 600; }
.pages { display: flex; gap: 1.5rem; padding: 1rem .75rem; }
p { margin: 1rem .75rem; color: var(--quiet); }
details { grid-column: 1 / -1; margin-top: .25rem; }
summary { width: max-content; padding: 0 .7rem; border: 1px solid var(--line);
  border-radius: 1rem; color: var(--quiet); font-size: .85rem; line-height: 1.6rem;
  cursor: pointer; }
summary:hover { color: var(--accent); border-color: currentColor; }
video, audio { display: block; width: 100%; max-height: 70vh; margin: .5rem 0 .25rem;
  border-radius: .4rem; }
video { background: #000; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
@media (max-width: 36rem) {
  main { padding: 1rem 0 2rem; }
  li { grid-template-columns: minmax(0, 1fr) max-content; }
  li > time { grid-column: 1; grid-row: 2; text-align: left; font-size: .8rem; }
  .sort { display: flex; gap: 1.5rem; } }
"""
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def make_page(
    names: Sequence[str],
    entries: Iterable[Entry],
    *,
    order: Order = BY_NAME,
    is_too_large: bool = False,
    is_first: bool = True,
    rest: str | None = None,
    has_archive: bool = False,
) -> bytes:
    """The HTML page, in UTF-8, of the folder at `names` below the root, with some of its entries.

    `order`: that of the entries. `is_too_large`: another was asked for, but there are too many
    entries for it. `rest`: the link to the page with the entries that follow, if there are any.
    `is_first`: whether no entries come before. `has_archive`: whether the folder can be had as a
    ZIP archive.
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
        "<main>",
        f"<h1>{_trail(names)}</h1>",
        *(["<p>This folder is too large to be ordered in another way.</p>"] * is_too_large),
        _headings(order),
        "<ul>",
        *items,
        "</ul>",
        *_ways(order, is_first=is_first, rest=rest, has_archive=has_archive),
        "</main>",
        "</html>",
        "",
    ]
    return "\n".join(lines).encode()


def _headings(order: Order) -> str:
    """The headings of the columns: links to the listing in the order of each."""
    headings: list[str] = []
    for column, heading in zip(COLUMNS, ("Name", "Size", "Modified"), strict=True):
        if column == order.column:
            arrow = "\u2193" if order.is_descending else "\u2191"
            link = link_to(Order(column, not order.is_descending))
            headings.append(f'<a href="{link}" aria-current="true">{heading} {arrow}</a>')
        else:  # the largest and the newest are asked for more often than the others
            link = link_to(Order(column, column != "name"))
            headings.append(f'<a href="{link}">{heading}</a>')
    return f'<nav class="sort" aria-label="Order">{"".join(headings)}</nav>'


def _ways(order: Order, *, is_first: bool, rest: str | None, has_archive: bool) -> list[str]:
    """The links to other pages of the same listing and to the archive, if there are any."""
    links = [] if is_first else [f'<a href="{link_to(order)}">first page</a>']
    if rest is not None:
        links.append(f'<a rel="next" href="{escape(rest)}">next page</a>')
    if has_archive:
        links.append('<a href="?zip" download>download this folder (ZIP)</a>')
    return [f'<nav class="pages" aria-label="Pages">{" ".join(links)}</nav>'] if links else []


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
