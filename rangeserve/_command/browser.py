"""`--open`: the page of the served folder in a browser."""

from __future__ import annotations

import threading
import webbrowser

from .output import say

__all__ = ["open_soon"]


def open_soon(url: str) -> None:
    """Open `url` in the user's browser, in a thread: a browser of the terminal keeps its caller."""
    threading.Thread(target=_open, args=(url,), daemon=True).start()


def _open(url: str) -> None:
    try:
        is_open = webbrowser.open(url)
    except webbrowser.Error:
        is_open = False
    if not is_open:
        say(f"rangeserve: warning: no browser was found; the page is at {url}")
