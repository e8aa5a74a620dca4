"""No byte from outside of the root, whatever is asked for."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.driver import Answer, ask, http_scope

from rangeserve.directory import DirectoryApp, beneath
from rangeserve.directory.target import read_target

OUTSIDE = b"SECRET-OUTSIDE"
HIDDEN = b"SECRET-HIDDEN"
INSIDE = b"inside "


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root among folders that hold secrets, with links of every kind."""
    top = tmp_path_factory.mktemp("tree")
    root = top / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / ".git").mkdir()
    for folder in (top / "outside", top / "root-sibling", top / "root " / "sub"):
        folder.mkdir(parents=True)
        (folder / "secret.txt").write_bytes(OUTSIDE)
    (top / "secret.txt").write_bytes(OUTSIDE)
    (root / "a.txt").write_bytes(INSIDE + b"a")
    (root / "sub" / "a.txt").write_bytes(INSIDE + b"sub")
    (root / "sub" / "deep" / "a.txt").write_bytes(INSIDE + b"deep")
    (root / ".secret.txt").write_bytes(HIDDEN)
    (root / ".git" / "secret.txt").write_bytes(HIDDEN)
    for name, leads_to in {
        "out": "../outside",
        "out.txt": "../secret.txt",
        "sibling": "../root-sibling",
        "up": "..",
        "slash": "/",
        "absolute-out": str(top / "outside" / "secret.txt"),
        "absolute-in": str(root / "sub"),
        "in": "sub",
        "in.txt": "sub/a.txt",
        "round": "sub/../a.txt",
        "out-and-in": "../root/a.txt",
        "git": ".git",
        "loop": "loop",
        "chain": "out",
    }.items():
        (root / name).symlink_to(leads_to)
    (root / "sub" / "back").symlink_to("..")
    return top


def request(root: Path, raw: str, *, hidden: bool, with_raw: bool, root_path: str = "") -> Answer:
    scope: dict[str, Any] = http_scope(path=unquote(raw)) | {"root_path": root_path}
    scope["raw_path"] = raw.encode("ascii")
    if not with_raw:
        del scope["raw_path"]
    return anyio.run(partial(ask, DirectoryApp(root, hidden=hidden), scope=scope))


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        pytest.param("/in/a.txt", b"sub", id="through a link"),
        pytest.param("/in.txt", b"sub", id="a link"),
        pytest.param("/absolute-in/a.txt", b"sub", id="an absolute link"),
        pytest.param("/round", b"a", id="a link up and down"),
        pytest.param("/out-and-in", b"a", id="a link out and in again"),
        pytest.param("/sub/back/in/deep/a.txt", b"deep", id="links in a row"),
    ],
)
def test_links_inside_are_followed(tree: Path, raw: str, body: bytes) -> None:
    answer = request(tree / "root", raw, hidden=False, with_raw=True)
    assert (answer.status, answer.body) == (200, INSIDE + body)


@pytest.mark.parametrize("with_raw", [True, False], ids=["raw", "decoded"])
@pytest.mark.parametrize(
    "raw",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E./secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/sub/../../secret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "/sub/%2e%2e/a.txt",
        "/./../secret.txt",
        "/.%2f../secret.txt",
        "/a.txt/.",
        "/sub%2fa.txt%00.jpg",
        "/a.txt%00",
        "/%00",
        "//../secret.txt",
        "/..;/secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/%ff",
        "/out/secret.txt",
        "/out/",
        "/out",
        "/out.txt",
        "/chain/secret.txt",
        "/sibling/secret.txt",
        "/up/secret.txt",
        "/up/outside/secret.txt",
        "/slash/etc/passwd",
        "/absolute-out",
        "/loop",
        "/loop/a.txt",
        "/sub/back/up/secret.txt",
        "/" + "a" * 300,
        "/" + "a/" * 3000,
        "//etc/passwd",
        "/file:///etc/passwd",
        "/C:/Windows/win.ini",
        "/~root/.profile",
    ],
)
def test_what_is_not_below_the_root_is_not_there(tree: Path, raw: str, with_raw: bool) -> None:
    answer = request(tree / "root", raw, hidden=True, with_raw=with_raw)
    assert answer.status == 404
    assert answer.body == b"404: there is no such file or folder here.\n"


