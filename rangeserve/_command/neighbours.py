"""How other devices reach the command: its address in the network, and that as a QR code."""

from __future__ import annotations

import socket
import sys
from importlib import import_module
from io import StringIO
from typing import Any, Final

from .hosts import is_loopback
from .listener import Place
from .output import greet, say
from .problem import Problem

__all__ = ["address_in_network", "draw_code", "load_segno", "show_to_others"]

# Addresses for documentation (RFC 5737, RFC 3849): the system only looks up its route to them.
_ELSEWHERE: Final = {
    "0.0.0.0": (socket.AF_INET, "192.0.2.1"),
    "::": (socket.AF_INET6, "2001:db8::1"),
}


def show_to_others(place: Place, segno: Any | None) -> None:
    """Print the URL by which other devices reach `place`, if it is another than that of `place`.

    With `segno` also as a QR code.
    """
    address = address_in_network(place.address)
    if address is None:
        say("rangeserve: warning: no address for other devices was found")
        return
    url = place.url_at(address)
    if address != place.address:
        greet(f"Other devices: {url}")
    if segno is None:
        return
    if is_loopback(address):
        say(f"rangeserve: warning: other devices cannot reach {url}; --bind 0.0.0.0 lets them")
        return
    try:
        code = draw_code(segno, url)
        code.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        say("rangeserve: warning: this terminal cannot show a QR code")
    else:
        greet(code)


def address_in_network(address: str) -> str | None:
    """The address by which other devices reach a server that listens at `address`.

    That is `address` itself, unless it stands for all addresses of the machine; then the one
    that the machine sends from. `None` if it has no route to anywhere. Nothing is sent.
    """
    if address not in _ELSEWHERE:
        return address
    family, elsewhere = _ELSEWHERE[address]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((elsewhere, 9))
        except OSError:
            return None
        found: str = probe.getsockname()[0]
    return found


def load_segno() -> Any:
    """The module `segno`, which makes QR codes. `Problem` if it is not installed."""
    try:
        return import_module("segno")
    except ImportError:
        raise Problem("segno is missing; install it with: pip install 'rangeserve[qr]'") from None


def draw_code(segno: Any, text: str) -> str:
    """A QR code of `text`, as lines of block elements."""
    drawn = StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True, border=2)
    return drawn.getvalue().rstrip("\n")
