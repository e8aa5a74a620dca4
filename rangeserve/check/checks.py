"""What a check is, and how it can come out. The checks themselves are in `judges`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

from .interview import Interview

__all__ = ["Check", "Failed", "Finding", "Judgement", "NotJudged", "Passed"]


@dataclass(frozen=True, slots=True)
class Passed:
    """The answers are right."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What came is not right: `came` says what, `asked` names the questions that showed it."""

    came: str
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotJudged:
    """The answers do not tell, for the reason `why`."""

    why: str


Judgement = Union[Passed, Failed, NotJudged]
"""How a check came out."""


@dataclass(frozen=True, slots=True)
class Check:
    """One fault that is looked for.

    `code` never changes its meaning; `title` says what holds if the check passes; `clause` is the
    document and the section that ask for it; `judge` reads the answers, and asks nothing.
    """

    code: str
    title: str
    clause: str
    judge: Callable[[Interview], Judgement]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check with its judgement for one target."""

    check: Check
    judgement: Judgement

    @property
    def failed(self) -> Failed | None:
        """What came, if the check failed; else `None`."""
        return self.judgement if isinstance(self.judgement, Failed) else None
