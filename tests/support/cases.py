"""Requests and responses at random, from a seed: the likely, the odd and the hostile."""

from __future__ import annotations

from random import Random

from support.oracle import Case, Limits, Lines

NOW = 1795348800.25  # Sun, 22 Nov 2026 12:00:00 GMT and a quarter
TODAY = "Sun, 22 Nov 2026 12:00:00 GMT"  # less than a second before NOW
LM = "Wed, 21 Oct 2015 07:28:00 GMT"

DATES = (
    LM,
    "Wed, 21 Oct 2015 07:27:59 GMT",
    "Wed, 21 Oct 2015 07:28:01 GMT",
    "Wednesday, 21-Oct-15 07:28:00 GMT",
    "Wednesday, 21-Oct-15 07:27:59 GMT",
    "Wed Oct 21 07:28:00 2015",
    "Wed Oct 21 07:28:01 2015",
    "Tue Oct  6 07:28:00 2015",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Sat, 01 Jan 0000 00:00:00 GMT",
    "Sunday, 22-Nov-76 12:00:00 GMT",
    "Sunday, 22-Nov-76 12:00:01 GMT",
    "Thursday, 31-Dec-76 23:59:59 GMT",
    "Tuesday, 01-Jan-00 00:00:00 GMT",
    "Sat, 31 Dec 2016 23:59:60 GMT",
    "Sun, 22 Nov 2026 11:59:59 GMT",
    TODAY,
)
NOT_DATES = (
    "", "0", "1445412480", "junk", LM.lower(), LM + " ", LM[:-3] + "UTC", LM[:-3] + "+0000",
    LM[:-4], LM[5:], LM.replace("28:00", "28:61"), LM.replace("07:", "24:"),
    LM.replace("07:28", "07:60"), LM.replace("21 Oct", "31 Feb"), LM.replace("21 Oct", "00 Oct"),
    LM.replace("Oct", "Okt"), LM.replace("2015", "99999999999999999999"), f"{LM}, {LM}",
    LM.replace("21", "\xb21"), "Wed, 21-Oct-15 07:28:00 GMT", "Wednesday, 21-Oct-2015 07:28:00 GMT",
    "Wed Oct 6 07:28:00 2015", "Wed Oct 21 07:28:00 2015 GMT", "2015-10-21T07:28:00Z",
)  # fmt: skip
TAGS = ('"a"', 'W/"a"', '"b"', 'W/"b"', '""', '"a,b"', '"\xe9"', '"A"')
NOT_TAGS = (
    "a", '"a', 'a"', 'w/"a"', 'W/ "a"', '"a b"', '"a\x7f"', "*", "", '"a"b"', "'a'", "W/a",
)  # fmt: skip
BETWEEN = (", ", ",", " , ", ",,", ", ,\t", "\t,", " ", ";", "")
COMMAS = (", ", ",", " ,", ",, ", ",\t")
UNITS = ("bytes", "bytes", "bytes", "bytes", "bytes", "bytes", "Bytes", "items", "none", "")
SPECS = (
    "-", "--5", "5", "x", "9-5", "+1-2", "1_0-2_0", "0x0-1", "\xb2-\xb3", "0 -4", "0- 4", "*",
    "0-4-9", '"0-4"', "0-4;q=1", "0.0-4", "\x0b0-4", "-0", "-00", "0-0", "99999-5", " ", "\x00",
)  # fmt: skip


def random_case(random: Random) -> Case:
    """One request and the 200 that it meets."""
    length = random.choice((0, 1, 2, 5, 10, 27, 100, 300, 300))
    given, supplied, source = _response(random, length)
    etag = next((v for n, v in given + supplied if n.lower() == "etag"), '"a"')
    modified = next((v for n, v in given + supplied if n.lower() == "last-modified"), LM)
    return Case(
        method=random.choices(("GET", "HEAD"), (9, 1))[0],
        asked=_request(random, length, etag, modified),
        given=given,
        data=bytes((i * 31 + 7) % 251 for i in range(length)),
        now=NOW,
        source=source,
        supplied=supplied,
        one_message=random.random() < 0.3,
        limits=_limits(random),
    )


