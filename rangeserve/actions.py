"""What the state machine asks the rim to do, and where a response can stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Union

from .plan import Plan
from .sources.protocol import Source

__all__ = ["Action", "Message", "Open", "Serve", "State"]

Message = dict[str, Any]


class State(Enum):
    """Where a response stands."""

    START = "nothing has come from the app"
    HELD = "the response start is held until the length is known"
    OPENING = "a file is being opened"
    PASS = "messages are handed on"
    SLICING = "the body is sliced as it passes"
    SERVING = "a source gives the body"
    DONE = "the client has what it asked for"
    FAILED = "the response has failed"


@dataclass(frozen=True)
class Open:
    """Open the file at `path` and come back with `opened`."""

    path: str


@dataclass(frozen=True)
class Serve:
    """Send the segments of `plan` from `source`."""

    plan: Plan
    source: Source


Action = Union[Message, Open, Serve]
