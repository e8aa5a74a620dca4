"""Which names a ZIP archive may have."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.sources.zip_names import check_name, check_names, member_name


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a/b.txt",
        "ünïcödé/ß",
        "a/",
        ".hidden",
        "..a",
        "a..",
        "a b",
        "ab:c",
        "x/c:",
        "...",
        "%5C",
    ],
)
def test_a_safe_name_is_kept(name: str) -> None:
    assert check_name(name) == name.encode()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("/", id="a slash"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("//host/share", id="a host"),
        pytest.param("..", id="above"),
        pytest.param("../a", id="begins above"),
        pytest.param("a/../../b", id="leads above"),
        pytest.param("a/..", id="ends above"),
        pytest.param("a/../", id="a folder above"),
        pytest.param("./a", id="here"),
        pytest.param("a//b", id="an empty step"),
        pytest.param("a//", id="two slashes at the end"),
        pytest.param("a\\b", id="a backslash"),
        pytest.param("..\\a", id="above by a backslash"),
        pytest.param("C:", id="a drive"),
        pytest.param("c:a", id="below a drive"),
        pytest.param("a\0b", id="a NUL"),
        pytest.param("a\udce9", id="a lone surrogate"),
        pytest.param("a" * 65_536, id="too long"),
    ],
)
def test_an_unsafe_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name|path"):
        check_name(name)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["a", "b", "a"], id="twice"),
        pytest.param(["a/", "a/"], id="a folder twice"),
        pytest.param(["a", "a/"], id="a file and a folder"),
        pytest.param(["a/", "a"], id="a folder and a file"),
        pytest.param(["a", "a/b/c"], id="a file and the folder of another"),
        pytest.param(["x/y/b/c", "x/y/d", "x"], id="the folder of another and a file"),
    ],
)
def test_two_of_one_name_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="member"):
        check_names(names)


@pytest.mark.parametrize("names", [[], ["a", "A"], ["a/", "a/b", "a/c/d", "b"], ["a", "ab/c"]])
def test_other_names_are_accepted(names: list[str]) -> None:
    check_names(names)


@pytest.mark.skipif(sys.platform == "win32", reason="names on Windows are Unicode")
@pytest.mark.parametrize(
    ("steps", "name"),
    [
        pytest.param([b"a", b"b.txt"], "a/b.txt", id="plain"),
        pytest.param(["ü".encode()], "ü", id="UTF-8"),
        pytest.param([b"caf\xe9"], "caf%E9", id="Latin-1"),
        pytest.param([b"a\\..\\b"], "a%5C..%5Cb", id="backslashes"),
        pytest.param([b"c:", b"d:"], "c%3A/d:", id="a drive letter"),
    ],
)
def test_names_of_a_folder_are_made_portable(steps: list[bytes], name: str) -> None:
    made = member_name(map(os.fsdecode, steps))
    assert made == name
    check_name(made)


@pytest.mark.skipif(sys.platform == "win32", reason="names on Windows are Unicode")
@given(
    st.lists(
        st.binary(min_size=1, max_size=8).filter(
            lambda step: step not in (b".", b"..") and not {0, ord("/")} & set(step)
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_name_of_any_file_is_safe(steps: list[bytes]) -> None:
    check_name(member_name(map(os.fsdecode, steps)))
