"""A second evaluator: slow, and obviously right.

What a GET or HEAD must get of an app's 200, transcribed sentence by sentence from RFC 9110 and
from the choices listed in `docs/rfc9110.md`. It shares no code and no technique with rangeserve:
it walks over characters where the package has regular expressions, and over sets of byte
positions where the package calculates. Nothing here is fast, or imported from the package.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

Lines = list[tuple[str, str]]

DIGIT = "0123456789"
ALPHA = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
TCHAR = "!#$%&'*+-.^_`|~" + DIGIT + ALPHA
OWS = (" ", "\t")


@dataclass(frozen=True)
class Limits:
    max_field_size: int = 8192
    max_ranges: int = 64
    part_overhead: int = 256
    slack: int = 4096
    max_partial_size: int | None = None


@dataclass(frozen=True)
class Case:
    """A request and the 200 that an app would answer it with.

    `data` is the representation. `source`: it is handed over as a source (whose fields are in
    `supplied`), and not sent as a stream. `one_message`: a stream that comes as a single message.
    """

    method: str
    asked: Lines
    given: Lines
    data: bytes
    now: float
    source: bool = False
    supplied: Lines = field(default_factory=list)
    one_message: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Expected:
    status: int
    headers: Lines
    body: bytes
    reason: str | None = None  # why a Range was not honoured; only told if there was one


# 5.5 and 5.6.3: whitespace round a field value is no part of it


def trimmed(text: str) -> str:
    while text and text[0] in OWS:
        text = text[1:]
    while text and text[-1] in OWS:
        text = text[:-1]
    return text


def values_of(lines: Lines, name: str) -> list[str]:
    return [trimmed(value) for key, value in lines if key.lower() == name]


def single(lines: Lines, name: str) -> str | None:
    """A singleton response field; of two lines that differ none can be trusted."""
    values = values_of(lines, name)
    for value in values:
        if value != values[0]:
            return None
    return values[0] if values else None


# 14.1.1: ranges-specifier = range-unit "=" range-set


def unit_and_set(value: str) -> tuple[str, str] | None:
    unit = ""
    for position, character in enumerate(value):
        if character == "=":
            return (unit, value[position + 1 :]) if unit else None
        if character not in TCHAR:
            return None
        unit += character
    return None


def elements(text: str) -> list[str]:
    """5.6.1.2: a list; "MUST parse and ignore a reasonable number of empty list elements"."""
    found, current = [], ""
    for character in text + ",":
        if character == ",":
            if trimmed(current):
                found.append(trimmed(current))
            current = ""
        else:
            current += character
    return found


def number(text: str) -> int | None:
    """1*DIGIT"""
    if not text:
        return None
    total = 0
    for character in text:
        if character not in DIGIT:
            return None
        total = total * 10 + DIGIT.index(character)
    return total


Spec = tuple[int | None, int | None]  # first-pos and last-pos; a suffix has no first-pos


def range_spec(text: str) -> Spec | None:
    """int-range = first-pos "-" [ last-pos ]; suffix-range = "-" suffix-length"""
    if text.count("-") != 1:
        return None
    before, after = text.split("-")
    first, last = number(before), number(after)
    if (before and first is None) or (after and last is None):
        return None
    if first is None and last is None:
        return None
    # "An int-range is invalid if the last-pos value is present and less than first-pos."
    if first is not None and last is not None and last < first:
        return None
    return first, last


def range_set(text: str) -> list[Spec] | None:
    """ "A ranges-specifier that contains one or more invalid range-spec is invalid." """
    specs: list[Spec] = []
    for element in elements(text):
        spec = range_spec(element)
        if spec is None:
            return None
        specs.append(spec)
    return specs or None  # 1#range-spec


def positions(spec: Spec, length: int) -> set[int]:
    """14.1.2: the bytes that a range-spec selects."""
    first, last = spec
    if first is None:
        assert last is not None
        # "If the selected representation is shorter than the specified suffix-length, the
        # entire representation is used."
        return {p for p in range(length) if p >= length - last}
    return {p for p in range(length) if p >= first and (last is None or p <= last)}


def joined(wanted: list[set[int]]) -> list[set[int]]:
    """15.3.7.2: "may coalesce any of the ranges that overlap, or that are separated by a gap
    that is smaller than the overhead": ours if the gap is nothing; in place of the first."""
    parts = [set(each) for each in wanted]
    merged = True
    while merged:
        merged = False
        for here in range(len(parts)):
            for there in range(here + 1, len(parts)):
                reach = parts[here] | {max(parts[here]) + 1, min(parts[here]) - 1}
                if reach & parts[there]:
                    parts[here] |= parts.pop(there)
                    merged = True
                    break
            if merged:
                break
    return parts


