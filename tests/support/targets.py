"""Requests for a target as it stands on the wire, and the links of a listing."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import unquote

from support.content import numbered
from support.driver import Answer, ask, http_scope

BODY = numbered(300_000)


def scope_of(raw: str, method: str = "GET", headers: Any = (), **more: Any) -> dict[str, Any]:
    """A scope as a server makes it of the target `raw`."""
    path, _, query = raw.partition("?")
    scope = http_scope(method, unquote(path), headers)
    return scope | {"raw_path": path.encode(), "query_string": query.encode()} | more


async def get(app: Any, raw: str, *headers: tuple[str, str], **more: Any) -> Answer:
    """The response to a GET of the target `raw`, which must be complete."""
    answer = await ask(app, scope=scope_of(raw, headers=headers, **more))
    assert answer.complete
    return answer


def links(page: bytes) -> list[str]:
    """Where the entries of a listing lead, in their order."""
    return [unescape(href) for href in re.findall(r'<li><a href="([^"]*)"', page.decode())]
