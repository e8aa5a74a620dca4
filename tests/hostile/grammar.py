"""Fields that are nearly right, and what must hold whatever comes."""

from __future__ import annotations

import random
from typing import Final

from rangeserve import ByteRange, Limits
from rangeserve._asgi.exchange import Exchange
from rangeserve.core.plan import make_plan
from rangeserve.core.representation import Representation, read_representation
from rangeserve.core.request import read_request
from rangeserve.core.selection import NotSatisfiable, Parts, Whole, select
from rangeserve.handover import Handover

Fields = list[tuple[bytes, bytes]]

NOW: Final = 1_700_000_000.0
LIMITS: Final = Limits()
ERROR_BODY: Final = 1024

_NAMES: Final = (
    b"range",
    b"if-range",
    b"if-match",
    b"if-none-match",
    b"if-modified-since",
    b"if-unmodified-since",
)
_NUMBERS: Final = (
    "0", "1", "9", "10", "99", "100", "499", "500", "999", "1000", "4095", "4096", "65536",
    "00", "007", "18446744073709551615", "18446744073709551616", "9223372036854775807",
    "9" * 30, "0" * 40 + "5", "9" * 4400, "1_0", "+5", "-5", "٣", "²", "1e3", "0x10", "",
)  # fmt: skip
_PLAIN: Final = tuple(str(number) for number in (*range(12), 400, 499, 500, 998, 999, 1000, 1001))
_UNITS: Final = ("bytes", "bytes", "bytes", "Bytes", "BYTES", "byte", "items", "", "b ytes", "none")
_SPACE: Final = ("", "", "", " ", "\t", "  ", "\xa0", "\x0b", "\n", "\x85")
_TAGS: Final = (
    '"v"', 'W/"v"', '"w"', '""', '"a,b"', "*", "v", '"v', 'v"', "w/\"v\"", '"v" "w"', '"\xe9"',
    '"\x00"', "'v'", '"' + "x" * 3000 + '"', '"v"x', ',"v"', "W/", "",
)  # fmt: skip
_DATES: Final = (
    "Wed, 21 Oct 2015 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT",
    "Wed Oct 21 07:28:00 2015", "Thu, 22 Oct 2015 07:28:00 GMT", "Tue, 20 Oct 2015 07:28:00 GMT",
    "Wed, 21 Oct 2015 07:28:00 +0000", "Wed, 31 Feb 2015 07:28:00 GMT",
    "Sat, 01 Jan 99999999999 00:00:00 GMT", "Mon, 01 Jan 0000 00:00:00 GMT",
    "Wed, 21 Oct 2015 25:61:61 GMT", "Fri, 31 Dec 9999 23:59:60 GMT", "0", "-1", "now", "",
    "Wed, 21 oct 2015 07:28:00 GMT", "Wed, \uff121 Oct 2015 07:28:00 GMT",
)  # fmt: skip
_KINDS: Final = (None, "text/plain", "video/mp4; a=b", "a\r\nb", "\x00", "x" * 400)


