"""What the log says of a source that cannot be had."""

from __future__ import annotations

import pytest

from rangeserve.sources import SourceUnavailable
from rangeserve.sources.unavailable import log_unavailable


def logged(
    caplog: pytest.LogCaptureFixture, status: int, cause: BaseException | None, what: str = "/a"
) -> list[str]:
    unavailable = SourceUnavailable(status)
    unavailable.__cause__ = cause
    caplog.clear()
    log_unavailable(unavailable, what)
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("status", "cause", "lines"),
    [
        pytest.param(502, OSError("down"), ["502 for '/a': down"], id="an error"),
        pytest.param(404, OSError("missing"), [], id="missing"),
        pytest.param(503, None, [], id="no reason"),
        pytest.param(502, OSError("one\ntwo"), ["502 for '/a': one"], id="the first line"),
        pytest.param(
            502, OSError("\x1b[2J\u202eevil"), ["502 for '/a': \\x1b[2J\\u202eevil"], id="quoted"
        ),
        pytest.param(
            502,
            OSError("GET http://me:secret@store/a"),
            ["502 for '/a': GET http://***@store/a"],
            id="user information",
        ),
    ],
)
def test_what_is_logged(
    caplog: pytest.LogCaptureFixture, status: int, cause: BaseException | None, lines: list[str]
) -> None:
    assert logged(caplog, status, cause) == lines


def test_a_path_of_a_client_is_quoted(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = logged(caplog, 502, OSError("down"), "/a\n502 for '/b': \x1b[31m")
    assert line.isprintable()


def test_a_page_of_html_is_cut_short(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = logged(caplog, 502, OSError("x" * 10_000_000))
    assert len(line) < 600
