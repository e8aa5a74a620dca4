"""RFC 9110 over real sockets: every public vector on WSGI servers, as streams and as files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from files import LEFT_OUT, lay
from judge import ALTERNATIVE, ASCENDING, PREFERRED, REFUSED, Case, Judge
from resources import RESOURCES, VECTORS
from wsgi_servers import COMMANDS, serving

CASES: list[Case] = VECTORS["cases"]
THREADS = 4
TRIED = [
    *((server, app) for server in COMMANDS for app in ("streams", "files")),
    ("gunicorn", "sources"),
    ("waitress", "validated"),
]
EVERYWHERE = {
    # As under ASGI: see `tests/conformance/test_vectors.py`.
    "passthrough.20-206-other": REFUSED,
    "headers206.12-stray-content-range": ALTERNATIVE,
}
ON_STREAMS = dict.fromkeys(
    (
        "multi.17-16-k10",
        "multi.21-20-big",
        "multi.24-partly-unsat-1",
        "coalesce.16-mix-5",
        "coalesce.17-mix-6",
        "multipart.07-one-chunk-app",
    ),
    ASCENDING,
)


# What a server does before our turn, or after it, with and without us.
OF_SERVERS = {
    # Of a field that came twice cheroot gives the last value, so there is nothing to refuse.
    "cheroot": dict.fromkeys(
        (
            "if-unmodified-since.17-two-lines",
            "if-modified-since.34-two-lines",
            "duplicates.02-range-different",
            "duplicates.04-range-bad-first",
            "duplicates.06-if-range-two-same",
        ),
        ALTERNATIVE,
    ),
    # It ends a response to HEAD with the last chunk of a body.
    "waitress": {"no-length.12-head": "AssertionError: 5 bytes after the end of the response"},
    # It cuts the connection where others answer 500.
    "uwsgi": {"passthrough.20-206-other": "Truncated: closed before b'\\r\\n\\r\\n'; got b''"},
    # It takes the no-break space after a value for white space.
    "wsgiref": {"digits.15-pyint-8": "status 206, not 200"},
}


def expected(case: Case, name: str, app: str) -> str:
    streams = app in ("streams", "validated")
    allowed = EVERYWHERE | (ON_STREAMS if streams else {}) | OF_SERVERS.get(name, {})
    return allowed.get(case["id"], PREFERRED)


def is_for(case: Case, app: str) -> bool:
    resource = RESOURCES[case["resource"]["path"]]
    if app == "validated":  # the validator asks for a Content-Type
        return resource["content_type"] is not None or resource["status"] in (204, 304)
    return app == "streams" or resource["path"] not in LEFT_OUT


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("resources")
    lay(made)
    return made


@pytest.mark.parametrize(("name", "app"), TRIED, ids=lambda each: each)
@pytest.mark.timeout(300)
def test_every_vector(name: str, app: str, folder: Path) -> None:
    cases = [case for case in CASES if is_for(case, app)]
    assert len(cases) > 440
    env = {"RANGESERVE_CONFORMANCE_FILES": str(folder)}
    if name == "uwsgi":
        env["RANGESERVE_GIVES_DATE"] = "1"
    with serving(name, f"vectors_app:{app}", env) as server:
        judge = Judge(server.port, ascending=app in ("streams", "validated"))
        with ThreadPoolExecutor(THREADS) as pool:
            verdicts = list(pool.map(judge.verdict, cases))
        log = server.log
    wrong = [
        f"{case['id']} {case['request_headers']}: {verdict}"
        for case, verdict in zip(cases, verdicts, strict=True)
        if verdict != expected(case, name, app)
    ]
    assert not wrong, "\n".join(wrong)
    assert log.count("ResponseError: the app's own 206 must not go out") == 1
    assert "AssertionError" not in log  # of a validator