# 8.8.3: entity-tag = [ weak ] opaque-tag


def is_etagc(character: str) -> bool:
    code = ord(character)
    return code == 0x21 or 0x23 <= code <= 0x7E or 0x80 <= code <= 0xFF


Tag = tuple[bool, str]


def take_tag(text: str) -> tuple[Tag, str] | None:
    """An entity-tag at the beginning of `text`, and what follows it."""
    weak = text.startswith("W/")
    rest = text[2:] if weak else text
    if not rest.startswith('"'):
        return None
    opaque, rest = "", rest[1:]
    while rest and is_etagc(rest[0]):
        opaque, rest = opaque + rest[0], rest[1:]
    if not rest.startswith('"'):
        return None
    return (weak, opaque), rest[1:]


def entity_tag(text: str | None) -> Tag | None:
    taken = take_tag(text) if text is not None else None
    return taken[0] if taken is not None and taken[1] == "" else None


def entity_tags(text: str) -> list[Tag]:
    """#entity-tag, empty elements ignored; a malformed list names no tag at all."""
    tags: list[Tag] = []
    comma = True
    while text:
        if text[0] in OWS:
            text = text[1:]
        elif text[0] == ",":
            text, comma = text[1:], True
        else:
            taken = take_tag(text) if comma else None
            if taken is None:
                return []
            tags.append(taken[0])
            text, comma = taken[1], False
    return tags


def same_strongly(one: Tag, other: Tag) -> bool:
    return one == other and not one[0]


def same_weakly(one: Tag, other: Tag) -> bool:
    return one[1] == other[1]


# 5.6.7: HTTP-date

EPOCH = datetime(1970, 1, 1)
IMF = "%a, %d %b %Y %H:%M:%S GMT"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def imf_fixdate(text: str) -> int | None:
    """By `strptime`, and only if it is written exactly so (whatever day its name says)."""
    if len(text) != len("Wed, 21 Oct 2015 07:28:00 GMT"):
        return None
    later = 0
    if text[-6:] == "60 GMT":  # a leap second
        text, later = text[:-6] + "59 GMT", 1
    if text[12:16] == "0000":  # no year of Python's calendar, which repeats every 400 years
        text, later = text[:12] + "0400" + text[16:], later - 146097 * 86400
    try:
        moment = datetime.strptime(text, IMF)
    except ValueError:
        return None
    written = f"{moment:%d %b }{moment.year:04d}{moment: %H:%M:%S GMT}"
    if text[:5] not in {f"{day[:3]}, " for day in DAYS} or text[5:] != written:
        return None
    return int((moment - EPOCH).total_seconds()) + later


def rfc850_date(text: str, now: float) -> int | None:
    day_name, comma, rest = text.partition(", ")
    if day_name not in DAYS or not comma or len(rest) != 22 or rest[2] != "-" or rest[6] != "-":
        return None
    day, month, year, tail = rest[:2], rest[3:6], rest[7:9], rest[9:]
    today = datetime.fromtimestamp(now, timezone.utc).replace(tzinfo=None)
    century = f"{today.year // 100:02d}"
    seconds = imf_fixdate(f"Mon, {day} {month} {century}{year}{tail}")
    # "a timestamp that appears to be more than 50 years in the future" is "the most recent
    # year in the past that had the same last two digits"
    ahead = today.replace(year=today.year + 50, microsecond=0)
    if seconds is not None and EPOCH + timedelta(seconds=seconds) > ahead:
        return imf_fixdate(f"Mon, {day} {month} {int(century) - 1:02d}{year}{tail}")
    return seconds


