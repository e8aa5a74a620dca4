"""`Upstream`: one URL of another server, asked with httpx; and the body of one of its answers.

Knows what is sent to whom: the caller's fields go to the origin of the URL and to no other.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx
from anyio import move_on_after

from ..errors import ResponseError
from .answer import Answer, Mistrust

__all__ = ["CLIENT_ERRORS", "Body", "Upstream", "drop", "make_client"]

CLIENT_ERRORS: Final = (httpx.HTTPError, httpx.InvalidURL)

_MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# Of a body that nobody wants: read so that the connection can be used again.
_MAX_DROPPED_BYTES: Final = 64 * 1024
_DROP_SECONDS: Final = 1.0
# To another origin go only these of the client's own fields.
_HARMLESS: Final = ("Accept", "User-Agent")
_ALWAYS: Final = {"Accept-Encoding": "identity"}


class Upstream:
    """A representation at `url`, asked for with `client`; after a redirect, at another URL.

    `headers` are sent to the origin of `url`, and with them the defaults of the client. With
    `cross_origin` a redirect to another origin is followed, without them.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        connect_timeout: float,
        cross_origin: bool,
    ) -> None:
        """`timeout`: the seconds of silence, `connect_timeout` those until there is a connection.

        `ValueError` for a `url` that is not an absolute URL of HTTP.
        """
        try:
            self.url: httpx.URL = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(f"not a URL: {error}") from error
        if self.url.scheme not in ("http", "https") or not self.url.host:
            raise ValueError("an upstream needs an absolute URL of http or https")
        self.timeout = timeout
        self._client = client
        self._origin = _origin(self.url)
        self._headers = client.headers.copy()
        for name, value in headers.items():  # which replace the defaults of the client
            self._headers[name] = value
        limits = httpx.Timeout(timeout, connect=connect_timeout)
        self._extensions = {"timeout": limits.as_dict()}
        self._cross_origin = cross_origin

    @property
    def shown(self) -> str:
        """The URL without what may be secret in it: the user information and the query."""
        return str(self.url.copy_with(userinfo=b"", query=None, fragment=None))

    async def ask(self, method: str, fields: Mapping[str, str]) -> httpx.Response:
        """The response to one request, its body not read yet; redirects are followed.

        One of `CLIENT_ERRORS` if there is none; `Mistrust` for a redirect that is not followed.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._send(method, fields)
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTS or location is None:
                return response
            await drop(response)
            self.url = self._target(location)
        raise Mistrust(f"there are more than {_MAX_REDIRECTS} redirects")

    async def _send(self, method: str, fields: Mapping[str, str]) -> httpx.Response:
        is_at_home = _origin(self.url) == self._origin
        headers = self._headers.copy()
        if not is_at_home:
            known = self._client.headers
            headers = httpx.Headers({name: known[name] for name in _HARMLESS if name in known})
        headers.update({**_ALWAYS, **fields})
        # Not made by the client: its cookies are those of whoever asked before.
        request = httpx.Request(method, self.url, headers=headers, extensions=self._extensions)
        auth = httpx.USE_CLIENT_DEFAULT if is_at_home else httpx.Auth()
        return await self._client.send(request, stream=True, auth=auth, follow_redirects=False)

    def _target(self, location: str) -> httpx.URL:
        """The URL that a redirect leads to; `Mistrust` if it is not to be followed."""
        target = self.url.join(location)
        if target.scheme not in ("http", "https") or not target.host:
            raise Mistrust("a redirect does not lead to a URL of http or https")
        if self.url.scheme == "https" and target.scheme == "http":
            raise Mistrust("a redirect leads from https to http")
        if _origin(target) == self._origin:
            return target.copy_with(userinfo=self.url.userinfo)
        if not self._cross_origin:
            raise Mistrust("a redirect leads to another origin")
        return target.copy_with(userinfo=b"")


class Body:
    """The body of an `answer`: read once, forward, and closed as soon as that is over.

    `is_cut`: the upstream gives less than it was asked for, as RFC 9110 15.3.7 allows.
    """

    def __init__(self, answer: Answer, response: httpx.Response, *, is_cut: bool = False) -> None:
        self.answer = answer
        self.is_cut = is_cut
        self._response = response

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes]:
        """The bytes `[start, stop)`, which the body has, as they come.

        `ResponseError` if the upstream fails, is silent, or gives more or less than it said.
        """
        at = self.answer.start
        try:
            async with aclosing(_raw(self._response)) as chunks:
                async for chunk in chunks:
                    begin, at = at, at + len(chunk)
                    if at > self.answer.stop:
                        raise ResponseError("the upstream gave more bytes than it said")
                    if at > start and begin < stop:
                        yield chunk[max(start - begin, 0) : stop - begin]
                    if at >= stop < self.answer.stop:  # what follows is not wanted
                        return
        except httpx.HTTPError as error:
            raise ResponseError("the upstream failed in the middle of a body") from error
        finally:
            await self._response.aclose()
        if at < stop:
            raise ResponseError(f"the upstream gave {self.answer.stop - at} bytes too few")

    async def aclose(self) -> None:
        """Close the connection, unless the body has been read to its end."""
        await self._response.aclose()


async def drop(response: httpx.Response) -> None:
    """Let go of a response whose body is not wanted; its connection is kept if that is cheap."""
    dropped = 0
    try:
        with move_on_after(_DROP_SECONDS):
            async with aclosing(_raw(response)) as chunks:
                async for chunk in chunks:
                    dropped += len(chunk)
                    if dropped > _MAX_DROPPED_BYTES:
                        break
    except httpx.HTTPError:
        pass  # whatever becomes of it
    finally:
        await response.aclose()


async def _raw(response: httpx.Response) -> AsyncGenerator[bytes]:
    """The bytes of a body as they come, not decoded. Closing the iterator closes the response."""
    chunks = response.aiter_raw()
    try:
        async for chunk in chunks:
            yield chunk
    except GeneratorExit:
        # httpx has generators within generators, and closes the outermost only; the others are
        # left to the garbage collector, of which trio warns. They end by an error, all of them,
        # if they are asked for more when the connection is closed.
        await response.aclose()
        with suppress(Exception):
            async for chunk in chunks:
                del chunk
        raise


def make_client() -> httpx.AsyncClient:
    """A client for one source: it keeps no cookies, and follows no redirect by itself."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(verify=_ssl_context(), cookies=no_cookies)


@lru_cache(maxsize=1)
def _ssl_context() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes some 20 ms."""
    return httpx.create_ssl_context()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """The scheme, host and port (RFC 6454 4)."""
    port = url.port if url.port is not None else {"http": 80, "https": 443}.get(url.scheme)
    return (url.scheme, url.host, port)
