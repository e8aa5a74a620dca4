"""Where the command listens: a socket that is bound before the server starts, and its URL."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .problem import Problem, reason_of

__all__ = ["WILDCARDS", "Place", "listen"]

WILDCARDS: Final[Mapping[str, str]] = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""What stands for all addresses of a machine, and that of the machine itself among them."""


@dataclass(frozen=True)
class Place:
    """Where the command listens: an IP address and a port; `is_secure`: over TLS."""

    address: str
    port: int
    is_secure: bool

    @property
    def url(self) -> str:
        """The URL of the root, with the address that is listened at."""
        return self.url_at(self.address)

    @property
    def url_here(self) -> str:
        """The URL of the root for this machine itself."""
        return self.url_at(WILDCARDS.get(self.address, self.address))

    def url_at(self, address: str) -> str:
        """The URL of the root with another address of the machine."""
        host = f"[{address}]" if ":" in address else address
        return f"{'https' if self.is_secure else 'http'}://{host}:{self.port}/"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket at `host` and `port`; 0 is any free port. `Problem` if there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address, family=family)
    except socket.gaierror as error:
        raise Problem(f"no such address: {host} ({error.strerror})") from None
    except UnicodeError:
        raise Problem(f"no such address: {host}") from None
    except OSError as error:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            raise Problem(f"{where} is in use; --port 0 takes a free port") from None
        raise Problem(f"cannot listen on {where}: {reason_of(error)}") from None
