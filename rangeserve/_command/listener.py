"""Where the command listens: a socket that is bound before the server starts, and its URL."""

from __future__ import annotations

import errno
import socket

from .problem import Problem, reason_of

__all__ = ["listen", "url_of"]


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


def url_of(host: str, port: int, scheme: str = "http") -> str:
    """The URL of the root of a server at an address, which may be one of IPv6."""
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
