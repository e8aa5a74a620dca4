"""The judges on answers that no server has to give: times, caches, throttling, odd lengths."""

from __future__ import annotations

import pytest
from check.zoo import MODIFIED, MOVIE, NOW, Asked, Right, Said

from rangeserve.check import Failed, NotJudged, Passed
from rangeserve.check.answers import Answer, NoAnswer, Question, Reply
from rangeserve.check.budget import Budget
from rangeserve.check.catalogue import CHECKS
from rangeserve.check.checks import Finding, Judgement
from rangeserve.check.clients import CLIENTS, Fate, verdicts
from rangeserve.check.interview import Interview
from rangeserve.check.judge import judge
from rangeserve.check.judges.media import kind_of
from rangeserve.check.multipart import read_parts
from rangeserve.check.questions import script
from rangeserve.check.stability import Course, course_of

CHECK = {each.code: each for each in CHECKS}


def answered(said: Said, **more: object) -> Answer:
    fields = tuple((name.encode(), value.encode("latin-1")) for name, value in said.fields)
    return Answer(said.status, fields, said.body, **more)  # type: ignore[arg-type]


def interviewed(**changes: Reply) -> Interview:
    """The script with the answers of a right server, but for `changes` by the question's name."""
    interview, right = Interview(NOW), Right()
    questions = script(interview)
    question = next(questions)
    number = 0
    while True:
        number += 1
        fields = {name.lower(): value for name, value in question.fields}
        reply = changes.get(question.name.replace("-", "_"))
        if reply is None:
            said = right(Asked(question.method, "/", fields, number))
            reply = answered(said)
        try:
            question = questions.send(reply)
        except StopIteration:
            return interview


def outcome(code: str, interview: Interview) -> Judgement:
    return next(each.judgement for each in judge(interview) if each.check.code == code)


def part(first: int, last: int, **fields: str) -> Said:
    named = {"Content-Range": f"bytes {first}-{last}/{len(MOVIE)}", "ETag": '"v1"', **fields}
    named = {name.replace("_", "-"): value for name, value in named.items()}
    return Said(206, tuple(named.items())).carrying(MOVIE[first : last + 1])


def tail(seconds: float, **fields: str) -> dict[str, Reply]:
    size = len(MOVIE)
    places = {"tail": size - 1000, "suffix": size - 500, "past_end": size - 10}
    return {
        name: answered(part(first, size - 1, **fields), seconds=seconds)
        for name, first in places.items()
    }


def test_nothing_is_red_of_a_right_server() -> None:
    interview = interviewed()
    assert [each for each in judge(interview) if each.failed] == []
    assert interview.modified() == MODIFIED


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0, Passed), (1.9, Passed), (2.1, Failed), (30.0, Failed)]
)
def test_a_tail_that_comes_late(seconds: float, expected: type) -> None:
    assert isinstance(outcome("T04", interviewed(**tail(seconds))), expected)


def test_one_late_tail_of_several_is_chance() -> None:
    late = {**tail(0.0), "tail": tail(30.0)["tail"]}
    assert outcome("T04", interviewed(**late)) == Passed()


def test_a_tail_is_late_only_beside_a_head_that_is_not() -> None:
    slow_head = {**tail(9.0), "first_two": answered(part(0, 1), seconds=2.0)}
    assert outcome("T04", interviewed(**slow_head)) == Passed()


@pytest.mark.parametrize(
    ("hit", "miss", "expected"),
    [
        pytest.param('"v1"', '"v1"', Passed, id="the same"),
        pytest.param('"v0"', '"v1"', Failed, id="an older one"),
    ],
)
@pytest.mark.parametrize("name", ["X_Cache", "CF_Cache_Status", "Cache_Status"])
def test_a_cache(name: str, hit: str, miss: str, expected: type) -> None:
    interview = interviewed(
        first_two=answered(part(0, 1, ETag=hit, **{name: "HIT"})),
        middle=answered(part(1000, 1999, ETag=miss, **{name: "MISS"})),
    )
    assert isinstance(outcome("T03", interview), expected)