def asctime_date(text: str) -> int | None:
    if len(text) != 24:
        return None
    name, month, day, time, year = text[:4], text[4:7], text[8:10], text[10:19], text[20:]
    if text[7] != " " or text[19] != " " or name[3] != " " or day[1] == " ":
        return None
    return imf_fixdate(f"{name[:3]}, {day.replace(' ', '0')} {month} {year}{time} GMT")


def http_date(text: str | None, now: float) -> int | None:
    if text is None:
        return None
    seconds = imf_fixdate(text)
    if seconds is None:
        seconds = rfc850_date(text, now)
    return asctime_date(text) if seconds is None else seconds


# 13: conditional requests


def precondition(case: Case, etag: str | None, modified: str | None) -> int | None:
    """13.2.2, steps 1 to 4: 412, 304, or `None` to go on."""
    current = entity_tag(etag)
    when = http_date(modified, case.now)
    if_match = values_of(case.asked, "if-match")
    if_none_match = values_of(case.asked, "if-none-match")
    if_modified = values_of(case.asked, "if-modified-since")
    if_unmodified = values_of(case.asked, "if-unmodified-since")
    # 5.3: list-based fields are combined; 13.1.3 and 13.1.4: a date with more than one member
    # is to be ignored
    before = http_date(if_unmodified[0], case.now) if len(if_unmodified) == 1 else None
    since = http_date(if_modified[0], case.now) if len(if_modified) == 1 else None
    if if_match:
        value = ", ".join(if_match)
        matches = current is not None and any(
            same_strongly(tag, current) for tag in entity_tags(value)
        )
        if value != "*" and not matches:
            return 412
    elif before is not None and when is not None and when > before:
        return 412
    if if_none_match:
        value = ", ".join(if_none_match)
        matches = current is not None and any(
            same_weakly(tag, current) for tag in entity_tags(value)
        )
        if value == "*" or matches:
            return 304
    elif since is not None and when is not None and when <= since:
        return 304
    return None


def if_range_holds(case: Case, etag: str | None, modified: str | None) -> bool:
    """13.1.5"""
    conditions = values_of(case.asked, "if-range")
    if not conditions:
        return True
    if len(conditions) > 1:
        return False
    asked, current = entity_tag(conditions[0]), entity_tag(etag)
    if asked is not None:
        return current is not None and same_strongly(asked, current)
    when = http_date(modified, case.now)
    # "exactly matches the Last-Modified field value", and is a strong validator (8.8.2.2)
    return conditions[0] == modified and when is not None and when <= case.now - 1


# What can be sliced, and how much of it (`docs/rfc9110.md`, choices)


def content_length(case: Case) -> int | None:
    text = single(case.given, "content-length")
    value = number(text) if text is not None else None
    return value if value is not None and len(text or "") <= 18 else None


def complete_length(case: Case) -> int | None:
    if case.source:
        return len(case.data)
    told = content_length(case)
    in_doubt = told is None and values_of(case.given, "content-length")
    if told is not None or in_doubt or case.method == "HEAD":
        return told
    # A single message is as good as a Content-Length, but only a request that asks for
    # something is made to wait for it.
    return len(case.data) if case.one_message and asks(case) else None


def asks(case: Case) -> bool:
    return any(
        values_of(case.asked, name)
        for name in (
            "range", "if-range", "if-match", "if-none-match", "if-modified-since",
            "if-unmodified-since",
        )
    )  # fmt: skip


