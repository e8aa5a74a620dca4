"""`rangeserve check URL ...`: the arguments, the output and the exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TextIO

from .clients import CLIENTS
from .model import CouldNotAsk, Report
from .questions import ORIGIN
from .report.annotations import in_annotations
from .report.as_json import in_json
from .report.junit import in_junit
from .report.terminal import in_text
from .running import check
from .secrets import Secrets
from .targets import ConnectTo, shown_url_of_anything

__all__ = ["main"]

_DESCRIPTION = """Send a URL the requests that clients send, and say who can seek, resume and slice.
At most 40 requests are sent to each URL, and 8 MB received."""
_EPILOG = """exit codes: 0 no client breaks, 1 a client breaks, 2 a URL could not be asked"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code: 0, 1 if a client breaks, 2 if nobody answered."""
    options = _parser().parse_args(arguments)
    reports: list[Report] = []
    problems: list[tuple[str, str]] = []
    for url in options.urls:
        progress = _Progress(sys.stderr)
        try:
            report = check(
                url,
                headers=options.header,
                origin=options.origin,
                insecure=options.insecure,
                connect_to=options.connect_to,
                timeout=options.timeout,
                on_reply=progress.show,
            )
        except CouldNotAsk as problem:
            progress.clear()
            problems.append(_problem(url, options.header, problem))
        except KeyboardInterrupt:
            progress.clear()
            print("rangeserve: interrupted", file=sys.stderr)
            return 2
        else:
            progress.clear()
            reports.append(report)
            if not options.json:
                _print_text(report, options)
    return _end(options, reports, problems)


def _problem(url: str, headers: Sequence[tuple[str, str]], problem: CouldNotAsk) -> tuple[str, str]:
    hide = _secrets_of(url, headers).hide
    return hide(shown_url_of_anything(url)), hide(str(problem))


def _secrets_of(url: str, headers: Sequence[tuple[str, str]]) -> Secrets:
    try:
        return Secrets(url, headers)
    except ValueError:  # it is no URL
        return Secrets("", headers)


def _print_text(report: Report, options: argparse.Namespace) -> None:
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    _say(in_text(report, clients=options.client, verbose=options.verbose, colour=colour))
    if options.annotations or os.environ.get("GITHUB_ACTIONS") == "true":
        _say(in_annotations(report, options.client))


def _end(
    options: argparse.Namespace, reports: list[Report], problems: list[tuple[str, str]]
) -> int:
    if options.json:
        _say(in_json(reports, problems, options.client))
    for target, why in problems:
        print(f"rangeserve: {target}: {why}", file=sys.stderr)
    if options.junit is not None:
        try:
            with open(options.junit, "w", encoding="utf-8") as file:
                file.write(in_junit(reports, problems, options.client))
        except OSError as error:
            print(f"rangeserve: {options.junit}: {error.strerror}", file=sys.stderr)
            return 2
    if problems:
        return 2
    return int(any(report.breaks(options.client) for report in reports))


def _say(text: str) -> None:
    """Print to stdout; a character that stdout cannot encode is escaped."""
    coding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(coding, "backslashreplace").decode(coding))
    sys.stdout.flush()


class _Progress:
    """A line on a terminal that says how far it is; nothing where nobody reads."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shows = stream.isatty()

    def show(self, purpose: str, number: int) -> None:
        if self._shows:
            self._stream.write(f"\r\x1b[K{number} requests: {purpose}")
            self._stream.flush()

    def clear(self) -> None:
        if self._shows:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rangeserve check",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = partial(parser.add_argument)
    add(
        "urls",
        nargs="+",
        metavar="URL",
        help="http:// or https://; a folder named check is ./check",
    )
    add("-v", "--verbose", action="store_true", help="show each exchange as a curl line")
    add(
        "--client",
        type=_clients,
        default=(),
        metavar="KEY[,KEY]",
        help=f"count only these clients: {', '.join(each.key for each in CLIENTS)}",
    )
    add(
        "-H",
        "--header",
        type=_header,
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="a field for each request to the host of the URL; it is never printed",
    )
    add("-k", "--insecure", action="store_true", help="do not verify certificates")
    add(
        "--connect-to",
        type=_connect_to,
        action="append",
        default=[],
        metavar="HOST1:PORT1:HOST2:PORT2",
        help="connect to HOST2:PORT2 instead, as curl does",
    )
    add("--origin", default=ORIGIN, help="the origin that asks for CORS")
    add("--timeout", type=_seconds, default=15.0, metavar="SECONDS", help="for each wait")
    add("--json", action="store_true", help="print JSON instead of text")
    add("--junit", metavar="FILE", help="write JUnit's XML to FILE")
    add("--annotations", action="store_true", help="also print annotations for GitHub Actions")
    return parser  # fmt: skip


def _clients(text: str) -> tuple[str, ...]:
    known = [each.key for each in CLIENTS]
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    for key in keys:
        if key not in known:
            raise argparse.ArgumentTypeError(f"{key!r} is none of {', '.join(known)}")
    return keys


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    fine = name and all(each.isascii() and (each.isalnum() or each in "-_") for each in name)
    if not colon or not fine or any(ord(each) < 32 or ord(each) > 255 for each in value):
        # The text is not repeated: it may be a secret.
        raise argparse.ArgumentTypeError("a header is written as 'Name: value'")
    return name, value.strip()


def _connect_to(text: str) -> ConnectTo:
    parts = _split_at_colons(text)
    if len(parts) != 4 or not all(not port or port.isdecimal() for port in parts[1::2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST1:PORT1:HOST2:PORT2")
    host, port, other, other_port = parts
    return host, int(port) if port else None, other, int(other_port) if other_port else None


def _split_at_colons(text: str) -> list[str]:
    """The parts between colons; an IPv6 address in brackets is one part."""
    parts, depth = [""], 0
    for each in text:
        depth += (each == "[") - (each == "]")
        if each == ":" and not depth:
            parts.append("")
        elif each not in "[]":
            parts[-1] += each
    return parts


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
