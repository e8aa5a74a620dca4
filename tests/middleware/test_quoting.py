"""Text from outside, as it may stand in a log or on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rangeserve._quoting import quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain ünïcode ✓", "plain ünïcode ✓"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("a\udc80", "a\\udc80"),
        ("https://me:secret@host/a", "https://***@host/a"),
        ("https://token@host", "https://***@host"),
        ("https://me:p@ss@host:9/a@b", "https://***@host:9/a@b"),
        ("http://a:b@c and http://d:e@f", "http://***@c and http://***@f"),
        ("http://host/a@b", "http://host/a@b"),
        ("mail me@host", "mail me@host"),
        ("//a//b:c@d//", "//a//***@d//"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert quoted(text) == shown


@given(st.text())
def test_it_is_always_one_printable_line(text: str) -> None:
    assert quoted(text).isprintable()


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#@")))
def test_no_password_is_left(password: str) -> None:
    assert f":{password}@" not in quoted(f"http://me:{password}@host/")
