"""A URL as it is asked: where to connect, what to say, and the curl line that does the same."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urljoin, urlsplit

from .answers import Question
from .model import CouldNotAsk
from .secrets import HIDDEN, shown_url

__all__ = ["ConnectTo", "Options", "Target", "curl_line", "read_target"]

ConnectTo = tuple[str, int | None, str, int | None]
"""Connect to another host and port instead of one: `--connect-to HOST1:PORT1:HOST2:PORT2`."""

_PORTS = {"http": 80, "https": 443}
_SAFE = "/?&=%:@!$'()*+,;~-._[]"


@dataclass(frozen=True, slots=True)
class Options:
    """How it is asked, whatever the target.

    `headers` go with each request to the host of the URL; `insecure`: certificates are not
    verified; `timeout` is in seconds, for each wait.
    """

    headers: tuple[tuple[str, str], ...] = ()
    insecure: bool = False
    connect_to: tuple[ConnectTo, ...] = ()
    timeout: float = 15.0


@dataclass(frozen=True, slots=True)
class Target:
    """One URL: `path` has the query, `authority` goes into Host."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    authority: str
    credentials: str | None = field(default=None, repr=False)

    @property
    def origin(self) -> tuple[str, str, int]:
        """What two URLs share that are of one origin."""
        return self.scheme, self.host, self.port

    def redirected(self, location: str) -> Target:
        """The target of a redirect. Credentials stay only within the origin."""
        there = read_target(urljoin(self.url, location))
        if there.origin != self.origin or there.credentials is not None:
            return there
        return Target(
            there.url, there.scheme, there.host, there.port, there.path, there.authority,
            self.credentials,
        )  # fmt: skip

    def place(self, connect_to: Iterable[ConnectTo]) -> tuple[str, int]:
        """The host and the port to connect to."""
        for host, port, other_host, other_port in connect_to:
            if host in ("", self.host) and port in (None, self.port):
                return other_host or self.host, other_port or self.port
        return self.host, self.port


def read_target(url: str) -> Target:
    """Read a URL. `CouldNotAsk` if it is none of HTTP."""
    try:
        split = urlsplit(url.strip())
        host, port = split.hostname, split.port
        if split.scheme not in _PORTS or not host:
            raise ValueError
        ascii_host = host if ":" in host or host.isascii() else host.encode("idna").decode()
        credentials = _credentials(split.username, split.password)
    except ValueError:  # UnicodeError is one
        raise CouldNotAsk(f"not a URL of HTTP: {shown_url_of_anything(url)}") from None
    path = quote(split.path or "/", safe=_SAFE)
    if split.query:
        path += "?" + quote(split.query, safe=_SAFE + "/?")
    bracketed = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    authority = bracketed if port in (None, _PORTS[split.scheme]) else f"{bracketed}:{port}"
    full = f"{split.scheme}://{authority}{path}"
    return Target(
        full, split.scheme, ascii_host, port or _PORTS[split.scheme], path, authority, credentials
    )


def shown_url_of_anything(text: str) -> str:
    """`text` as it may be shown, although it is no URL."""
    try:
        return shown_url(text) if "://" in text else text.partition("?")[0][:80]
    except ValueError:
        return HIDDEN


def _credentials(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    both = f"{unquote(user)}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(both.encode()).decode("ascii")


def curl_line(target: Target, question: Question, options: Options) -> str:
    """The command that asks the same. Values that may be secret are `***`."""
    words = ["curl", "-s", "-o", "/dev/null", "-D", "-"]
    words.append("--http2" if question.http2 else "--http1.1")
    if question.method == "HEAD":
        words = ["curl", "-s", "-I", words[-1]]
    elif question.method != "GET":
        words += ["-X", question.method]
    if question.get("accept-encoding") is None:
        words += ["-H", "Accept-Encoding: identity"]
    for name, value in question.fields:
        words += ["-H", f"{name}: {value}"]
    for name, _ in options.headers:
        words += ["-H", f"{name}: {HIDDEN}"]
    if target.credentials is not None:
        words += ["-u", HIDDEN]
    if options.insecure:
        words.append("-k")
    for host, port, other_host, other_port in options.connect_to:
        words += ["--connect-to", f"{host}:{port or ''}:{other_host}:{other_port or ''}"]
    if question.from_start:
        words.append("-L")
    return " ".join(shlex.quote(word) for word in (*words, shown_url(target.url)))