@pytest.mark.parametrize("with_raw", [True, False], ids=["raw", "decoded"])
@pytest.mark.parametrize(
    "path", ["", "a.txt", "x/a.txt", "*", "http://host/a.txt", "%2fa.txt", "../secret.txt"]
)
def test_a_path_without_a_slash_is_a_400(tree: Path, path: str, with_raw: bool) -> None:
    scope: dict[str, Any] = http_scope() | {"path": path, "raw_path": path.encode()}
    if not with_raw:
        del scope["raw_path"]
    answer = anyio.run(partial(ask, DirectoryApp(tree / "root"), scope=scope))
    assert answer.status == 400
    assert answer.body == b"400: a path begins with a slash.\n"


@pytest.mark.parametrize("with_raw", [True, False], ids=["raw", "decoded"])
@pytest.mark.parametrize(
    ("raw", "body"),
    [
        pytest.param("/./a.txt", b"a", id="apt's flat repository"),
        pytest.param("/%2e/a.txt", b"a", id="encoded"),
        pytest.param("/.//././a.txt", b"a", id="several"),
        pytest.param("/sub/./a.txt", b"sub", id="in the middle"),
    ],
)
def test_a_dot_is_the_same_folder(tree: Path, raw: str, body: bytes, with_raw: bool) -> None:
    answer = request(tree / "root", raw, hidden=False, with_raw=with_raw)
    assert (answer.status, answer.body) == (200, INSIDE + body)


@pytest.mark.parametrize("raw", ["/sub/.", "/sub/%2E", "/./sub/./"])
def test_a_dot_at_the_end_is_a_slash(tree: Path, raw: str) -> None:
    answer = request(tree / "root", raw, hidden=False, with_raw=True)
    assert answer.body == request(tree / "root", "/sub/", hidden=False, with_raw=True).body
    assert answer.status == 200


def test_an_encoded_slash_is_part_of_a_name(tree: Path) -> None:
    assert request(tree / "root", "/sub%2fa.txt", hidden=False, with_raw=True).status == 404


@pytest.mark.parametrize("raw", ["/.secret.txt", "/.git/secret.txt", "/.git/", "/git/secret.txt"])
def test_hidden_names_only_when_asked_for(tree: Path, raw: str) -> None:
    assert request(tree / "root", raw, hidden=False, with_raw=True).status == 404
    assert request(tree / "root", raw, hidden=True, with_raw=True).status == 200


STEPS = [
    *("..", "%2e%2e", ".%2E", ".", "", "%2f", "%5c", "\\", "%00", "..\\", "..%2f", "%2e%2e%2f"),
    *("%252e%252e", "%c0%ae", "%EF%BC%8E", "...", " ", "%20", "%0d%0a", "*", "?", "outside"),
    *("root", "a.txt", "secret.txt", ".secret.txt", ".git", "sub", "deep", "back", "root-sibling"),
    *("out", "out.txt", "sibling", "up", "slash", "absolute-out", "absolute-in", "in", "in.txt"),
    *("round", "out-and-in", "git", "loop", "chain", "etc", "passwd", "tmp"),
]  # fmt: skip
paths = st.lists(
    st.sampled_from(STEPS)
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=4),
    max_size=8,
).map(lambda steps: "/" + "/".join(steps).replace("?", "%3f").replace("#", "%23"))


