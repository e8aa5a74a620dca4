"""No secret is printed: not on the terminal, nor in JSON, JUnit, annotations or curl lines."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from check.zoo import Asked, Right, Said, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from rangeserve.check import CouldNotAsk, Report, check
from rangeserve.check.command import main
from rangeserve.check.report.annotations import in_annotations
from rangeserve.check.report.as_json import in_json
from rangeserve.check.report.junit import in_junit
from rangeserve.check.report.terminal import in_text
from rangeserve.check.secrets import Secrets, shown_url

# What nothing that is shown has in it by chance.
SECRETS = st.text("ghijkmpqxyzGHJKMPQXYZ23456789-._~", min_size=8, max_size=24).map("s3Q".__add__)


def everything(report: Report) -> str:
    return "\n".join(
        [
            in_text(report, verbose=True, colour=True),
            in_json([report], [("a", "b")]),
            in_junit([report], []),
            in_annotations(report),
            repr(report),
        ]
    )


def echoing(scope: Any) -> str:
    """All that a server could repeat of what it was sent."""
    fields = b" ".join(value for _, value in scope["headers"])
    return (scope["query_string"] + b" " + fields).decode("latin-1")


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An app that puts what it was sent into each field that is shown, and is wrong in most."""
    if scope["type"] != "http":
        raise ValueError
    said = echoing(scope).replace('"', "'").encode("latin-1")
    names = (b"content-type", b"content-encoding", b"content-range", b"etag", b"vary", b"server",
             b"last-modified", b"accept-ranges", b"x-powered-by", b"cache-control")  # fmt: skip
    fields = [(name, said) for name in names]
    is_ranged = any(name == b"range" for name, _ in scope["headers"])
    status = 206 if is_ranged else 200
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": said})


@settings(max_examples=25)
@given(in_field=SECRETS, in_query=SECRETS, cookie=SECRETS)
def test_no_secret_is_shown_whatever_an_app_repeats(
    in_field: str, in_query: str, cookie: str
) -> None:
    report = check(
        echo,
        f"/film.mp4?X-Signature={quote(in_query)}&n=1",
        headers=[("Authorization", f"Bearer {in_field}"), ("Cookie", f"a=1; session={cookie}")],
    )
    assert report.failed
    text = everything(report)
    for secret in (in_field, in_query, cookie):
        assert secret not in text
    assert "X-Signature=***" in text


def repeated(asked: Asked) -> Said:
    """A right answer whose tag and type are all that was sent."""
    said = " ".join([asked.path, *asked.fields.values()]).replace('"', "'")
    fields = {**Right().fields, "Content-Type": said, "Server": said, "ETag": f'"{said}'}
    return Right(fields=fields)(asked)


def test_no_secret_is_shown_of_a_url() -> None:
    secret, password, field = "s3Qin-query", "s3Qpassword", "s3Qin-field"
    with serving(repeated) as server:
        url = server.url.replace("http://", f"http://user:{password}@") + f"?sig={secret}&{field}"
        report = check(url, headers=[("X-Api-Key", field)])
        # They were sent, so there was something to hide.
        sent = [(asked.path, asked.fields) for asked in server.requests]
    assert all(secret in path and fields["x-api-key"] == field for path, fields in sent)
    assert all(fields["authorization"].startswith("Basic ") for _, fields in sent)
    text = everything(report)
    for value in (secret, password, field, sent[0][1]["authorization"].removeprefix("Basic ")):
        assert value not in text
    assert "-u '***'" in text
    assert "-H 'X-Api-Key: ***'" in text
    assert "/film.mp4?sig=***&***" in text
    assert json.loads(in_json([report], []))["reports"][0]["target"].endswith("?sig=***&***")
    assert ElementTree.fromstring(in_junit([report], [])).find("testsuite") is not None


def test_a_redirect_to_another_host_gets_no_fields_of_the_user_and_shows_no_signature() -> None:
    secret, signature = "s3Qin-field", "s3Qsignature"
    with serving(Right()) as there:
        away = there.url.replace("127.0.0.1", "localhost") + f"?sig={signature}"

        def sends_away(asked: Asked) -> Said:
            return Said(302, (("Location", away),)).carrying(b"")

        with serving(sends_away) as here:
            url = here.url.replace("http://", f"http://user:{secret}@")
            report = check(url, headers=[("X-Api-Key", secret)])
        assert all(asked.fields.get("x-api-key") == secret for asked in here.requests)
        for asked in there.requests:
            assert not {"x-api-key", "authorization"} & set(asked.fields)
    assert report.failed == ()
    text = everything(report)
    assert secret not in text
    assert signature not in text


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["http://127.0.0.1:1/a?sig=s3Qsecret"], id="nobody listens"),
        pytest.param(["ftp://user:s3Qsecret@host/a"], id="no HTTP"),
        pytest.param(["s3Q?s3Qsecret"], id="no URL"),
        pytest.param(["http://[s3Qsecret"], id="a malformed URL"),
        pytest.param(["http://h/", "-H", "s3Qsecret"], id="a malformed header"),
        pytest.param(["http://h/", "-H", "s3Qsecret: a\nb"], id="a header of two lines"),
    ],
)
def test_no_secret_is_shown_of_what_cannot_be_asked(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ([], ["--json"]):
        with contextlib.suppress(SystemExit):  # of argparse
            assert main([*arguments, *more]) == 2
        assert "s3Qsecret" not in "".join(capsys.readouterr())


@given(st.text(max_size=60))
def test_showing_a_url_never_raises_what_asking_would_not(text: str) -> None:
    url = f"http://host/{text}"
    try:
        shown = shown_url(url)
    except ValueError:
        with pytest.raises((CouldNotAsk, ValueError)):
            check(url, timeout=0.01)
    else:
        assert shown.isprintable()


def test_short_values_are_left_out_where_they_stand_and_not_everywhere() -> None:
    secrets = Secrets("http://h/?a=7", [("X", "1")])
    assert secrets.hide("bytes 0-17/171") == "bytes 0-17/171"
    assert shown_url("http://h/?a=7&b#frag") == "http://h/?a=***&***"
