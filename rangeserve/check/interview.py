"""`Interview`: the questions with their replies, and what follows from them about the target.

What a right answer is comes from `rangeserve.core`: nothing here knows a rule of RFC 9110.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..core import (
    ByteRange,
    Limits,
    Parts,
    Representation,
    Request,
    Selection,
    parse_http_date,
    read_request,
    select,
)
from ..core.partial import read_content_range
from .answers import Answer, NoAnswer, Question, Reply

__all__ = ["Interview"]

_LIMITS = Limits(slack=1 << 60)  # several ranges that are asked here are never too many


@dataclass
class Interview:
    """The questions that were asked of one target, each with its reply, in their order.

    `now` is in seconds since the epoch.
    """

    now: float
    in_process: bool = False
    questions: dict[str, Question] = field(default_factory=dict[str, Question])
    replies: dict[str, Reply] = field(default_factory=dict[str, Reply])

    def note(self, question: Question, reply: Reply) -> None:
        """Note the reply to a question."""
        self.questions[question.name] = question
        self.replies[question.name] = reply

    def answer(self, name: str) -> Answer | None:
        """The answer to the question `name`; `None` if it was not asked, or nothing came."""
        reply = self.replies.get(name)
        return reply if isinstance(reply, Answer) else None

    def answers(self, status: int | None = None) -> Iterator[tuple[str, Answer]]:
        """Each answer with the name of its question, or those with this status."""
        for name, reply in self.replies.items():
            if isinstance(reply, Answer) and status in (None, reply.status):
                yield name, reply

    def why_not(self, name: str) -> str:
        """Why the reply to the question `name` says nothing."""
        reply = self.replies.get(name)
        if isinstance(reply, NoAnswer):
            return reply.why
        return "it was not asked" if reply is None else f"the server answered {reply.status}"

    @property
    def whole(self) -> Answer:
        """The answer to the plain GET; without one there is nothing to judge."""
        answer = self.answer("whole")
        assert answer is not None, "the script goes on only after the plain GET was answered"
        return answer

    @property
    def length(self) -> int | None:
        """The complete length in bytes, from the most reliable answer that tells it.

        A body that came to its end; the Content-Length of the whole; the Content-Range of a part;
        the answer to HEAD.
        """
        whole = self.whole
        if whole.status == 200 and not self.coded:
            if whole.complete and whole.trouble is None:
                return len(whole.body)
            if whole.representation.content_length is not None:
                return whole.representation.content_length
        for _, answer in self.answers(206):
            said = read_content_range(answer.get("content-range") or "")
            if said is not None and said[1] is not None:
                return said[1]
        head = self.answer("head")
        if head is None or head.status != 200 or head.representation.coded:
            return None
        return head.representation.content_length

    @cached_property
    def coded(self) -> bool:
        """Whether the representation has a coding although the client asked for none."""
        return self.whole.representation.coded

    @property
    def representation(self) -> Representation:
        """The representation, as if the server offered ranges of it: what a client hopes for."""
        return replace(
            self.whole.representation,
            complete_length=self.length,
            coded=False,
            accepts_ranges=None,
            has_content_range=False,
            content_range=None,
        )

    def request(self, name: str) -> Request:
        """The question `name` as the core reads it."""
        question = self.questions[name]
        pairs = [(key.encode("ascii"), value.encode("latin-1")) for key, value in question.fields]
        return read_request(question.method, pairs) or Request(question.method)

    def expected(self, name: str) -> Selection:
        """What the core decides for the question `name` (RFC 9110 13.2.2, 14.2)."""
        request = self.request(name)
        return select(request, self.representation, _LIMITS, self.now)

    def expected_part(self, name: str) -> ByteRange | None:
        """The one range that the core sends for the question `name`; `None` if it sends none."""
        selection = self.expected(name)
        if isinstance(selection, Parts) and len(selection.ranges) == 1:
            return selection.ranges[0]
        return None

    def modified(self) -> int | None:
        """The Last-Modified of the whole in seconds since the epoch, `None` if there is none."""
        value = self.whole.representation.last_modified
        return None if value is None else parse_http_date(value, self.now)