def _octets(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


class Grammar:
    """Makes requests and representations; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def request(self) -> Fields:
        """One to six fields; a name may come twice."""
        pick = self._random
        names = pick.sample(_NAMES, pick.choice((1, 1, 2, 3)))
        if pick.random() < 0.05:
            names.append(names[0])
        return [(name, _octets(self._damaged(self._value(name)))) for name in names]

    def representation(self) -> Representation:
        """A 200 of up to 200 KB, or of unknown length, with or without validators."""
        pick = self._random
        fields: Fields = []
        length = pick.choice((None, 0, 1, 10, 500, 1000, 1000, 1000, 5000, 200_000))
        if length is not None:
            fields.append((b"content-length", b"%d" % length))
        if pick.random() < 0.8:
            fields.append((b"etag", pick.choice((b'"v"', b'"v"', b'W/"v"', b"v", b'""'))))
        if pick.random() < 0.8:
            fields.append((b"last-modified", _DATES[0].encode()))
        kind = pick.choice(_KINDS)
        if kind is not None:
            fields.append((b"content-type", kind.encode("latin-1")))
        if pick.random() < 0.05:
            fields.append((b"content-encoding", b"gzip"))
        made = read_representation(fields)
        made.forward_only = pick.random() < 0.5
        return made

    def _value(self, name: bytes) -> str:
        if name == b"range":
            return self._range()
        if name == b"if-range":
            return self._random.choice((*_TAGS[:3], *_TAGS, *_DATES))
        if name in (b"if-match", b"if-none-match"):
            some = self._random.choice((1, 1, 2, 5, 40))
            return self._random.choice((", ", ",", ",,", " ")).join(
                self._random.choice(_TAGS) for _ in range(some)
            )
        return self._random.choice(_DATES)

    def _range(self) -> str:
        pick = self._random
        specs = [self._spec() for _ in range(pick.choice((1, 1, 1, 2, 2, 3, 7, 65, 300)))]
        return f"{pick.choice(_UNITS)}{pick.choice(('=', '=', '=', '= ', ' =', ''))}" + ",".join(
            specs
        )

    def _spec(self) -> str:
        pick = self._random
        if pick.random() < 0.7:
            first = pick.choice(_PLAIN)
            last = str(int(first) + pick.choice((0, 1, 5, 100, 1000)))
            return pick.choice((f"{first}-{last}", f"{first}-", f"-{first}"))
        numbers, space = _NUMBERS, pick.choice(_SPACE)
        dash = pick.choice(("-", "-", "-", "--", "", "\u2013"))
        return f"{space}{pick.choice(numbers)}{dash}{pick.choice(numbers)}{pick.choice(_SPACE)}"

    def _damaged(self, value: str) -> str:
        pick = self._random
        if pick.random() < 0.15 and value:
            at = pick.randrange(len(value))
            junk = pick.choice(("", chr(pick.randrange(256)), value[at : at + 5] * 3, "\x00", ","))
            value = value[:at] + junk + value[at + pick.choice((0, 1, 3)) :]
        return value[: pick.choice((9000, 9000, 70_000))]


def judge(fields: Fields, representation: Representation) -> int:
    """Decide, and hold the decision against the rules. The status."""
    request = read_request("GET", fields, LIMITS)
    assert request is not None
    size = representation.complete_length
    selection = select(request, representation, LIMITS, NOW)
    if isinstance(selection, Whole):
        return 200
    plan = make_plan(selection, representation)
    asked = [value for name, value in fields if name == b"range"]
    if isinstance(selection, (Parts, NotSatisfiable)):
        assert len(asked) == 1, "no 206 and no 416 without exactly one Range"
        assert len(asked[0].strip(b" \t")) <= LIMITS.max_field_size
        assert not representation.coded
        assert size
    if isinstance(selection, Parts):
        assert size is not None
        assert plan.content_length <= size + LIMITS.slack, "amplified"
        assert 1 <= len(selection.ranges) <= LIMITS.max_ranges
        previous: list[ByteRange] = []
        for part in selection.ranges:
            assert 0 <= part.start < part.stop <= size
            for other in previous:
                assert part.stop < other.start or other.stop < part.start, "not coalesced"
            previous.append(part)
        if representation.forward_only:
            assert list(selection.ranges) == sorted(selection.ranges)
    else:
        assert plan.content_length < ERROR_BODY
    for name, value in plan.headers:
        if (name, value) not in representation.fields:
            assert not set(b"\r\n\x00") & set(name + value), "the response is split"
    return plan.status


def fuzz_one(data: bytes) -> None:
    """One input of a fuzzer that makes bytes: six fields, a length and a body."""
    *values, rest = (data.split(b"\xff", 6) + [b""] * 7)[:7]
    fields = [(name, value) for name, value in zip(_NAMES, values, strict=True) if value]
    size = int.from_bytes(rest[:2], "big")
    representation = read_representation(
        [(b"content-length", b"%d" % size), (b"etag", b'"v"'), (b"content-type", rest[2:])]
    )
    if fields:
        judge(fields, representation)
    request = read_request("GET", fields, LIMITS)
    exchange = Exchange("GET", request, Handover(), LIMITS, lambda: NOW)
    start = {"type": "http.response.start", "status": 200, "headers": representation.fields}
    actions = [*exchange.feed(start)]
    actions += exchange.feed({"type": "http.response.body", "body": bytes(size)})
    exchange.returned(client_gone=False)
    bodies = [action["body"] for action in actions if isinstance(action, dict) and "body" in action]
    assert sum(map(len, bodies)) <= size + LIMITS.slack
