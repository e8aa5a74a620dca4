"""`open_upstream`: what another server has as a source, with one request for most responses.

The middleware needs the size and the validators before it decides, and the upstream's answer to
the requested range has both. So that range is asked for at once, and its body kept. If the
decision is to send it, the kept body is read on. Otherwise it is dropped, and what is to be sent
is asked for on condition that it is still the same version.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import datetime, timezone
from typing import Any, Final

import httpx
from anyio import fail_after, move_on_after
from werkzeug.datastructures import Range

from ..core.ranges import ByteRange, format_range, resolve
from ..core.representation import Field
from ..core.validators import parse_http_date
from ..errors import ResponseError
from ..handover import likely_bodyless, requested_range
from ..sources.side_by_side import side_by_side
from ..sources.unavailable import SourceUnavailable, log_unavailable
from .answer import Answer, Mistrust, kept_fields, read_answer, unavailable
from .client import CLIENT_ERRORS, Body, Upstream, drop, make_client

__all__ = ["UpstreamSource", "open_upstream"]

_MAX_CONCURRENT_READS: Final = 4
# An upstream may have a cap. One that gives a few bytes at a time would cost a request for each.
_MIN_PIECE_BYTES: Final = 16 * 1024
_CLOSE_SECONDS: Final = 5.0
_FIRST_BYTE: Final = "bytes=0-0"


class UpstreamSource:
    """A source that is one version of what another server has: the result of `open_upstream`.

    `size`, `etag`, `last_modified` and `content_type` are those of the upstream. `fields` are
    the Cache-Control, Content-Disposition, Content-Language and Expires that it sent, for a
    view to take over. `url` is the one that answered, after redirects.
    """

    def __init__(
        self, upstream: Upstream, first: Answer, kept: Body | None, client: httpx.AsyncClient | None
    ) -> None:
        """`kept` is the body of the `first` answer, if it is there; `client` one to be closed."""
        self._upstream = upstream
        self._kept = kept
        self._client = client
        self._version = first.version
        self._at_once = 1 if first.is_whole else _MAX_CONCURRENT_READS
        self._has_read = False
        self.size: int = first.version.size
        self.etag: str | None = first.version.etag
        self.last_modified: datetime | None = _moment(first.version.last_modified)
        self.content_type: str | None = first.content_type
        self.fields: list[Field] = kept_fields(first.fields)
        self.url: str = str(upstream.url)

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes `[start, stop)` of this version, in chunks.

        `ResponseError` if the upstream has another version meanwhile, fails, is silent for
        longer than the timeout, or does not give what was asked for; and if it has no validator
        by which two of its answers could be told to be of one version.
        """
        return self._read(start, stop)

    def side_by_side(
        self, ranges: Sequence[ByteRange]
    ) -> AbstractAsyncContextManager[Callable[[int, int], AsyncIterator[bytes]]]:
        """A context manager whose value reads `ranges` in their order, fetching up to 4 at once."""
        return side_by_side(self._read, ranges, at_once=self._at_once)

    async def aclose(self) -> None:
        """Close the connection whose body was not read."""
        kept, self._kept = self._kept, None
        if kept is not None:
            await kept.aclose()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _read(self, start: int, stop: int) -> AsyncGenerator[bytes]:
        position = start
        while position < stop:
            body = await self._body(position, stop)
            end = min(stop, body.answer.stop)
            async with aclosing(body.read(position, end)) as chunks:
                async for chunk in chunks:
                    yield chunk
            if end < stop and end - position < _MIN_PIECE_BYTES:
                raise ResponseError(f"the upstream gives no more than {end - position} bytes")
            position = end

    async def _body(self, start: int, stop: int) -> Body:
        """The kept body if it has this range, else that of a new request."""
        kept, self._kept = self._kept, None
        if kept is not None:
            answer = kept.answer
            begins_there = answer.start == start or (answer.is_whole and answer.start <= start)
            if begins_there and (stop <= answer.stop or kept.is_cut):
                self._has_read = True
                return kept
            await kept.aclose()
        if self._has_read and not self._version.is_strong(time.time()):
            raise ResponseError("the upstream has no strong validator, and a second answer of it "
                                "might be of another version")  # fmt: skip
        self._has_read = True
        return await self._ask(start, stop)

    async def _ask(self, start: int, stop: int) -> Body:
        range_field = f"bytes={start}-{stop - 1}"
        fields = {"Range": range_field, **self._version.condition()}
        try:
            with fail_after(self._upstream.timeout):
                response = await self._upstream.ask("GET", fields)
        except (*CLIENT_ERRORS, Mistrust, TimeoutError) as error:
            raise ResponseError("the upstream cannot be read any more") from error
        try:
            if response.status_code == 412:
                raise ResponseError("the upstream has another version meanwhile")
            if response.status_code not in (200, 206):
                raise ResponseError(f"the upstream answers {response.status_code} meanwhile")
            answer = read_answer(response.status_code, response.headers.raw, range_field)
            if not self._version.allows(answer.version):
                raise ResponseError("the upstream has another version meanwhile")
        except Mistrust as error:
            await response.aclose()
            raise ResponseError(f"the upstream cannot be trusted: {error}") from error
        except ResponseError:
            await response.aclose()
            raise
        return Body(answer, response)


