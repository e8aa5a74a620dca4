"""A password that each request must have: Basic authentication (RFC 7617)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from werkzeug.datastructures import Authorization

from ..core.representation import Field
from ..types import ASGIApp, Receive, Scope, Send
from .problem import Problem, reason_of

__all__ = ["VARIABLE", "has_password", "only_with_password", "read_password"]

VARIABLE: Final = "RANGESERVE_PASSWORD"
"""The variable of the environment that may hold the password."""

_BODY: Final = b"401: this server asks for a password.\n"


def read_password(path: str | None, environment: Mapping[str, str]) -> str | None:
    """The password: the first line of the file at `path`, or else of the variable; or `None`.

    It is never an argument, which every user of the machine can see (`ps`). `Problem` if there
    is no such file, or nothing in it.
    """
    if path is None:
        password = environment.get(VARIABLE)
        if password == "":
            raise Problem(f"the password in {VARIABLE} is empty")
        return password
    try:
        with open(path, encoding="utf-8") as file:
            password = file.readline(4096).rstrip("\r\n")
    except OSError as error:
        raise Problem(f"cannot read the password: {reason_of(error)}: {path}") from None
    except UnicodeDecodeError:
        raise Problem(f"cannot read the password: not UTF-8: {path}") from None
    if not password:
        raise Problem(f"the first line, which is the password, is empty: {path}")
    return password


def only_with_password(app: ASGIApp, password: str) -> ASGIApp:
    """The app `app` for HTTP requests with `password`, under any user name; others get a 401."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not has_password(scope["headers"], password):
            await _refuse(scope, send)
        else:
            await app(scope, receive, send)

    return checked


def has_password(fields: Iterable[Field], password: str) -> bool:
    """Whether the one Authorization among `fields` is Basic and has `password`.

    The time that this takes tells nothing of the password, nor of its length.
    """
    values = [value for name, value in fields if name.lower() == b"authorization"]
    given = Authorization.from_header(values[0].decode("latin-1")) if len(values) == 1 else None
    claimed = given.password if given is not None and given.type == "basic" else None
    is_equal = compare_digest(_digest(claimed or ""), _digest(password))
    return is_equal and claimed is not None


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


async def _refuse(scope: Scope, send: Send) -> None:
    fields = [
        (b"www-authenticate", b'Basic realm="rangeserve", charset="UTF-8"'),
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(_BODY)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": fields})
    body = b"" if scope["method"] == "HEAD" else _BODY
    await send({"type": "http.response.body", "body": body})
