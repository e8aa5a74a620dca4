"""`only_hosts`: an app that is reached by names which are known to be its own, and by addresses.

A page of any site can let its own name resolve to 127.0.0.1 (DNS rebinding), and then read what
a server there answers, because to the browser it is of the same origin. The Host field of such a
request has the name of that site.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from ..types import ASGIApp, Receive, Scope, Send

__all__ = ["is_loopback", "is_own_host", "only_hosts"]

# RFC 9110 7.2: a name or an IPv4 address, or an IPv6 address in brackets; and a port.
_HOST: Final = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<name>[^\[\]:]*))(?::[0-9]*)?")
_BODY: Final = b"421: this server does not answer to that name (--allow-host makes it do so).\n"


def only_hosts(app: ASGIApp, names: Iterable[str]) -> ASGIApp:
    """The app `app` for HTTP requests to an address, to a localhost name, or to one of `names`.

    Any other request is answered by 421 (RFC 9110 15.5.20). A request without a Host, which no
    browser sends, is let through.
    """
    own = frozenset(map(_normalized, names))

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not all(
            is_own_host(value.decode("latin-1"), own)
            for name, value in scope["headers"]
            if name.lower() == b"host"
        ):
            await _refuse(scope, send)
        else:
            await app(scope, receive, send)

    return checked


def is_own_host(field: str, names: frozenset[str] = frozenset()) -> bool:
    """Whether the value of a Host field is an address, a localhost name, or one of `names`.

    `names` are in lower case and without a dot at their end.
    """
    match = _HOST.fullmatch(field.strip())
    if match is None:
        return False
    if match["v6"] is not None:
        return _is_address(match["v6"])
    name = _normalized(match["name"])
    # RFC 6761 6.3: every name below `localhost` is the machine itself.
    is_local = name == "localhost" or name.endswith(".localhost")
    return is_local or name in names or _is_address(name)


def is_loopback(address: str) -> bool:
    """Whether an IP address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _normalized(name: str) -> str:
    return name.lower().removesuffix(".")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


async def _refuse(scope: Scope, send: Send) -> None:
    fields = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(_BODY)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    await send({"type": "http.response.start", "status": 421, "headers": fields})
    body = b"" if scope["method"] == "HEAD" else _BODY
    await send({"type": "http.response.body", "body": body})
