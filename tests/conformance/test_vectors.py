"""RFC 9110 over real sockets: every public vector on four servers, as streams and as files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from files import LEFT_OUT, lay
from judge import ALTERNATIVE, ASCENDING, PREFERRED, REFUSED, Case, Judge
from resources import RESOURCES, VECTORS
from support.servers import serving

CASES: list[Case] = VECTORS["cases"]
THREADS = 4

TRIED = ("hypercorn", "hypercorn-trio", "uvicorn-h11", "uvicorn-httptools")
SERVERS = [
    *(pytest.param((server, "streams"), id=f"{server}-streams") for server in TRIED),
    *(pytest.param((server, "paths"), id=f"{server}-paths") for server in TRIED),
    pytest.param(("hypercorn", "sources"), id="hypercorn-sources"),
    pytest.param(("uvicorn-h11", "sources"), id="uvicorn-h11-sources"),
]

# Everything else is as the vectors prefer it.
EVERYWHERE = {
    # The app answers each request with the same 206. Its range is not the one that was asked for,
    # so it is not passed on.
    "passthrough.20-206-other": REFUSED,
    # A 200 with a Content-Range is a mistake of the app. Nobody knows what its body is, so it
    # is not sliced: the Range is ignored, as RFC 9110 14.2 allows.
    "headers206.12-stray-content-range": ALTERNATIVE,
}
ON_STREAMS = {
    # A stream only moves forward, and holding it back would be unbounded memory: the parts come
    # in ascending order (RFC 9110 15.3.7.2: the order asked is a SHOULD).
    "multi.17-16-k10": ASCENDING,
    "multi.21-20-big": ASCENDING,
    "multi.24-partly-unsat-1": ASCENDING,
    "coalesce.16-mix-5": ASCENDING,
    "coalesce.17-mix-6": ASCENDING,
    "multipart.07-one-chunk-app": ASCENDING,
}


def expected(case: Case, app: str) -> str:
    allowed = EVERYWHERE | ON_STREAMS if app == "streams" else EVERYWHERE
    return allowed.get(case["id"], PREFERRED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("resources")
    lay(made)
    return made


@pytest.fixture(scope="module", params=SERVERS)
def verdicts(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    """Every case's verdict at one server, asked in parallel, and the server's log."""
    name, app = request.param
    cases = [case for case in CASES if app == "streams" or not left_out(case)]
    environment = {"RANGESERVE_CONFORMANCE_FILES": str(folder)}
    with serving(
        name, f"reference_app:{app}", cwd=Path(__file__).parent, env=environment
    ) as server:
        judge = Judge(server.port, ascending=app == "streams")
        with ThreadPoolExecutor(THREADS) as pool:
            found = dict(zip([c["id"] for c in cases], pool.map(judge.verdict, cases), strict=True))
        found["log"] = server.log
    found["app"] = app
    return found


def left_out(case: Case) -> bool:
    return case["resource"]["path"] in LEFT_OUT


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_vector(case: Case, verdicts: dict[str, str]) -> None:
    app = verdicts["app"]
    if app != "streams" and left_out(case):
        assert case["id"] not in verdicts
        return
    verdict = verdicts[case["id"]]
    assert verdict == expected(case, app), f"{case['request_headers']} {case['origin']}"


def test_the_server_logs_hints_and_what_was_refused(verdicts: dict[str, str]) -> None:
    log, refused = verdicts["log"], list(verdicts.values()).count(REFUSED)
    assert log.count("Traceback (most recent call last)") == refused
    assert log.count("ResponseError: the app's own 206 must not go out") == refused
    hinted = {line.split("'")[1] for line in log.splitlines() if line.startswith("'/r/")}
    assert hinted <= {"/r/already206", "/r/already416", "/r/unquotedetag", "/r/weak", "/r/weakonly"}
    if not refused:
        assert all(line.startswith("'/r/") for line in log.splitlines())


def test_the_vectors_are_all_there() -> None:
    assert len(CASES) == 473
    assert len({case["id"] for case in CASES}) == 473
    assert len(RESOURCES) == 47


def test_few_outcomes_are_only_allowed() -> None:
    ids = {case["id"] for case in CASES}
    assert EVERYWHERE.keys() | ON_STREAMS.keys() <= ids
    assert len(EVERYWHERE) + len(ON_STREAMS) == 8


def test_few_resources_cannot_be_files() -> None:
    assert LEFT_OUT.keys() <= RESOURCES.keys()
    assert {path for path in LEFT_OUT if "length" in LEFT_OUT[path]} == {
        path for path, resource in RESOURCES.items()
        if not resource["content_length"] and resource["status"] == 200
    }  # fmt: skip
    assert {path for path in LEFT_OUT if "Last-Modified" in LEFT_OUT[path]} == {
        path for path, resource in RESOURCES.items()
        if resource["last_modified"] is None and resource["status"] == 200
    }  # fmt: skip
    assert {path for path in LEFT_OUT if "no content" in LEFT_OUT[path]} == {
        path for path, resource in RESOURCES.items() if resource["status"] in (204, 304)
    }  # fmt: skip
    assert sum(map(left_out, CASES)) == 24