def test_a_cache_that_gave_only_hits_is_not_judged() -> None:
    assert isinstance(outcome("T03", interviewed(**tail(0.0, Age="9"))), NotJudged)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(NoAnswer("no answer came in time"), id="timeout"),
        pytest.param(Answer(429), id="429"),
        pytest.param(Answer(503), id="503"),
    ],
)
def test_what_nobody_answered_is_nobodys_fault(reply: Reply) -> None:
    """Everything but the plain GET, and then each question alone."""
    names = [name.replace("-", "_") for name in interviewed().questions if name != "whole"]
    for some in (names, *([name] for name in names)):
        interview = interviewed(**dict.fromkeys(some, reply))
        assert [each for each in judge(interview) if each.failed] == [], some


@pytest.mark.parametrize("name", ["first-two", "open", "middle", "tail", "suffix", "past-end"])
def test_a_connection_that_is_closed_twice_is_a_refusal(name: str) -> None:
    reply = NoAnswer("the server closed the connection", closed=True)
    interview = interviewed(**{name.replace("-", "_"): reply})
    failed = {each.check.code for each in judge(interview) if each.failed}
    assert len(failed) == 1
    assert failed < {"R02", "R03", "R04", "R05", "R06", "R07"}


@pytest.mark.parametrize(
    ("values", "course"),
    [
        ("", Course.STEADY),
        ("aaa", Course.STEADY),
        ("aabb", Course.REPLACED),
        ("abcd", Course.REPLACED),
        ("aba", Course.ALTERNATING),
        ("aabbcca", Course.ALTERNATING),
    ],
)
def test_the_course_of_a_value(values: str, course: Course) -> None:
    assert course_of(values) is course


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (MOVIE, "MP4"),
        (b"\x1aE\xdf\xa3rest", "WebM or Matroska"),
        (b"%PDF-1.7", "PDF"),
        (b"text", None),
        (b"", None),
    ],
)
def test_what_the_first_bytes_say(body: bytes, kind: str | None) -> None:
    assert kind_of(body) == kind


HEAD = b"Content-Range: bytes %s\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"--x--", (), id="no parts"),
        pytest.param(
            b"--x\r\n" + HEAD % b"0-1/9" + b"ab\r\n--x--", ((0, 2),), id="no last line end"
        ),
        pytest.param(
            b"--x\r\n" + HEAD % b"0-6/*" + b"\r\n--x--\r\n--x--\r\n", ((0, 7),), id="its boundary"
        ),
        pytest.param(
            b"--x\r\n" + HEAD % b"0-1/9" + b"abc\r\n--x--",
            "with a part that is not as long as its Content-Range says", id="too long",
        ),
        pytest.param(
            b"--x\r\nA: b\r\n\r\n--x--", "with a part that has no Content-Range", id="none"
        ),
        pytest.param(b"--x\r\nA: b", "with a part that has no Content-Range", id="no end of head"),
        pytest.param(b"", "without its last boundary", id="nothing"),
        pytest.param(b"preamble\r\n--x--", "without its last boundary", id="a preamble"),
    ],
)  # fmt: skip
def test_a_multipart(body: bytes, expected: object) -> None:
    parts = read_parts("multipart/byteranges; boundary=x", body)
    assert (parts if isinstance(parts, str) else tuple(tuple(p.place) for p in parts)) == expected


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.key)
def test_the_verdict_of_a_client(client: object) -> None:
    def fate(**outcomes: Judgement) -> Fate:
        findings = [Finding(each, outcomes.get(each.code, Passed())) for each in CHECKS]
        return next(each.fate for each in verdicts(findings) if each.client == client)

    assert fate() is Fate.WORKS
    assert fate(R01=NotJudged("")) is Fate.NOT_JUDGED
    for code in CHECK:
        breaks, slows = code in client.breaks, code in client.slows  # type: ignore[attr-defined]
        expected = Fate.BREAKS if breaks else Fate.SLOW if slows else Fate.WORKS
        assert fate(**{code: Failed("")}) is expected


def test_a_budget() -> None:
    budget = Budget(requests=2, octets=10)
    assert (budget.left, budget.is_spent) == (10, False)
    budget.received = 11
    assert (budget.left, budget.is_spent) == (0, True)
    assert Budget(requests=2, sent=2).is_spent


def test_the_script_stops_where_there_is_nothing_to_judge() -> None:
    for reply in (NoAnswer("no"), Answer(404)):
        interview = Interview(NOW)
        questions = script(interview)
        assert next(questions) == Question("whole", "the whole", most=1 << 20, from_start=True)
        with pytest.raises(StopIteration):
            questions.send(reply)
