"""The environ: what is read of it, and the one that the wrapped app sees."""

from __future__ import annotations

from typing import Final

from ..core.representation import Field
from ..core.request import METHODS, Request, hides_range
from ..handover import Handover
from .files import FileWrapper
from .types import Environ

__all__ = ["HANDOVER", "AppEnviron", "path_of", "request_fields", "takes_part"]

HANDOVER: Final = "rangeserve.handover"
"""The key of the `Handover` in the environ."""
_FILE_WRAPPER: Final = "wsgi.file_wrapper"

_RANGE: Final = "HTTP_RANGE"
_IF_RANGE: Final = "HTTP_IF_RANGE"
_FIELDS: Final = (
    (_RANGE, b"range"),
    (_IF_RANGE, b"if-range"),
    ("HTTP_IF_MATCH", b"if-match"),
    ("HTTP_IF_NONE_MATCH", b"if-none-match"),
    ("HTTP_IF_MODIFIED_SINCE", b"if-modified-since"),
    ("HTTP_IF_UNMODIFIED_SINCE", b"if-unmodified-since"),
    ("HTTP_ACCEPT_ENCODING", b"accept-encoding"),
)


def takes_part(environ: Environ) -> bool:
    """Whether this is a GET or HEAD in which no other `RangeMiddleware` takes part."""
    return environ["REQUEST_METHOD"] in METHODS and HANDOVER not in environ


def request_fields(environ: Environ) -> list[Field]:
    """The request fields that decide. Servers have joined the lines of a repeated field."""
    return [(name, environ[key].encode("latin-1")) for key, name in _FIELDS if key in environ]


def path_of(environ: Environ) -> str:
    """The path of the request, as an ASGI scope has it: decoded, with that of the mount."""
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return path.encode("latin-1").decode("utf-8", "replace")


class AppEnviron:
    """The environ of one request for the app, and the way back for what the app adds to it.

    `environ` is given to the app. In it are no Range in bytes (see `core.request.hides_range`),
    the handover, and our `FileWrapper` instead of the server's.
    """

    __slots__ = ("_before", "_server_environ", "environ")

    def __init__(
        self,
        server_environ: Environ,
        request: Request | None,
        handover: Handover,
        *,
        shows_ranges: bool,
    ) -> None:
        environ = {**server_environ, HANDOVER: handover, _FILE_WRAPPER: FileWrapper}
        if request is not None and hides_range(
            request, request_fields(environ), shows_ranges=shows_ranges
        ):
            environ.pop(_RANGE, None)
            environ.pop(_IF_RANGE, None)
        self.environ: Environ = environ
        self._server_environ = server_environ
        self._before = environ.copy()

    def share(self) -> None:
        """Put into the server's environ what the app has put into its own.

        Middleware outside and the server's log read it when the app has returned.
        """
        before = self._before
        for key, value in self.environ.items():
            if key not in before or before[key] is not value:
                self._server_environ[key] = before[key] = value