def _limits(random: Random) -> Limits:
    if random.random() < 0.6:
        return Limits()
    return Limits(
        max_field_size=random.choice((10, 20, 8192, 8192)),
        max_ranges=random.choice((0, 1, 2, 3, 64, 64, 64)),
        part_overhead=random.choice((0, 1, 10, 50, 256)),
        slack=random.choice((0, 0, 10, 4096)),
        max_partial_size=random.choice((None, 1, 5, 100)),
    )


def _maybe(random: Random, chance: float) -> bool:
    return random.random() < chance


def _cased(random: Random, name: str) -> str:
    return random.choice((name, name, name.lower(), name.upper()))


def _response(random: Random, length: int) -> tuple[Lines, Lines, bool]:
    """The app's fields, what a source supplies, and whether there is one."""
    source = _maybe(random, 0.4)
    given: Lines = []
    if _maybe(random, 0.7):
        given.append(("ETag", random.choice((*TAGS, *TAGS, *NOT_TAGS))))
    if _maybe(random, 0.7):
        given.append(("Last-Modified", random.choice((LM, LM, LM, *DATES, "1234", "", "junk"))))
    if _maybe(random, 0.8):
        kinds = ("text/plain", "video/mp4", "x/\xe9", "a/b\r\nc: d", "a/b\x00", "")
        weights = (4, 8, 1, 2, 2, 1)
        given.append(("Content-Type", random.choices(kinds, weights)[0]))
    if _maybe(random, 0.1):
        codings = ("gzip", "br", "identity", "Identity", "", "identity, gzip", "gzip, identity")
        given.append(("Content-Encoding", random.choice(codings)))
    if _maybe(random, 0.2):
        units = ("bytes", "Bytes", "none", "NONE", "bytes, none", "items", "")
        given.append(("Accept-Ranges", random.choice(units)))
    if _maybe(random, 0.05):
        given.append(
            ("Content-Range", random.choice(("bytes 0-9/99", "", f"bytes 0-{length - 1}/{length}")))
        )
    for name in ("Repr-Digest", "Content-Digest", "Content-MD5", "Content-Disposition", "Vary",
                 "Content-Language", "Set-Cookie", "Set-Cookie", "Link", "Cache-Control",
                 "Content-Location", "Transfer-Encoding", "Expires", "X-App"):  # fmt: skip
        if _maybe(random, 0.1):
            given.append((name, "x"))
    given += [line for line in list(given) if _maybe(random, 0.02)]  # the same twice
    if given and _maybe(random, 0.03):
        given.append((random.choice(given)[0], "other"))  # two that differ
    given += _content_length(random, length, source)
    random.shuffle(given)
    supplied: Lines = []
    if source:
        if _maybe(random, 0.8):
            supplied.append(("etag", random.choice(TAGS)))
        if _maybe(random, 0.8):
            supplied.append(("last-modified", random.choice((LM, LM, TODAY))))
        if _maybe(random, 0.5):
            supplied.append(("content-type", "audio/ogg"))
    return [(_cased(random, name), value) for name, value in given], supplied, source


def _content_length(random: Random, length: int, source: bool) -> Lines:
    known = [("Content-Length", str(length))]
    if source:
        return random.choice(([], known, [("Content-Length", "0")]))
    if _maybe(random, 0.8):
        return known
    doubtful: tuple[Lines, ...] = (
        [], [], [], known * 2, [*known, ("Content-Length", str(length + 1))],
        [("Content-Length", "ten")], [("Content-Length", "")], [("Content-Length", "+1")],
        [("Content-Length", "9" * 19)], [("Content-Length", "1, 1")],
    )  # fmt: skip
    return random.choice(doubtful)


CODINGS = ("gzip", "br;q=0.9, gzip", "identity", "identity;q=1", "*", "", ", ", "identity,zstd")


