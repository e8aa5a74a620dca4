"""From a selection to status, fields and segments: what each answer keeps and drops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parts import read_parts

from rangeserve.core.plan import Plan, advertise, make_plan
from rangeserve.core.ranges import ByteRange
from rangeserve.core.representation import Representation, read_representation
from rangeserve.core.selection import (
    NotModified,
    NotSatisfiable,
    Parts,
    PreconditionFailed,
    Selection,
    TooLarge,
    Whole,
)

DATA = bytes(i % 251 for i in range(1000))
SINGLE = Parts((ByteRange(10, 20),), 1000)
SEVERAL = Parts((ByteRange(10, 20), ByteRange(0, 5)), 1000)
WHOLE = Whole(1000, sliceable=True)

# Every field that a 200 may have, once with a name in each case.
FIELDS = {
    "Content-Type": "text/css",
    "content-length": "1000",
    "Transfer-Encoding": "chunked",
    "Content-Encoding": "identity",
    "CONTENT-LANGUAGE": "en",
    "Content-Range": "bytes 0-9/99",
    "Content-Disposition": "attachment",
    "Content-Location": "/x",
    "Content-Digest": "sha-256=:AA==:",
    "Content-MD5": "AA==",
    "Repr-Digest": "sha-256=:AA==:",
    "Accept-Ranges": "Bytes",
    "ETag": '"a"',
    "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT",
    "Date": "Wed, 21 Oct 2015 07:28:00 GMT",
    "Expires": "0",
    "Vary": "Cookie",
    "Cache-Control": "no-cache",
    "Set-Cookie": "a=1",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Content-Security-Policy": "default-src 'self'",
    "Link": "</x>; rel=preload",
    "Strict-Transport-Security": "max-age=1",
    "X-App": "1",
}
FRAMING = {"content-length", "transfer-encoding"}
OWN = FRAMING | {"accept-ranges", "content-range"}
DIGESTS = {"content-digest", "content-md5"}
FRESHNESS = {"cache-control", "expires", "link"}

# selection, what is lost of the app's, what is added (content-length is looked at apart)
ROWS = [
    pytest.param(SINGLE, 206, OWN | DIGESTS, {"accept-ranges", "content-range"}, id="206"),
    pytest.param(
        SEVERAL,
        206,
        OWN | DIGESTS | {"content-type"},
        {"accept-ranges", "content-type"},
        id="206 multipart",
    ),
    pytest.param(
        NotModified(1000),
        304,
        FRAMING | {"content-type", "content-encoding", "content-language", "content-range"},
        set(),
        id="304",
    ),
    pytest.param(
        PreconditionFailed(1000),
        412,
        OWN
        | DIGESTS
        | FRESHNESS
        | {"content-type", "content-encoding", "content-language", "content-disposition"},
        set(),
        id="412",
    ),
    pytest.param(
        NotSatisfiable(1000),
        416,
        OWN
        | DIGESTS
        | FRESHNESS
        | {"content-type", "content-encoding", "content-language", "content-disposition"},
        {"accept-ranges", "content-range"},
        id="416",
    ),
    pytest.param(WHOLE, 200, FRAMING | {"content-range"}, set(), id="200 from a source"),
]


def representation() -> Representation:
    return read_representation([(n.encode(), v.encode()) for n, v in FIELDS.items()])


def fields(plan: Plan) -> list[tuple[str, str]]:
    return [(name.decode().lower(), value.decode("latin-1")) for name, value in plan.headers]


def value(plan: Plan, name: str) -> str | None:
    values = [v for n, v in fields(plan) if n == name]
    assert len(values) < 2, f"{name} came {len(values)} times"
    return values[0] if values else None


@pytest.mark.parametrize(("selection", "status", "dropped", "added"), ROWS)
def test_what_is_kept_and_dropped(
    selection: Selection, status: int, dropped: set[str], added: set[str]
) -> None:
    plan = make_plan(selection, representation())
    assert plan.status == status
    kept = [(n, v) for n, v in fields(plan) if n not in added and n != "content-length"]
    assert kept == [(n.lower(), v) for n, v in FIELDS.items() if n.lower() not in dropped]
    for name in added:
        assert value(plan, name) is not None
    length = value(plan, "content-length")
    assert length == (None if status == 304 else str(plan.content_length))


@pytest.mark.parametrize(("selection", "status", "dropped", "added"), ROWS)
def test_the_apps_own_list_is_not_changed(
    selection: Selection, status: int, dropped: set[str], added: set[str]
) -> None:
    facts = representation()
    before = list(facts.fields)
    make_plan(selection, facts)
    assert facts.fields == before


@pytest.mark.parametrize(("selection", "status", "dropped", "added"), ROWS)
def test_repeated_fields_stay_in_order(
    selection: Selection, status: int, dropped: set[str], added: set[str]
) -> None:
    facts = read_representation([(b"set-cookie", b"a"), (b"vary", b"x"), (b"set-cookie", b"b")])
    plan = make_plan(selection, facts)
    assert [v for n, v in fields(plan) if n == "set-cookie"] == ["a", "b"]


@pytest.mark.parametrize("selection", [SINGLE, SEVERAL, NotSatisfiable(1000), WHOLE])
def test_accept_ranges_comes_once(selection: Selection) -> None:
    facts = read_representation([(b"Accept-Ranges", b"bytes"), (b"accept-ranges", b"bytes")])
    assert value(make_plan(selection, facts), "accept-ranges") == "bytes"


@pytest.mark.parametrize("selection", [SINGLE, SEVERAL, NotModified(), WHOLE])
def test_what_a_source_supplies_is_sent(selection: Selection) -> None:
    facts = read_representation([(b"vary", b"x")])
    facts.source_fields = [(b"etag", b'"s"')]
    assert value(make_plan(selection, facts), "etag") == '"s"'


def test_one_part() -> None:
    plan = make_plan(SINGLE, representation())
    assert plan.segments == (ByteRange(10, 20),)
    assert plan.content_length == 10
    assert value(plan, "content-range") == "bytes 10-19/1000"
    assert value(plan, "content-type") == "text/css"
    assert plan.ranges == SINGLE.ranges


def test_several_parts() -> None:
    plan = make_plan(SEVERAL, representation(), lambda: "BOUNDARY")
    assert value(plan, "content-type") == "multipart/byteranges; boundary=BOUNDARY"
    assert value(plan, "content-range") is None  # RFC 9110 15.3.7.2: MUST NOT
    assert plan.ranges == SEVERAL.ranges
    parts = read_parts(value(plan, "content-type") or "", body_of(plan))
    assert [part.body for part in parts] == [DATA[10:20], DATA[0:5]]
    assert [part.headers["content-range"] for part in parts] == [
        "bytes 10-19/1000",
        "bytes 0-4/1000",
    ]
    assert {part.headers["content-type"] for part in parts} == {"text/css"}


def test_parts_without_a_content_type() -> None:
    plan = make_plan(SEVERAL, read_representation([]))
    parts = read_parts(value(plan, "content-type") or "", body_of(plan))
    assert [sorted(part.headers) for part in parts] == [["content-range"]] * 2


def test_each_multipart_has_its_own_boundary() -> None:
    first, second = (make_plan(SEVERAL, representation()) for _ in range(2))
    assert value(first, "content-type") != value(second, "content-type")


def test_unsatisfiable() -> None:
    plan = make_plan(NotSatisfiable(1000), representation())
    assert value(plan, "content-range") == "bytes */1000"
    assert plan.segments == ()
    assert plan.ranges == ()


@pytest.mark.parametrize(
    ("selection", "segments"),
    [
        pytest.param(WHOLE, (ByteRange(0, 1000),), id="bytes"),
        pytest.param(Whole(0, sliceable=True), (), id="empty"),
    ],
)
def test_a_whole_from_a_source(selection: Whole, segments: tuple[ByteRange, ...]) -> None:
    plan = make_plan(selection, read_representation([]))
    assert plan.segments == segments
    assert value(plan, "content-length") == str(selection.complete_length)
    assert value(plan, "accept-ranges") == "bytes"


def test_a_whole_that_cannot_be_sliced_does_not_advertise() -> None:
    plan = make_plan(Whole(1000), read_representation([]))
    assert value(plan, "accept-ranges") is None


def test_a_whole_of_unknown_length_cannot_be_planned() -> None:
    with pytest.raises(ValueError, match="unknown length"):
        make_plan(Whole(), read_representation([]))


@pytest.mark.parametrize(
    ("given_", "advertised"),
    [
        pytest.param([], [(b"accept-ranges", b"bytes")], id="nothing"),
        pytest.param([(b"a", b"b")], [(b"a", b"b"), (b"accept-ranges", b"bytes")], id="added last"),
        pytest.param([(b"Accept-Ranges", b"x")], [(b"Accept-Ranges", b"x")], id="the app's stays"),
        pytest.param(
            [(b"Accept-Ranges", b"bytes"), (b"a", b"b"), (b"accept-ranges", b"bytes")],
            [(b"Accept-Ranges", b"bytes"), (b"a", b"b")],
            id="a second one goes",
        ),
        pytest.param(
            [(b"x-13-octets-x", b"y")],
            [(b"x-13-octets-x", b"y"), (b"accept-ranges", b"bytes")],
            id="another name as long",
        ),
    ],
)
def test_advertising(
    given_: list[tuple[bytes, bytes]], advertised: list[tuple[bytes, bytes]]
) -> None:
    assert advertise(given_) == advertised


def body_of(plan: Plan) -> bytes:
    return b"".join(s if isinstance(s, bytes) else DATA[s.start : s.stop] for s in plan.segments)


ranges = st.lists(
    st.tuples(st.integers(0, 900), st.integers(1, 100)).map(lambda p: ByteRange(p[0], sum(p))),
    min_size=1,
    max_size=6,
).map(tuple)
selections = st.one_of(
    st.builds(Parts, ranges, st.just(1000)),
    st.sampled_from([WHOLE, NotModified(5), PreconditionFailed(5), NotSatisfiable(1000)]),
)


@given(selections, st.booleans())
def test_content_length_is_the_sum_of_the_bytes(selection: Selection, bare: bool) -> None:
    plan = make_plan(selection, Representation() if bare else representation())
    assert plan.content_length == len(body_of(plan))
    if plan.status != 304:
        assert value(plan, "content-length") == str(len(body_of(plan)))


@pytest.mark.parametrize(
    ("selection", "status", "body", "added"),
    [
        pytest.param(
            TooLarge(1000, 300, sliceable=True),
            501,
            b"The whole has 1000 bytes, and an answer has at most 300: ask for ranges.\n",
            {"accept-ranges": "bytes", "content-type": "text/plain; charset=utf-8"},
            id="sliceable",
        ),
        pytest.param(
            TooLarge(1000, 300),
            501,
            b"The whole has 1000 bytes, and an answer has at most 300.\n",
            {"content-type": "text/plain; charset=utf-8"},
            id="not sliceable",
        ),
        pytest.param(
            TooLarge(1000, 300, sliceable=True, location="https://cdn.example/a"),
            307,
            b"",
            {"location": "https://cdn.example/a"},
            id="elsewhere",
        ),
    ],
)
def test_a_whole_that_is_too_large(
    selection: TooLarge, status: int, body: bytes, added: dict[str, str]
) -> None:
    fields = [(b"ETag", b'"a"'), (b"Cache-Control", b"max-age=9"), (b"X-App", b"1")]
    plan = make_plan(selection, read_representation(fields))
    assert (plan.status, b"".join(plan.segments)) == (status, body)
    kept = {name.decode().lower(): value.decode() for name, value in plan.headers}
    framed = {"content-length": str(len(body)), "cache-control": "no-store", "x-app": "1"}
    assert kept == {**framed, **added}
