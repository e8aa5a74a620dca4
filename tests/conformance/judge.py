"""Run one vector over a raw socket and judge the answer: preferred, allowed, or wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

from resources import RESOURCES, content_of
from support.parts import read_parts
from support.wire import Connection, Response

Case = dict[str, Any]
Ranges = list[tuple[int, int]]

PREFERRED = "preferred"
ASCENDING = "allowed: the parts ascend"
ALTERNATIVE = "allowed: an alternative of the RFC"
REFUSED = "refused: the app's own 206"

# RFC 9110 15.3.7 and 15.4.5: what a 206 and a 304 must repeat of the 200
REPEATED = ("etag", "cache-control", "content-location", "date", "expires", "vary")


def ask(port: int, case: Case, fields: list[tuple[str, str]]) -> Response:
    """Send a request exactly as written; nothing may come after the answer."""
    body = case.get("request_body", "").encode("latin-1")
    lines = [f"{case['method']} {case['resource']['path']} HTTP/{case.get('http_version', '1.1')}"]
    lines += ["Host: localhost", *(f"{name}: {value}" for name, value in fields)]
    if body or case["method"] in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    lines += ["Connection: close", "", ""]
    with Connection(port) as connection:
        connection.socket.sendall("\r\n".join(lines).encode("latin-1") + body)
        response = connection.read(case["method"])
        rest = connection.rest()
    assert rest == b"", f"{len(rest)} bytes after the end of the response"
    return response


def first(response: Response, name: str) -> str | None:
    """A field that may come once at most (`get` fails if it comes twice)."""
    return response.get(name)


@dataclass
class Judge:
    """The judge at one server. It learns the unconditional 200 of each resource once."""

    port: int
    ascending: bool
    """Whether this server's app gives forward-only bodies."""
    learned: dict[str, Response] = field(default_factory=dict)

    def baseline(self, path: str) -> Response:
        """The answer to a plain GET, which must be what the catalogue says."""
        resource = RESOURCES[path]
        if path not in self.learned or resource["last_modified"] == "now":
            reply = ask(self.port, {"method": "GET", "resource": resource}, [])
            assert reply.status == resource["status"]
            if reply.status not in (204, 304):
                assert reply.body == content_of(path)
            assert first(reply, "etag") == resource["etag"]
            if resource["last_modified"] != "now":
                assert first(reply, "last-modified") == resource["last_modified"]
            for name, value in resource["headers"]:
                assert value in reply.all(name)
            self.learned[path] = reply
        return self.learned[path]

    def verdict(self, case: Case) -> str:
        """`PREFERRED`, one of the allowed, or what is wrong."""
        try:
            baseline = self.baseline(case["resource"]["path"])
            asked = [(name, fill(value, baseline)) for name, value in case["request_headers"]]
            reply = ask(self.port, case, asked)
            return self.compare(reply, case, baseline)
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    def compare(self, reply: Response, case: Case, baseline: Response) -> str:
        if baseline.status == 206 and reply.status == 500:
            return REFUSED
        problems = always(reply, case, baseline)
        if problems:
            return "; ".join(problems)
        expect = case["expect"]
        problems = differences(reply, expect, case, baseline)
        if not problems:
            return PREFERRED
        if self.ascending and "parts" in expect:
            parts = sorted(expect["parts"], key=lambda part: part["slice"])
            if not differences(reply, {**expect, "parts": parts}, case, baseline):
                return ASCENDING
        for other in expect.get("alternatives", []):
            if not differences(reply, other, case, baseline):
                return ALTERNATIVE
        return "; ".join(problems)


# The request: values that depend on the resource's validators


def fill(text: str, baseline: Response) -> str:
    """Fill in `${...}`, as `format` in the vectors describes."""
    return re.sub(r"\$\{([a-z0-9.]+)([+-][0-9]+)?\}", lambda m: filled(m[1], m[2], baseline), text)


def filled(name: str, offset: str | None, baseline: Response) -> str:
    if name == "now":
        return formatdate(int(time.time()) + int(offset or 0), usegmt=True)
    if name.startswith("etag"):
        return ETAGS[name](baseline["etag"])
    modified = baseline["last-modified"]
    if name == "lm" and offset is None:
        return modified
    if name == "lm.lower":
        return modified.lower()
    moment = parsedate_to_datetime(modified)
    if name == "lm.rfc850":
        return f"{moment:%A, %d-%b-%y %H:%M:%S} GMT"
    if name == "lm.asctime":
        return moment.ctime()
    assert name == "lm", name
    return formatdate(int(moment.timestamp()) + int(offset or 0), usegmt=True)


