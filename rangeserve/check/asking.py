"""`UrlAsker`: asks a URL over TCP and TLS, one connection for each question, within a budget."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import replace
from importlib.metadata import version
from typing import Final

import anyio
import anyio.streams.tls
from anyio.abc import ByteStream

from .answers import Answer, NoAnswer, Question, Reply
from .budget import Budget
from .model import CouldNotAsk
from .secrets import Secrets
from .targets import Options, Target, curl_line, read_target

__all__ = ["UrlAsker"]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_HOPS: Final = 5
USER_AGENT: Final = f"rangeserve-check/{version('rangeserve')}"


class UrlAsker:
    """Asks one URL, and the URL to which its redirects lead.

    `CouldNotAsk` for what is no URL, and if the packages h11 and h2 are missing.
    """

    in_process = False

    def __init__(self, url: str, options: Options, budget: Budget) -> None:
        try:
            from .http2 import exchange_http2
            from .wire import exchange
        except ImportError as error:
            raise CouldNotAsk(
                f"{error.name} is missing; install it with: pip install 'rangeserve[check]'"
            ) from None
        self._exchange, self._exchange_http2 = exchange, exchange_http2
        self._start = self._target = read_target(url)
        self._options = options
        self._budget = budget
        self.secrets: Secrets = Secrets(url, options.headers)

    @property
    def offers_http2(self) -> bool:
        """Whether HTTP/2 may be offered, which only TLS tells."""
        return self._target.scheme == "https"

    def command(self, question: Question) -> str:
        """The curl line that asks the same."""
        target = self._start if question.from_start else self._target
        return curl_line(target, question, self._options)

    async def ask(self, question: Question) -> Reply:
        """Ask, and once more if the connection was closed without an answer."""
        reply = await self._ask_once(question)
        if isinstance(reply, NoAnswer) and reply.closed:
            reply = await self._ask_once(question)
        return reply

    async def _ask_once(self, question: Question) -> Reply:
        if not question.from_start:
            return await self._request(self._target, question)
        target, hops = self._start, 0
        while True:
            reply = await self._request(target, question)
            location = reply.get("location") if isinstance(reply, Answer) else None
            if isinstance(reply, NoAnswer) or reply.status not in _REDIRECTS or location is None:
                break
            if hops == _MOST_HOPS:
                return NoAnswer(f"there are more than {_MOST_HOPS} redirects")
            target, hops = target.redirected(location), hops + 1
            self.secrets.add_url(target.url)
        if isinstance(reply, NoAnswer):
            return reply
        self._target = target
        return replace(reply, hops=hops, url=target.url)

    async def _request(self, target: Target, question: Question) -> Reply:
        if self._budget.is_spent:
            return NoAnswer("the budget of requests is spent")
        self._budget.sent += 1
        try:
            with anyio.fail_after(self._options.timeout):
                stream = await self._connect(target, http2=question.http2)
        except TimeoutError:
            return NoAnswer("the server does not accept a connection in time")
        except ssl.SSLCertVerificationError as error:
            return NoAnswer(f"the certificate does not verify: {error.verify_message}")
        except (OSError, ssl.SSLError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
            return NoAnswer(f"there is no connection: {_why(error)}")
        try:
            return await self._over(stream, target, question)
        except TimeoutError:
            return NoAnswer("the server did not take the request in time")
        finally:
            await anyio.aclose_forcefully(stream)

    async def _over(self, stream: ByteStream, target: Target, question: Question) -> Reply:
        fields = [("Host", target.authority), *question.fields, *self._fields(target, question)]
        if question.http2:
            return await self._exchange_http2(
                stream,
                question.method,
                target.path,
                target.authority,
                fields,
                most=question.most,
                timeout=self._options.timeout,
                budget=self._budget,
            )
        return await self._exchange(
            stream,
            question.method,
            target.path,
            [*fields, ("Connection", "close")],
            most=question.most,
            timeout=self._options.timeout,
            budget=self._budget,
        )

    def _fields(self, target: Target, question: Question) -> list[tuple[str, str]]:
        """The fields beside those of the question. Those of the user stay within the origin."""
        own = self._options.headers if target.origin == self._start.origin else ()
        given = {name.lower() for name, _ in own}
        fields = [("User-Agent", USER_AGENT), ("Accept", "*/*")]
        if question.get("accept-encoding") is None:
            fields.append(("Accept-Encoding", "identity"))
        if target.credentials is not None:
            fields.append(("Authorization", target.credentials))
        return [field for field in fields if field[0].lower() not in given] + list(own)

    async def _connect(self, target: Target, *, http2: bool) -> ByteStream:
        host, port = target.place(self._options.connect_to)
        stream = await anyio.connect_tcp(host, port)
        if target.scheme == "http":
            return stream
        context = ssl.create_default_context()
        if self._options.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"] if http2 else ["http/1.1"])
        try:
            return await anyio.streams.tls.TLSStream.wrap(
                stream, hostname=target.host, ssl_context=context, standard_compatible=False
            )
        except BaseException:
            await anyio.aclose_forcefully(stream)
            raise


def _why(error: Exception) -> str:
    """The reason of a failed connection, without an address."""
    if isinstance(error, ssl.SSLError):
        return f"TLS fails ({error.reason})"
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(cause, socket.gaierror):
        return "the name of the host is not known"
    number = getattr(cause, "errno", None)
    return os.strerror(number).lower() if number else "the host does not answer"
