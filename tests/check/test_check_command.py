"""`rangeserve check` as people run it: its words, its forms, its exit codes."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from check.faults import ZOO, a_suffix, ignored, when
from check.zoo import Right, no_fault, serving

from rangeserve.__main__ import main as entrance
from rangeserve.check.catalogue import CHECKS
from rangeserve.check.clients import CLIENTS
from rangeserve.check.command import main

NO_SUFFIX = when(a_suffix, ignored)


def test_a_right_server_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Right()) as server:
        assert entrance(["check", server.url]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    first, _, rest = out.partition("\n\n")
    assert first == server.url
    verdicts = rest.partition("\n\n")[0].splitlines()
    assert [line.strip().rpartition("  ")[0].strip() for line in verdicts] == [
        client.name for client in CLIENTS
    ]
    assert all(line.endswith("  works") for line in verdicts)
    assert "\x1b" not in out


def test_what_breaks_a_client_is_1_unless_the_client_does_not_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(Right(), NO_SUFFIX) as server:
        assert main([server.url]) == 1
        out = capsys.readouterr().out
        assert "  ZIP readers         breaks: R06\n" in out
        assert "R06  the last bytes (-500) are a 206 (RFC 9110 14.1.2)\n" in out
        assert "     breaks: sharded zarr, ZIP readers\n" in out
        assert "     cure:   `-500` asks for the last 500 bytes" in out
        assert main([server.url, "--client", "safari,duckdb"]) == 0
        assert "ZIP readers  " not in capsys.readouterr().out.partition("R06  ")[0]
        assert main([server.url, "--client", "zip"]) == 1


def test_who_cannot_be_asked_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Right()) as server:
        gone = server.url
    with serving(Right()) as server:
        assert main([gone, server.url]) == 2
    out, err = capsys.readouterr()
    assert out.startswith(server.url)
    assert err == f"rangeserve: {gone}: there is no connection: connection refused\n"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Right(), NO_SUFFIX) as server:
        assert main([server.url, "http://127.0.0.1:1/", "--json", "--client", "zip"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == 1
    assert [each["target"] for each in document["problems"]] == ["http://127.0.0.1:1/"]
    (report,) = document["reports"]
    assert report["clients"] == [
        {"key": "zip", "name": "ZIP readers", "verdict": "breaks", "codes": ["R06"]}
    ]
    assert [each["code"] for each in report["checks"]] == [each.code for each in CHECKS]
    (failed,) = [each for each in report["checks"] if each["result"] == "failed"]
    assert failed["code"] == "R06"
    assert failed["asked"] == ["suffix"]
    assert {"passed", "not judged"} < {each["result"] for each in report["checks"]}
    assert report["requests"] == len(server.requests)


def test_junit(tmp_path: Path) -> None:
    with serving(Right(), NO_SUFFIX) as server:
        assert main([server.url, "http://127.0.0.1:1/", "--junit", f"{tmp_path}/j.xml"]) == 2
    good, bad = ElementTree.parse(tmp_path / "j.xml").getroot()
    cases = good.findall("testcase")
    assert [case.get("name", "")[:3] for case in cases] == [each.code for each in CHECKS]
    failed = [case for case in cases if case.find("failure") is not None]
    assert [case.get("name", "")[:3] for case in failed] == ["R06"]
    assert good.get("failures") == "1"
    assert good.get("skipped") == str(sum(1 for case in cases if case.find("skipped") is not None))
    assert bad.find("testcase/error") is not None


def test_junit_of_a_client_that_does_not_suffer(tmp_path: Path) -> None:
    with serving(Right(), NO_SUFFIX) as server:
        assert main([server.url, "--client", "safari", "--junit", f"{tmp_path}/j.xml"]) == 0
        assert main([server.url, "--junit", f"{tmp_path}/none/j.xml"]) == 2
    assert ElementTree.parse(tmp_path / "j.xml").getroot()[0].get("failures") == "0"


def test_annotations(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    with serving(Right(), NO_SUFFIX) as server:
        main([server.url])
        assert "::error" not in capsys.readouterr().out
        main([server.url, "--annotations"])
        asked = capsys.readouterr().out
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        main([server.url, "--client", "safari"])
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::")]
    assert "::error title=R06 the last bytes (-500) are a 206::" in asked
    assert "(harms sharded zarr, ZIP readers). Cure: " in asked
    assert [line.partition(" ")[0] for line in lines] == ["::notice"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    "name", ["no faults", "0-1 is ignored", "HEAD is not allowed", "the preflight is not known"]
)
def test_each_line_of_curl_asks_the_same(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    fault = next((each.fault for each in ZOO if each.id == name), no_fault)
    with serving(Right(), fault) as server:
        main([server.url, "--json"])
        (report,) = json.loads(capsys.readouterr().out)["reports"]
        for exchange in report["exchanges"]:
            done = subprocess.run(
                shlex.split(exchange["command"]), capture_output=True, timeout=30, check=True
            )
            head = done.stdout.decode("latin-1")
            assert head.split()[1] == exchange["reply"][:3], exchange
            assert ("\ncontent-range:" in head.lower()) == ("content-range:" in exchange["reply"])


def test_verbose_shows_every_exchange_and_what_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Right(cors=False)) as server:
        assert main([server.url, "-v"]) == 0
    out = capsys.readouterr().out
    assert out.count("\ncurl -s ") == len(server.requests)
    assert "\nX01  not judged: no other origin may read it" in out


def test_colour_only_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    with serving(Right()) as server:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        main([server.url])
        out, err = capsys.readouterr()
        assert "\x1b[32mworks\x1b[0m" in out
        assert "\r\x1b[K1 requests: the whole" in err
        assert err.endswith("\r\x1b[K")
        monkeypatch.setenv("NO_COLOR", "1")
        main([server.url])
        assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no URL"),
        pytest.param(["http://h/", "--client", "netscape"], id="an unknown client"),
        pytest.param(["http://h/", "--header", "no colon"], id="a header without a colon"),
        pytest.param(["http://h/", "--header", "a b: c"], id="a header with a blank"),
        pytest.param(["http://h/", "--connect-to", "a:b"], id="half of a place"),
        pytest.param(["http://h/", "--connect-to", "a:x:b:1"], id="a port that is none"),
        pytest.param(["http://h/", "--timeout", "0"], id="no time"),
        pytest.param(["http://h/", "--timeout", "soon"], id="no number"),
    ],
)
def test_bad_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://host/a", "ftp://host/a: not a URL of HTTP: ftp://host/a"),
        ("film.mp4", "film.mp4: not a URL of HTTP: film.mp4"),
        ("http://[::1", "***: not a URL of HTTP: ***"),
        ("http://h:99999/", "http://h:99999/: not a URL of HTTP: http://h:99999/"),
    ],
)
def test_what_is_no_url(url: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([url]) == 2
    assert capsys.readouterr().err == f"rangeserve: {sentence}\n"


@pytest.mark.parametrize("name", ["h11", "h2.config"])
def test_without_the_extra(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rangeserve.check.wire", "rangeserve.check.http2"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, name, None)
    assert main(["http://127.0.0.1:1/"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"rangeserve: http://127.0.0.1:1/: {name} is missing")
    assert err.endswith("; install it with: pip install 'rangeserve[check]'\n")


def test_the_script_and_the_module_are_one_command() -> None:
    with serving(Right()) as server:
        for command in ([sys.executable, "-m", "rangeserve"], [f"{sys.prefix}/bin/rangeserve"]):
            done = subprocess.run(
                [*command, "check", server.url], capture_output=True, timeout=60, check=False
            )
            assert (done.returncode, done.stderr) == (0, b"")
            assert b"Safari video        works" in done.stdout
