"""What the command prints: access lines and warnings to stderr, the greeting to stdout."""

from __future__ import annotations

import os
import sys

__all__ = ["greet", "say"]


def say(line: str) -> None:
    """Print `line` to stderr, whoever reads it."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # stderr was closed: later writes must not fail, nor the flush at exit
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stderr.fileno())
        os.close(null)


def greet(text: str) -> None:
    """Print `text` to stdout; a character that stdout cannot encode is escaped."""
    coding = sys.stdout.encoding or "utf-8"
    print(text.encode(coding, "backslashreplace").decode(coding), flush=True)