@given(
    raw=paths,
    hidden=st.booleans(),
    with_raw=st.booleans(),
    root_path=st.sampled_from(["", "/sub", "/..", "/sub/..", "//"]),
)
@example(raw="/up/secret.txt", hidden=True, with_raw=True, root_path="")
@example(raw="/git/secret.txt", hidden=False, with_raw=True, root_path="")
@example(raw="/../../secret.txt", hidden=True, with_raw=False, root_path="/..")
@settings(max_examples=150, deadline=None)
def test_no_byte_from_outside(
    tree: Path, raw: str, hidden: bool, with_raw: bool, root_path: str
) -> None:
    answer = request(tree / "root", raw, hidden=hidden, with_raw=with_raw, root_path=root_path)
    assert OUTSIDE not in answer.body
    assert hidden or HIDDEN not in answer.body
    if answer.status == 200:
        assert answer.body.startswith((INSIDE, HIDDEN, b"<!doctype html>"))
        assert b"root-sibling" not in answer.body  # a listing of the folder above
    else:
        assert answer.status in (301, 404)
        assert len(answer.body) < 100


@given(
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(
        lambda text: "/" + text
    ),
    raw=st.binary(max_size=30),
    root_path=st.text(max_size=5),
)
@settings(max_examples=300)
def test_a_target_is_plain_names(path: str, raw: bytes, root_path: str) -> None:
    for scope in ({"path": path}, {"path": path, "raw_path": raw}):
        target = read_target(scope | {"root_path": root_path})
        if target is not None:
            assert not {"", ".", ".."}.intersection(target.names)
            assert not any("/" in name or "\0" in name for name in target.names)
            assert target.location.startswith("/")
            assert not target.location.startswith(("//", "/\\"))
            assert target.location.endswith("/")
            assert target.location.isascii()
            assert target.location.isprintable()


@pytest.fixture
def race(tmp_path: Path) -> Path:
    """A root whose `sub` can be swapped for a link that leads out."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.txt").write_bytes(OUTSIDE)
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "sub" / "a.txt").write_bytes(INSIDE)
    return tmp_path


@pytest.mark.parametrize("stepwise", [True, False], ids=["opened step by step", "opened by path"])
@pytest.mark.parametrize("swapped", ["sub", "sub/a.txt"])
def test_a_link_put_there_in_the_last_moment_is_not_followed(
    race: Path, monkeypatch: pytest.MonkeyPatch, swapped: str, stepwise: bool
) -> None:
    root = race / "root"
    real_open, done = os.open, False
    if not stepwise:
        monkeypatch.setattr(beneath, "_can_step", False)

    def swap_then_open(path: Any, *args: Any, **kwargs: Any) -> int:
        nonlocal done
        if not done:
            done = True
            target = root / swapped
            shutil.rmtree(target) if target.is_dir() else target.unlink()
            target.symlink_to(race / "outside" / ("" if swapped == "sub" else "a.txt"))
        return real_open(path, *args, **kwargs)

    assert request(root, "/sub/a.txt", hidden=False, with_raw=True).body == INSIDE
    monkeypatch.setattr(os, "open", swap_then_open)
    answer = request(root, "/sub/a.txt", hidden=False, with_raw=True)
    assert done
    assert answer.status == 404
    assert OUTSIDE not in answer.body


def test_where_folders_cannot_be_opened(race: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beneath, "_can_step", False)
    root = race / "root"
    (root / "out").symlink_to("../outside")
    (root / "in").symlink_to("sub")
    assert request(root, "/in/a.txt", hidden=False, with_raw=True).body == INSIDE
    assert request(root, "/out/a.txt", hidden=False, with_raw=True).status == 404
    page = request(root, "/", hidden=False, with_raw=True).body
    assert b'href="in/"' in page
    assert b'href="out' not in page


def test_the_root_may_be_reached_through_a_link(race: Path) -> None:
    (race / "link").symlink_to("root")
    assert request(race / "link", "/sub/a.txt", hidden=False, with_raw=True).body == INSIDE
    below_dot = race / ".hidden"
    (race / "root").rename(below_dot)
    assert request(below_dot, "/sub/a.txt", hidden=False, with_raw=True).body == INSIDE


def test_the_root_may_be_the_whole_file_system(race: Path) -> None:
    raw = f"{(race / 'root' / 'sub' / 'a.txt').as_posix()}"
    assert request(Path("/"), raw, hidden=True, with_raw=True).body == INSIDE