def barrier(case: Case) -> str | None:
    for value in values_of(case.given, "content-encoding"):
        for coding in elements(value):
            if coding.lower() != "identity":
                return "CONTENT_CODED"
    for value in values_of(case.given, "accept-ranges"):
        if "none" in [unit.lower() for unit in elements(value)]:
            return "ACCEPT_RANGES_NONE"
    for value in values_of(case.given, "content-range"):
        size = complete_length(case)
        if value != f"bytes 0-{(size or 0) - 1}/{size}":  # what spells the whole says nothing
            return "CONTENT_RANGE"
    if complete_length(case) is None:
        return "NO_LENGTH"
    return None


def ranges_of(case: Case) -> list[set[int]] | str:
    """The byte positions of each part to be sent, none if unsatisfiable; or why not."""
    lines, limits, length = values_of(case.asked, "range"), case.limits, len(case.data)
    etag, modified = validators(case)
    if case.method == "HEAD":
        return "HEAD"
    if len(lines) > 1:
        return "REPEATED"
    if not if_range_holds(case, etag, modified):
        conditions = values_of(case.asked, "if-range")
        return "WEAK_ETAG" if conditions == [etag] else "IF_RANGE"
    listed = lines[0].split("=", 1)[1] if "=" in lines[0] else ""
    if len(lines[0]) > limits.max_field_size or len(elements(listed)) > limits.max_ranges:
        return "OVER_LIMITS"
    specifier = unit_and_set(lines[0])
    if specifier is None:
        return "MALFORMED"
    unit, listed = specifier
    if unit.lower() != "bytes":
        return "UNKNOWN_UNIT"
    specs = range_set(listed)
    if specs is None:
        return "MALFORMED"
    if length == 0:
        return "EMPTY"
    specs = [spec for spec in specs if spec != (None, 0)]  # -0 is as if it were not there
    wanted = [selected for spec in specs if (selected := positions(spec, length))]
    if len(specs) == 1:
        return [cut(wanted[0], specs[0], limits)] if wanted else []
    parts = joined(wanted)
    if len(parts) == 1:
        if len(parts[0]) == length and len(wanted) > 1:
            return "COVERS_WHOLE"
        return parts
    cost = sum(len(part) + limits.part_overhead for part in parts)
    if cost > length + limits.slack:
        return "TOO_MUCH"
    kind = content_type(case)
    if parts and any((ord(c) < 32 and c != "\t") or ord(c) == 127 for c in kind or ""):
        return "CONTENT_TYPE"
    return parts if case.source else sorted(parts, key=min)


def cut(selected: set[int], spec: Spec, limits: Limits) -> set[int]:
    """`max_partial_size` is for an open range alone."""
    is_open = spec[0] is not None and spec[1] is None
    if not is_open or limits.max_partial_size is None:
        return selected
    return set(sorted(selected)[: limits.max_partial_size])


def supplied(case: Case, name: str) -> str | None:
    """A source supplies a field only if the app gave none."""
    if not case.source or values_of(case.given, name):
        return single(case.given, name)
    return single(case.supplied, name)


def validators(case: Case) -> tuple[str | None, str | None]:
    return supplied(case, "etag"), supplied(case, "last-modified")


def content_type(case: Case) -> str | None:
    return supplied(case, "content-type")


# The answer

FRAMING = ("content-length", "transfer-encoding")
CONTENT_FIELDS = ("content-type", "content-encoding", "content-language", "content-range")


def fields_but(case: Case, *dropped: str) -> Lines:
    extra = [
        (name, value)
        for name, value in case.supplied
        if case.source and not values_of(case.given, name)
    ]
    kept = [(name.lower(), value) for name, value in case.given + extra]
    return [(name, value) for name, value in kept if name not in dropped]


