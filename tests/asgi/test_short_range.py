"""A law: with fast paths and without the same goes out, is raised, is told and is left open.

An app, which may be a broken one, answers a request with a file by its path, or hands it over.
The same request is answered with the fast paths, without them, and both with an observer.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from support.both_ways import (
    KIB,
    MTIMES,
    SIZES,
    Case,
    Place,
    Start,
    check,
    place_of,
    the_clock_stands,
)
from support.messages import body, pathsend

from rangeserve import Limits

# The requests


def weighted(*pairs: tuple[int, Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([value for weight, value in pairs for _ in range(weight)])


def any_case(name: str) -> st.SearchStrategy[bytes]:
    return st.sampled_from([name, name, name.lower(), name.upper(), name.swapcase()]).map(
        str.encode
    )


@st.composite
def ranges(draw: Any, size: int) -> bytes:
    first = draw(weighted((5, 0), (3, size // 2), (1, size - 1), (1, size), (1, size + 5), (1, 3)))
    length = draw(weighted((5, 1), (3, 5), (2, 64 * KIB), (1, 64 * KIB + 1), (1, size), (1, 0)))
    first = max(first, 0)
    last = max(first + length - 1, 0)
    zeros = draw(weighted((8, ""), (1, "00"), (1, "0" * 17), (1, "0" * 30)))
    space = draw(weighted((9, ""), (1, " "), (1, "\t")))
    text = draw(
        weighted(
            (12, f"bytes={zeros}{first}-{zeros}{last}"),
            (2, f"bytes={space}{first}-{last}{space}"),
            (1, f"bytes={first}-"),
            (1, f"bytes=-{length}"),
            (1, f"bytes={first}-{last},{first + 2 * length}-{last + 3 * length}"),
            (1, f"bytes={last + 1}-{first}"),
            (1, f"BYTES={first}-{last}"),
            (1, f"lines={first}-{last}"),
            (1, f"bytes {first}-{last}"),
            (1, f"bytes={first}-{'9' * 18}"),
            (1, f"bytes={first}-{'9' * 19}"),
            (1, f"bytes=\u0660-{last}"),
            (1, ""),
        )
    )
    return text.encode("utf-8")


HTTP_DATE = {
    "usual": b"Tue, 14 Nov 2023 22:13:20 GMT",
    "another": b"Tue, 14 Nov 2023 22:13:21 GMT",
    "epoch": b"Thu, 01 Jan 1970 00:00:00 GMT",
    "now": b"Fri, 15 Jan 2027 08:00:00 GMT",
}
DATES = weighted(*((1, date) for date in HTTP_DATE.values()), (1, b"yesterday"))


@st.composite
def requests(draw: Any, place: Place) -> tuple[tuple[bytes, bytes], ...]:
    tags = weighted(
        (4, place.etag.encode()),
        (2, b'"v"'),
        (1, b'W/"v"'),
        (1, b"W/" + place.etag.encode()),
        (1, b"v"),
        (1, b"*"),
        (1, b'"other"'),
    )
    fields: list[tuple[bytes, bytes]] = [(b"host", b"example")]
    for _ in range(draw(weighted((12, 1), (1, 0), (1, 2)))):
        fields.append((draw(any_case("Range")), draw(ranges(place.size))))
    for _ in range(draw(weighted((6, 0), (4, 1), (1, 2)))):
        fields.append((draw(any_case("If-Range")), draw(st.one_of(tags, DATES))))
    for name, values in [
        ("If-Match", tags),
        ("If-None-Match", tags),
        ("If-Modified-Since", DATES),
        ("If-Unmodified-Since", DATES),
        ("Accept-Encoding", st.just(b"gzip")),
    ]:
        if draw(weighted((14, False), (1, True))):
            fields.append((draw(any_case(name)), draw(values)))
    return tuple(draw(st.permutations(fields)))


# The apps


@st.composite
def starts(draw: Any, place: Place) -> Start:
    length = b"%d" % place.size
    fields: list[tuple[bytes, bytes]] = []
    values = draw(
        weighted(
            (5, ()),
            (8, (length,)),
            (2, (b"0",)),
            (2, (b"11",)),
            (1, (length, length)),
            (1, (length, b"11")),
            (1, (b"+" + length,)),
            (1, (b"000" + length,)),
            (1, (b"",)),
        )
    )
    fields += [(draw(any_case("Content-Length")), value) for value in values]
    optional: list[tuple[str, st.SearchStrategy[Any], int]] = [
        ("ETag", weighted((4, (b'"v"',)), (1, (b'W/"v"',)), (1, (b"v",)), (1, (b'"v"', b'"w"')),
                          (1, (b'"v"', b'"v"')), (1, (place.etag.encode(),))), 3),
        ("Last-Modified", st.tuples(DATES), 4),
        ("Content-Type", weighted((5, (b"text/plain",)), (1, (b"text/plain", b"image/png")),
                                  (1, (b"text/\r\nplain",))), 1),
        ("Content-Encoding", weighted((2, (b"gzip",)), (2, (b"identity",)), (1, (b"",))), 9),
        ("Accept-Ranges", weighted((1, (b"none",)), (3, (b"bytes",)), (1, (b"bytes", b"none"))), 5),
        ("Content-Range", weighted((1, (b"bytes 0-%d/%d" % (place.size - 1, place.size),)),
                                   (1, (b"bytes 0-0/10",)), (1, (b"bytes */10",))), 9),
        ("Content-Digest", st.just((b"sha-256=:AA==:",)), 6),
        ("Repr-Digest", st.just((b"sha-256=:AA==:",)), 6),
        ("Cache-Control", st.just((b"no-store",)), 6),
        ("Set-Cookie", st.just((b"a=1", b"b=2")), 6),
        ("Transfer-Encoding", st.just((b"chunked",)), 9),
    ]  # fmt: skip
    for name, choices, others in optional:
        if draw(weighted((others, False), (1, True))):
            fields += [(draw(any_case(name)), value) for value in draw(choices)]
    return Start(
        tuple(draw(st.permutations(fields))),
        draw(weighted((14, 200), (1, 206), (1, 404), (1, 304), (1, 204), (1, 416), (1, 201))),
        draw(
            weighted(
                (6, "list"),
                (1, "tuple"),
                (1, "lists"),
                (1, "iterator"),
                (1, "pairs that are iterators"),
            )
        ),
        draw(weighted((6, ()), (1, (("trailers", True),)), (1, (("x-more", 1),)))),
    )


@st.composite
def apps(draw: Any, place: Place, sent: str) -> tuple[Any, ...]:
    start = draw(starts(place))
    hand_it_over = ("hand over", sent)
    steps: list[Any] = draw(
        weighted(
            (6, [start, pathsend(sent)]),
            (5, [hand_it_over, start, body()]),
            (2, [start, hand_it_over, body()]),
            (1, [hand_it_over, hand_it_over, start, body(b"no byte of this")]),
            (1, [hand_it_over, start, pathsend(place.path)]),
            (1, [start, hand_it_over, pathsend(place.path)]),
            (1, [start, pathsend(sent), body()]),
            (1, [start, body(b"0123456789")]),
            (1, [start, body(b"012", True), pathsend(sent)]),
        )
    )
    steps = list(steps)
    noise = st.one_of(
        st.sampled_from(
            [
                {"type": "http.response.early_hint", "links": []},
                {"type": "http.response.trailers", "headers": []},
                {"type": "http.response.debug", "info": {}},
                {"type": "http.response.zerocopysend", "file": 3},
                {"type": "http.response.body"},
                body(b"more", True),
                body(b"last"),
                pathsend(place.path),
                hand_it_over,
                ("hand over", b"0123456789"),
                KeyError("of the app"),
                "return",
                "replace",
                "truncate",
                "remove",
            ]
        ),
        starts(place),
    )
    for _ in range(draw(weighted((6, 0), (3, 1), (1, 2), (1, 3)))):
        steps.insert(draw(st.integers(0, len(steps))), draw(noise))
    return tuple(steps)


OPTIONS = weighted(
    (10, ()),
    (1, (("last_modified", False),)),
    (1, (("etag", None),)),
    (1, (("etag", lambda file: f'"{file.size}"'),)),
    (1, (("app_ranges", True),)),
    (1, (("pathsend", True),)),
    (1, (("limits", Limits(max_partial_size=4)),)),
    (1, (("limits", Limits(max_body_size=4)),)),
    (1, (("limits", Limits(max_late_bytes=0)),)),
)


@st.composite
def cases(draw: Any, folder: Path) -> tuple[Case, Place]:
    kind = draw(weighted((4, "ten"), *((2, size) for size in SIZES), (1, "other")))
    size = SIZES.get(kind, 10)
    mtime = draw(weighted((6, "usual"), (1, "zero"), (1, "one"), (1, "future")))
    place = place_of(str(folder / f"{size}-{mtime}"), size, MTIMES[mtime])
    others = {
        "missing": str(folder / "none"),
        "folder": str(folder),
        "fifo": str(folder / "fifo"),
        "link": f"{place.path}.link",
        "no folder": str(folder / "none" / "file"),
        "NUL": f"{place.path}\0",
        "generated": "/proc/self/status",
    }
    sent = place.path
    if kind == "other":
        sent = others[draw(st.sampled_from(sorted(others)))]
    steps = draw(apps(place, sent))
    has_left = draw(weighted((6, False), (1, True)))
    if has_left:
        at = draw(st.integers(0, len(steps)))
        steps = (*steps[:at], "listen", *steps[at:])
    case = Case(
        draw(weighted((9, "GET"), (1, "HEAD"))),
        draw(requests(place)),
        steps,
        draw(OPTIONS),
        draw(weighted((3, False), (1, True))),
        draw(weighted((3, False), (1, True))),
        draw(weighted((9, None), (1, 0), (2, 1), (1, 2))),
        has_left=has_left,
    )
    return case, place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    os.mkfifo(folder / "fifo")
    return folder


@pytest.mark.filterwarnings("ignore:.*never awaited")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(max_examples=int(os.environ.get("RANGESERVE_EXAMPLES", "400")))
@given(data=st.data())
def test_fast_paths_change_nothing(backend: str, folder: Path, data: st.DataObject) -> None:
    case, place = data.draw(cases(folder))
    note(f"{place}")
    with the_clock_stands():
        anyio.run(check, case, place, backend=backend)
