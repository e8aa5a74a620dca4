"""However a server behaves, it is asked at most 40 times, and little of it is received."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import anyio
import pytest
from check.faults import part, when
from check.zoo import MOVIE, Asked, Reply, Right, Said, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from rangeserve.check import CouldNotAsk, NotJudged, check
from rangeserve.check.answers import MOST, Answer, Question
from rangeserve.check.asking import USER_AGENT, UrlAsker
from rangeserve.check.budget import Budget
from rangeserve.check.targets import Options

REQUESTS, OCTETS = 40, 8_000_000
LONG = bytes(1_500_000)


def sprawling(head: int, body: int, status: int, hops: int) -> Callable[[Asked, Said], Reply]:
    """Long heads, long bodies, and `hops` redirects before each of them."""

    def fault(asked: Asked, said: Said) -> Reply:
        place = asked.path.count("/hop")
        if place < hops:
            return Said(302, (("Location", asked.path + "/hop"),)).carrying(b"")
        fields = tuple((f"X-{number}", "x" * 1000) for number in range(head // 1000))
        return Said(status, (*fields, ("Content-Length", str(body)), ("ETag", '"1"')), LONG[:body])

    return fault


@settings(max_examples=12)
@given(
    head=st.integers(0, 60_000),
    body=st.sampled_from([0, 1, 70_000, 1_048_576, 1_500_000]),
    status=st.sampled_from([200, 206, 404, 416]),
    hops=st.integers(0, 6),
)
def test_the_budget_is_kept(head: int, body: int, status: int, hops: int) -> None:
    with serving(Right(), sprawling(head, body, status, hops)) as server:
        received = 0
        with contextlib.suppress(CouldNotAsk):
            report = check(server.url, timeout=20)
            assert report.requests == len(server.requests)
            received = report.received
    assert len(server.requests) <= REQUESTS
    assert received <= OCTETS


def test_a_spent_budget_leaves_the_rest_open_and_says_so() -> None:
    huge = tuple((f"X-{number}", "x" * 1000) for number in range(60))
    with serving(
        Right(body=bytes(1_000_000)), lambda asked, said: Said(
            said.status, (*said.fields, *huge), MOVIE[:2]) if asked.range else said
    ) as server:  # fmt: skip
        budget = Budget(octets=300_000)
        asker = UrlAsker(server.url, Options(), budget)

        async def ask() -> list[object]:
            question = Question("a", "a", fields=(("Range", "bytes=0-1"),))
            return [await asker.ask(question) for _ in range(8)]

        replies = anyio.run(ask)
    assert budget.received <= 300_000
    assert not isinstance(replies[-1], Answer)


def test_no_more_than_64_kib_of_a_whole_that_was_not_asked_for() -> None:
    with serving(Right(body=bytes(20_000_000)), when(part, lambda said: said)) as server:
        for fault_of in ("If-Range", "Range"):
            budget = Budget()
            asker = UrlAsker(server.url, Options(), budget)
            question = Question("a", "a", fields=(("Range", "lines=0-1"), (fault_of, '"x"')))
            answer = anyio.run(asker.ask, question)
            assert isinstance(answer, Answer)
            assert answer.status == 200
            assert answer.cut
            assert len(answer.body) == MOST == 65536
            assert budget.received <= MOST + 4096


def test_it_says_who_asks_and_asks_one_host() -> None:
    with serving(Right()) as server:
        check(server.url)
    hosts = {asked.fields["host"] for asked in server.requests}
    assert hosts == {f"127.0.0.1:{server.port}"}
    assert {asked.fields["user-agent"] for asked in server.requests} == {USER_AGENT}
    assert USER_AGENT.startswith("rangeserve-check/")
    assert {asked.fields["connection"] for asked in server.requests} == {"close"}


def test_a_user_agent_of_the_user_replaces_ours() -> None:
    with serving(Right()) as server:
        check(server.url, headers=[("User-Agent", "mine"), ("Accept-Encoding", "identity")])
    assert {asked.fields["user-agent"] for asked in server.requests} == {"mine"}


def test_redirects_in_a_circle_end() -> None:
    with serving(Right(), lambda a, s: Said(302, (("Location", "/"),)).carrying(b"")) as server:
        with pytest.raises(CouldNotAsk, match="more than 5 redirects"):
            check(server.url)
        assert len(server.requests) == 6


@pytest.mark.parametrize("data", [b"", b"SSH-2.0-server\r\n", b"HTTP/1.1 2", b"\x15\x03\x01"])
def test_what_speaks_no_http_is_said(data: bytes) -> None:
    with serving(Right(), lambda asked, said: data or None) as server:
        with pytest.raises(CouldNotAsk, match=r"closed the connection|is no HTTP/1\.1"):
            check(server.url)
        assert len(server.requests) <= 2


def test_connect_to_another_place() -> None:
    with serving(Right()) as server:
        report = check(
            "http://name.invalid/film.mp4",
            connect_to=[("name.invalid", 80, "127.0.0.1", server.port)],
        )
        assert {asked.fields["host"] for asked in server.requests} == {"name.invalid"}
    assert report.failed == ()
    line = f"--connect-to name.invalid:80:127.0.0.1:{server.port}"
    assert all(line in each.command for each in report.exchanges)
    assert not any(
        isinstance(each.judgement, NotJudged)
        for each in report.findings
        if each.check.code.startswith(("R", "P"))
    )