def answer(case: Case, boundary: str = "") -> Expected:
    """What the client is to get. `boundary`: the one that was drawn for a multipart body."""
    case = as_coded(case)
    etag, modified = validators(case)
    has_range = bool(values_of(case.asked, "range"))
    refusal = precondition(case, etag, modified)
    if refusal == 304:
        kept = fields_but(case, *FRAMING, *CONTENT_FIELDS)
        return Expected(304, kept, b"", "PRECONDITION" if has_range else None)
    if refusal == 412:
        return Expected(412, error_fields(case), b"", "PRECONDITION" if has_range else None)
    obstacle = barrier(case)
    if obstacle is not None:
        return whole(case, sliceable=False, reason=obstacle if has_range else None)
    picked = ranges_of(case) if has_range else None
    if picked is None or isinstance(picked, str):
        return whole(case, sliceable=True, reason=picked)
    size = len(case.data)
    if not picked:
        extra = [("accept-ranges", "bytes"), ("content-range", f"bytes */{size}")]
        return Expected(416, error_fields(case) + extra, b"", "UNSATISFIABLE")
    dropped = (*FRAMING, "accept-ranges", "content-range", "content-digest", "content-md5")
    fields = fields_but(case, *dropped)
    if len(picked) == 1:
        body = bytes(case.data[p] for p in sorted(picked[0]))
        fields.append(("content-range", content_range(picked[0], size)))
    else:
        fields = [(name, value) for name, value in fields if name != "content-type"]
        fields.append(("content-type", f"multipart/byteranges; boundary={boundary}"))
        body = multipart(case, picked, boundary)
    fields += [("accept-ranges", "bytes"), ("content-length", str(len(body)))]
    return Expected(206, fields, body)


def as_coded(case: Case) -> Case:
    """A coded response: it has no ranges, and what was negotiated has no strong tag."""
    codings = [c for v in values_of(case.given, "content-encoding") for c in elements(v)]
    if all(coding.lower() == "identity" for coding in codings):
        return case
    accepted = [each for v in values_of(case.asked, "accept-encoding") for each in elements(v)]
    named = {each.partition(";")[0].strip().lower() for each in accepted}
    negotiated = bool(named - {"", "identity"})
    given: Lines = []
    for name, value in case.given:
        if negotiated and name.lower() == "etag" and value.strip(" \t").startswith('"'):
            value = "W/" + value.strip(" \t")
        bytes_only = {unit.lower() for unit in elements(value)} == {"bytes"}
        if name.lower() != "accept-ranges" or not bytes_only:
            given.append((name, value))
    return replace(case, given=given)


def content_range(part: set[int], size: int) -> str:
    return f"bytes {min(part)}-{max(part)}/{size}"


def multipart(case: Case, parts: list[set[int]], boundary: str) -> bytes:
    """14.6"""
    kind, body = content_type(case), b""
    for part in parts:
        head = f"--{boundary}\r\n"
        if kind is not None:
            head += f"Content-Type: {kind}\r\n"
        head += f"Content-Range: {content_range(part, len(case.data))}\r\n\r\n"
        content = bytes(case.data[p] for p in sorted(part))
        body += head.encode("latin-1") + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def error_fields(case: Case) -> Lines:
    """Of a 412 or 416: nothing that describes the representation that is not sent."""
    dropped = (
        *FRAMING, *CONTENT_FIELDS, "accept-ranges", "content-disposition", "content-digest",
        "content-md5", "cache-control", "expires", "link",
    )  # fmt: skip
    return [*fields_but(case, *dropped), ("content-length", "0")]


def whole(case: Case, *, sliceable: bool, reason: str | None) -> Expected:
    if case.source:
        fields = fields_but(case, *FRAMING)
        fields.append(("content-length", str(len(case.data))))
    else:
        fields = fields_but(case)
    if sliceable:
        own = [value for name, value in fields if name == "accept-ranges"] or ["bytes"]
        fields = [
            (name, value)
            for name, value in fields
            if name not in ("accept-ranges", "content-range")
        ]
        fields.append(("accept-ranges", own[0]))
    return Expected(200, fields, b"" if case.method == "HEAD" else case.data, reason)