ETAGS: dict[str, Callable[[str], str]] = {
    "etag": lambda tag: tag,
    "etag.opaque": lambda tag: tag.removeprefix("W/"),
    "etag.weak": lambda tag: "W/" + tag.removeprefix("W/"),
    "etag.lowerw": lambda tag: "w/" + tag.removeprefix("W/"),
    "etag.unquoted": lambda tag: tag.removeprefix("W/").strip('"'),
    "etag.inner": lambda tag: tag.removeprefix("W/").strip('"')[:-1],
    "etag.cut": lambda tag: tag[:-1],
    "etag.case": lambda tag: tag.removeprefix("W/").swapcase(),
}


# The answer


def always(reply: Response, case: Case, baseline: Response) -> list[str]:
    """What must hold of any answer, whatever the case expects."""
    bad = [
        f"{name} came {len(reply.all(name))} times"
        for name in (
            "content-length", "content-type", "content-range", "etag", "last-modified",
            "accept-ranges", "date", "transfer-encoding",
        )
        if len(reply.all(name)) > 1
    ]  # fmt: skip
    resource = RESOURCES[case["resource"]["path"]]
    if bad or resource["status"] != 200:
        return bad
    length = reply.get("content-length")
    if length is not None and reply.get("transfer-encoding") is not None:
        bad.append("both Content-Length and Transfer-Encoding")
    if reply.status in (206, 304):
        for name in REPEATED:
            same = reply.get(name) is not None if name == "date" else True
            if name != "date":
                same = reply.all(name) == baseline.all(name)
            if not same:
                bad.append(f"{name} of a {reply.status}: {reply.all(name)}")
    whole = reply.status == 304 or (case["method"] == "HEAD" and reply.status == 200)
    if whole and length not in (None, str(resource["size"])):  # RFC 9110 8.6
        bad.append(f"Content-Length {length} where there is no content")
    if reply.status == 206:
        several = (reply.get("content-type") or "").startswith("multipart/byteranges")
        if several == (reply.get("content-range") is not None):  # RFC 9110 15.3.7.1 and .2
            bad.append("Content-Range is for a single part, and only there")
        if length is None:
            bad.append("a 206 without Content-Length")
    return bad


def differences(
    reply: Response, expect: dict[str, Any], case: Case, baseline: Response
) -> list[str]:
    """How an answer differs from an expectation."""
    if reply.status != expect["status"]:
        return [f"status {reply.status}, not {expect['status']}"]
    bad = []
    for name, want in (expect.get("headers") or {}).items():
        if not satisfies(reply, name, want, baseline):
            bad.append(f"{name} is {reply.all(name)}, not {want!r}")
    data = content_of(case["resource"]["path"])
    if case["method"] != "HEAD":
        if "body" in expect and reply.body != b"".join(data[a:b] for a, b in expect["body"]):
            bad.append(f"body of {len(reply.body)} bytes: {reply.body[:24]!r}")
        if "not_body" in expect and data and reply.body == data:
            bad.append("the body is the whole representation")
        if len(reply.body) > expect.get("max_body", len(reply.body)):
            bad.append(f"body of {len(reply.body)} bytes, more than {expect['max_body']}")
    if "parts" in expect and not bad:
        wanted = merged([(a, b) for a, b in (part["slice"] for part in expect["parts"])])
        bad += different_parts(reply, wanted, data, baseline)
    return bad


def satisfies(reply: Response, name: str, want: str | None, baseline: Response) -> bool:
    got = reply.all(name)
    if want is None:
        return not got
    if want == "@present":
        return bool(got)
    if want == "@baseline":
        return got == baseline.all(name)
    if want.startswith("@not:"):
        return not any(want[5:] in value for value in got)
    if want.startswith("~"):
        return any(re.search(want[1:], value) for value in got)
    if name.lower() == "content-length" and not got and reply.status == 304:
        return True
    return got == [want]


def merged(asked: Ranges) -> Ranges:
    """Our rule: ranges that overlap or touch become one, in place of the first."""
    parts: Ranges = []
    for start, stop in asked:
        touching = [part for part in parts if part[0] <= stop and start <= part[1]]
        joined = (
            min([start, *(part[0] for part in touching)]),
            max([stop, *(part[1] for part in touching)]),
        )
        place = parts.index(touching[0]) if touching else len(parts)
        parts = [part for part in parts[:place] if part not in touching] + [joined] + [
            part for part in parts[place:] if part not in touching
        ]  # fmt: skip
    return parts if parts == asked else merged(parts)


def different_parts(reply: Response, wanted: Ranges, data: bytes, baseline: Response) -> list[str]:
    """A single part is the body itself; several are re-read by the `email` parser."""
    if len(wanted) == 1:
        found = [(reply.get("content-range"), reply.get("content-type"), reply.body)]
    else:
        found = [
            (part.headers.get("content-range"), part.headers.get("content-type"), part.body)
            for part in read_parts(reply.get("content-type") or "", reply.body)
        ]
    kind = baseline.get("content-type")
    expected = [(f"bytes {a}-{b - 1}/{len(data)}", kind, data[a:b]) for a, b in wanted]
    if found == expected:
        return []
    return [f"parts {[part[:2] for part in found]}, not {[part[:2] for part in expected]}"]
