"""The values that pass between the script of questions, whoever asks them, and the judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Union

from ..core import Representation, read_representation
from ..core.representation import Field

__all__ = ["MOST", "Answer", "NoAnswer", "Question", "Reply"]

MOST: Final = 64 * 1024
"""The bytes of a body that are read at most, unless a question says otherwise."""


_OF_INTERMEDIARIES: Final = (
    "via", "age", "cache-status", "x-cache", "x-cache-status", "cf-cache-status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """One request that is to be sent.

    `name` is unique in the script, and `purpose` is a phrase for people. `fields` are those that
    matter; whoever asks adds Host, User-Agent, Accept-Encoding and the fields of the user. Of the
    body at most `most` bytes are read, then the connection is closed. `from_start`: the URL of the
    user is asked, and its redirects are followed; else the URL to which they led. `http2`: the
    question is asked over HTTP/2.
    """

    name: str
    purpose: str
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    most: int = MOST
    from_start: bool = False
    http2: bool = False

    def get(self, name: str) -> str | None:
        """The value of the field `name` of the request, `None` if it has none."""
        return next((value for key, value in self.fields if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """One response as it came.

    - `fields`: the field lines in the order in which they came, repeated ones too.
    - `body`: the bytes that were read. `complete`: whether the body has ended; if not, the client
      left (`cut`), or the message is broken.
    - `trouble`: what is wrong with the framing of the message, in a phrase; `None` if nothing is.
    - `seconds`: until the first byte of the body came, or the end of the message.
    - `hops`: how many redirects were followed; `url` is where they led, `None` in process.
    - `read`: the bytes that the producer was read, in process; `None` if unknown. `sent_late`: the
      bytes that an app in process still sent when the client had left.
    """

    status: int
    fields: tuple[Field, ...] = ()
    body: bytes = b""
    complete: bool = True
    cut: bool = False
    trouble: str | None = None
    seconds: float = 0.0
    hops: int = 0
    url: str | None = None
    http_version: str = "1.1"
    read: int | None = None
    sent_late: int | None = None

    def all(self, name: str) -> list[str]:
        """The values of all lines of the field `name`, which is in lower case."""
        key = name.encode("ascii")
        return [
            value.decode("latin-1").strip(" \t")
            for field, value in self.fields
            if field.lower() == key
        ]

    def get(self, name: str) -> str | None:
        """The value of the first line of the field `name`, `None` if there is none."""
        return next(iter(self.all(name)), None)

    def elements(self, name: str) -> set[str]:
        """The elements of the list field `name`, in lower case."""
        joined = ",".join(self.all(name))
        return {element.strip().lower() for element in joined.split(",")} - {""}

    @property
    def representation(self) -> Representation:
        """What the fields say of the representation, as the core reads them."""
        return read_representation(self.fields)

    @property
    def came_through_a_cache(self) -> bool:
        """Whether the fields name a proxy or a cache, to which less applies than to an origin."""
        return any(self.all(name) for name in _OF_INTERMEDIARIES)

    @property
    def is_throttled(self) -> bool:
        """Whether the server declines to answer for now, which says nothing of the question."""
        return self.status in (429, 503)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is no response. `closed`: the server ended the connection without one, twice."""

    why: str
    closed: bool = False


Reply = Union[Answer, NoAnswer]
"""What a question leads to."""