def _request(random: Random, length: int, etag: str, modified: str) -> Lines:
    asked: Lines = [("Host", "x")]
    makers = (
        ("Range", 0.9, lambda: _range(random, length)),
        ("If-Range", 0.25, lambda: _if_range(random, etag, modified)),
        ("If-Match", 0.1, lambda: _tags(random, etag)),
        ("If-None-Match", 0.1, lambda: _tags(random, etag)),
        ("If-Modified-Since", 0.1, lambda: _date(random, modified)),
        ("If-Unmodified-Since", 0.1, lambda: _date(random, modified)),
        ("Accept-Encoding", 0.3, lambda: random.choice(CODINGS)),
    )
    for name, chance, make in makers:
        if _maybe(random, chance):
            value = make()
            asked.append((_cased(random, name), value))
            if _maybe(random, 0.04):
                again = value if _maybe(random, 0.5) else make()
                asked.append((_cased(random, name), again))
    random.shuffle(asked)
    return [(name, _junk(random, value)) for name, value in asked]


def _junk(random: Random, value: str) -> str:
    """Now and then, one octet that does not belong there."""
    if _maybe(random, 0.97):
        return value
    place = random.randrange(len(value) + 1)
    return value[:place] + chr(random.randrange(256)) + value[place + random.randrange(2) :]


def _range(random: Random, length: int) -> str:
    unit = random.choice(UNITS) if _maybe(random, 0.2) else "bytes"
    count = random.choices((0, 1, 2, 3, 5, 9, 40, 70), (1, 40, 25, 18, 12, 4, 0.2, 0.2))[0]
    specs = [_spec(random, length) for _ in range(count)]
    if _maybe(random, 0.1):
        specs.insert(random.randrange(count + 1), random.choice(SPECS))
    between = random.choice(COMMAS) if _maybe(random, 0.9) else random.choice(BETWEEN)
    value = unit + random.choices(("=", "= ", " =", "==", ""), (95, 2, 1, 1, 1))[0]
    value += between.join(specs)
    if _maybe(random, 0.02):
        value += random.choice((",", ", ,", " ", "\t", "\n", "\x00", ";"))
    if _maybe(random, 0.002):
        value += "," * 9000
    return value


def _spec(random: Random, length: int) -> str:
    first = _position(random, length)
    kind = random.random()
    if kind < 0.1:
        return f"{first}-"
    if kind < 0.2:
        return f"-{first}"
    if kind < 0.6:
        return f"{first}-{int(first) + random.randrange(4)}"
    last = _position(random, length)
    if _maybe(random, 0.9):
        first, last = sorted((first, last), key=int)
    return f"{first}-{last}"


def _position(random: Random, length: int) -> str:
    kind = random.random()
    if kind < 0.9:
        return str(random.randrange(length + 2))
    if kind < 0.96:
        return str(length + random.choice((-1, 0, 1, 2, 1000)) if length else 0)
    if kind < 0.98:
        return "0" * random.randrange(1, 30) + str(random.randrange(length + 2))
    return str(random.choice((2**31, 2**63 - 1, 2**63, 2**64, 10**19, 10**20, 10**20 + 1, 10**30)))


def _tags(random: Random, etag: str) -> str:
    if _maybe(random, 0.1):
        return "*"
    tags = [_tag(random, etag) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    return random.choice(BETWEEN if _maybe(random, 0.2) else COMMAS).join(tags)


def _tag(random: Random, etag: str) -> str:
    kind = random.random()
    if kind < 0.5:
        return etag
    if kind < 0.6:
        return etag[2:] if etag.startswith("W/") else f"W/{etag}"
    return random.choice(TAGS if kind < 0.9 else NOT_TAGS)


def _date(random: Random, modified: str) -> str:
    kind = random.random()
    return modified if kind < 0.3 else random.choice(DATES if kind < 0.7 else NOT_DATES)


def _if_range(random: Random, etag: str, modified: str) -> str:
    kind = random.random()
    if kind < 0.4:
        return _tag(random, etag)
    return modified if kind < 0.8 else random.choice((*DATES, *NOT_DATES, *NOT_TAGS))
