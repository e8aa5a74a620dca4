"""Answers and judgements in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from .answers import NoAnswer, Reply
from .checks import Failed, Finding, NotJudged

__all__ = ["cleaned", "reply_in_words"]

# Those that matter; a Set-Cookie or a Location may hold a secret.
_SHOWN: Final = (
    "content-range", "content-length", "content-encoding", "accept-ranges", "etag",
    "last-modified", "vary", "access-control-allow-origin",
)  # fmt: skip


def reply_in_words(reply: Reply) -> str:
    """A reply in one line: its status, the fields that matter, and the size of its body."""
    if isinstance(reply, NoAnswer):
        return reply.why
    fields = [f"{name}: {value}" for name in _SHOWN for value in reply.all(name)]
    size = f"{len(reply.body):,} bytes read" + (", then left" if reply.cut else "")
    trouble = [reply.trouble] if reply.trouble else []
    return "; ".join([str(reply.status), *fields, size, *trouble])


def cleaned(finding: Finding, hide: Callable[[str], str]) -> Finding:
    """The finding with each text passed through `hide`."""
    judgement = finding.judgement
    if isinstance(judgement, Failed):
        return replace(finding, judgement=replace(judgement, came=hide(judgement.came)))
    if isinstance(judgement, NotJudged):
        return replace(finding, judgement=NotJudged(hide(judgement.why)))
    return finding
