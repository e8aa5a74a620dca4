"""The options of the command, as its users write them. Reads no file."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from ..core.representation import Field, is_field_value
from .fields import read_field
from .password import VARIABLE

__all__ = ["DEFAULT_PORT", "read_bind", "read_options"]

DEFAULT_PORT: Final = 8000
_HOST: Final = "127.0.0.1"
# A name, an IPv4 address, or an IPv6 address in brackets, with or without a port; or an IPv6
# address without brackets, which has at least two colons.
_BIND: Final = re.compile(
    r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>[0-9]+))?"
    r"|(?P<bare>[^:\[\]]*:[^:\[\]]*:[^\[\]]*)"
)


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    """The options that `arguments` ask for; `SystemExit` with code 2 if they are not valid."""
    parser = argparse.ArgumentParser(
        prog="rangeserve",
        description="Serve the files of a folder over HTTP, with byte ranges (RFC 9110).",
        epilog="rangeserve check URL: who can seek, resume and slice at a URL.",
    )
    _add_place(parser)
    _add_access(parser)
    _add_answers(parser)
    parser.add_argument(
        "--version", action="version", version=f"rangeserve {version('rangeserve')}"
    )
    return parser.parse_args(arguments)


def _add_place(parser: argparse.ArgumentParser) -> None:
    """Which folder is served, and where."""
    add = parser.add_argument
    add("directory", nargs="?", default=".", help="the folder (default: this one)")
    add(
        "-b",
        "--bind",
        metavar="ADDRESS[:PORT]",
        type=read_bind,
        default=(_HOST, None),
        help=f"where to listen (default: {_HOST}:{DEFAULT_PORT}); IPv6 as [::1]:8000",
    )
    add("-p", "--port", type=_port, help="the port; 0 takes a free one and prints it")
    add("--open", action="store_true", help="open the page in a browser")
    add(
        "--qr",
        action="store_true",
        help="show the address as a QR code, for a phone (needs rangeserve[qr])",
    )


def _add_access(parser: argparse.ArgumentParser) -> None:
    """Who is answered, and over what."""
    add = parser.add_argument
    add(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="answer to this name, too, and beside it only to localhost and to addresses",
    )
    add(
        "--password-file",
        metavar="FILE",
        help=f"ask for the password in its first line; or set {VARIABLE}",
    )
    add("--certificate", metavar="FILE", help="serve over TLS (HTTPS) with this certificate, PEM")
    add("--key", metavar="FILE", help="the key of the certificate, if it is in another file")


def _add_answers(parser: argparse.ArgumentParser) -> None:
    """What is answered."""
    add = parser.add_argument
    add("-a", "--all", action="store_true", help="files whose name begins with a dot, too")
    add("--zip", action="store_true", help="let each folder be downloaded as a ZIP archive, too")
    add("--cors", action="store_true", help="let pages of any other origin read it, too")
    add(
        "--sandbox",
        action="store_true",
        help="run no script in HTML and SVG files (Content-Security-Policy: sandbox)",
    )
    add(
        "--precompressed",
        action="store_true",
        help="send FILE.br, FILE.zst or FILE.gz for FILE to whoever accepts it",
    )
    add(
        "--cache",
        metavar="PATTERN=VALUE",
        action="append",
        type=_cache_rule,
        default=[],
        help="the Cache-Control of files that match, such as '*.js=max-age=31536000, immutable'",
    )
    add(
        "--header",
        metavar="'NAME: VALUE'",
        action="append",
        type=_field,
        default=[],
        help="a field for every response",
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:6]) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _cache_rule(text: str) -> tuple[str, str]:
    pattern, _, value = text.partition("=")
    value = value.strip(" \t")
    if not pattern or not is_field_value(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not PATTERN=VALUE")
    return pattern, value


def _field(text: str) -> Field:
    try:
        return read_field(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def read_bind(text: str) -> tuple[str, int | None]:
    """The host and the port of `ADDRESS[:PORT]`; `argparse.ArgumentTypeError` if it is neither."""
    match = _BIND.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address, nor ADDRESS:PORT")
    host = match["v6"] or match["name"] or match["bare"]
    return host, _port(match["port"]) if match["port"] else None