async def open_upstream(
    url: str,
    *,
    scope: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    client: httpx.AsyncClient | None = None,
    timeout: float = 30.0,
    connect_timeout: float = 5.0,
    cross_origin: bool = False,
    body: bool = True,
) -> UpstreamSource:
    """Open what is at `url`; the result is to be handed over, or closed with `aclose`.

    With the `scope` of a request, the upstream is asked for what the client asks for: the
    requested range, the whole, or no body for a HEAD and a request with preconditions. In most
    cases no other request to the upstream is needed. Without `scope` it is asked for the whole.
    With `body=False` it is only looked at, with a HEAD, and no connection waits to be read: for
    the members of a `ZipSource` or a `ConcatSource`.

    `headers` (such as Authorization) go to the origin of `url` only. A redirect to another origin
    is followed only with `cross_origin`, then without them; at most 5 are followed, and none from
    https to http. `client` is yours, and keeps connections between requests; its cookies
    are not sent. Without one, each source has its own. `timeout`: the seconds for which the
    upstream may be silent, `connect_timeout`: those until there is a connection.

    `SourceUnavailable` if it cannot be had, with the status for the client: 404, 403, 503, 504 if
    the upstream is silent, or 502, also for an upstream that cannot be trusted (its answer is
    coded, has no length, or not what was asked for). The log has a line with the cause, unless it
    is just missing. `ValueError` for a `url` that is not an absolute one of http or https.
    """
    used_client = client if client is not None else make_client()
    own_client = used_client if client is None else None
    upstream = Upstream(
        used_client,
        url,
        headers or {},
        timeout=timeout,
        connect_timeout=connect_timeout,
        cross_origin=cross_origin,
    )
    try:
        first, kept = await _first(upstream, scope, body)
    except BaseException as error:
        if own_client is not None:
            with move_on_after(_CLOSE_SECONDS, shield=True):
                await own_client.aclose()
        if isinstance(error, SourceUnavailable):
            log_unavailable(error, upstream.shown)
        raise
    return UpstreamSource(upstream, first, kept, own_client)


async def _first(
    upstream: Upstream, scope: Mapping[str, Any] | None, body: bool
) -> tuple[Answer, Body | None]:
    """The first answer, and its body if there is one; `SourceUnavailable` if there is none."""
    try:
        with fail_after(upstream.timeout):
            return await _open(upstream, scope) if body else (await _look(upstream), None)
    except TimeoutError as error:
        raise SourceUnavailable(504) from error
    except httpx.PoolTimeout as error:  # each connection of the client is in use
        raise SourceUnavailable(503, retry_after=1) from error
    except httpx.TimeoutException as error:
        raise SourceUnavailable(504) from error
    except (*CLIENT_ERRORS, Mistrust) as error:
        raise SourceUnavailable(502) from error


async def _open(upstream: Upstream, scope: Mapping[str, Any] | None) -> tuple[Answer, Body | None]:
    requested = requested_range(scope) if scope is not None else None
    wanted = Range("bytes", requested.ranges[:1]) if requested is not None else None
    is_bodyless = (scope is not None and likely_bodyless(scope)) or (
        wanted is not None and not wanted.ranges
    )
    if is_bodyless:
        return await _look(upstream), None
    range_field = format_range(wanted) if wanted is not None else None
    response = await upstream.ask("GET", {} if range_field is None else {"Range": range_field})
    if response.status_code == 416 and wanted is not None:
        await drop(response)
        answer = await _look(upstream)
        if resolve(wanted, answer.version.size):
            raise Mistrust("it answers 416 to a range that it has")
        return answer, None
    answer = await _read(response, range_field)
    asked = resolve(wanted, answer.version.size) if wanted is not None else ()
    is_cut = bool(asked) and answer.stop < asked[0].stop
    return answer, Body(answer, response, is_cut=is_cut)


async def _look(upstream: Upstream) -> Answer:
    """What the upstream says without a body: to a HEAD or, if that does not tell, in a GET."""
    response = await upstream.ask("HEAD", {})
    await drop(response)
    if response.status_code == 200 and "content-length" in response.headers:
        return read_answer(200, response.headers.raw, None)
    if response.status_code in (404, 410):
        raise _refused(response)
    response = await upstream.ask("GET", {"Range": _FIRST_BYTE})
    if response.status_code == 416:  # it is empty
        await drop(response)
        response = await upstream.ask("GET", {})
    answer = await _read(response, _FIRST_BYTE)
    await drop(response)
    return answer


async def _read(response: httpx.Response, range_field: str | None) -> Answer:
    """What a response says; `SourceUnavailable` or `Mistrust`, and it is dropped, if nothing."""
    try:
        if response.status_code not in (200, 206):
            raise _refused(response)
        return read_answer(response.status_code, response.headers.raw, range_field)
    except (SourceUnavailable, Mistrust):
        await drop(response)
        raise


def _refused(response: httpx.Response) -> SourceUnavailable:
    error = unavailable(response.status_code, response.headers.raw)
    error.__cause__ = Mistrust(f"the upstream answers {response.status_code}")
    return error


def _moment(last_modified: str | None) -> datetime | None:
    """The date of a Last-Modified field; `None` if there is none, or it is no date."""
    seconds = parse_http_date(last_modified, time.time()) if last_modified is not None else None
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError):  # the year 0
        return None
