"""`check`: asks a URL, or an app in process, and judges the answers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Union

import anyio

from ..core.representation import is_field_value
from ..types import ASGIApp
from .answers import Question, Reply
from .asking import UrlAsker
from .budget import Budget
from .checks import Failed
from .clients import verdicts
from .cures import cure_for, server_of
from .in_process import AppAsker, bytes_read, living
from .interview import Interview
from .judge import judge
from .model import CouldNotAsk, Exchange, Report
from .questions import ORIGIN, script
from .secrets import shown_url
from .signed import expiry_of
from .stability import changed
from .targets import ConnectTo, Options
from .texts import cleaned, reply_in_words

__all__ = ["check", "check_async"]

# RFC 9110 5.1: a field name is a token.
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
Asker = Union[UrlAsker, AppAsker]
OnReply = Callable[[str, int], object]
"""What is called with the purpose of each question that was answered, and its number."""


def check(
    target: str | ASGIApp,
    path: str = "/",
    *,
    headers: Iterable[tuple[str, str]] = (),
    origin: str = ORIGIN,
    insecure: bool = False,
    connect_to: Iterable[ConnectTo] = (),
    timeout: float = 15.0,
    read_so_far: Callable[[], int | None] = bytes_read,
    seed: int = 0,
    on_reply: OnReply | None = None,
) -> Report:
    """Ask `target`, a URL or an ASGI app, and report what clients will meet there.

    See `check_async`, which does the same in an event loop that runs already.
    """
    call = partial(
        check_async,
        target,
        path,
        headers=headers,
        origin=origin,
        insecure=insecure,
        connect_to=connect_to,
        timeout=timeout,
        read_so_far=read_so_far,
        seed=seed,
        on_reply=on_reply,
    )
    return anyio.run(call)


async def check_async(
    target: str | ASGIApp,
    path: str = "/",
    *,
    headers: Iterable[tuple[str, str]] = (),
    origin: str = ORIGIN,
    insecure: bool = False,
    connect_to: Iterable[ConnectTo] = (),
    timeout: float = 15.0,
    read_so_far: Callable[[], int | None] = bytes_read,
    seed: int = 0,
    on_reply: OnReply | None = None,
) -> Report:
    """Ask `target`, a URL or an ASGI app, and report what clients will meet there.

    `path`, with its query, and `read_so_far` are for an app; `insecure` and `connect_to` for a
    URL. `headers` go with each request. `timeout` is in seconds, for each wait. `seed` places the
    random windows. `on_reply` is told of each answer. At most 40 requests are sent, and 8 MB
    received. `CouldNotAsk` if there is nothing to judge; `ValueError` for a header that is none.
    """
    budget, given = Budget(), tuple(headers)
    for name, value in given:
        if not is_field_value(value) or not _NAME.fullmatch(name):
            raise ValueError(f"not a field: {name!r}")  # the value may be a secret
    if isinstance(target, str):
        options = Options(given, insecure, tuple(connect_to), timeout)
        asker = UrlAsker(target, options, budget)
        return await _report(asker, shown_url(target), budget, origin, seed, on_reply)
    app = AppAsker(target, path, given, budget, read_so_far=read_so_far, timeout=timeout)
    async with living(target, timeout) as state:
        app.state = state
        shown = app.command(Question("", "")).partition(" | ")[0].removeprefix("GET ")
        return await _report(app, shown, budget, origin, seed, on_reply)


async def _report(
    asker: Asker, shown: str, budget: Budget, origin: str, seed: int, on_reply: OnReply | None
) -> Report:
    interview = Interview(time.time(), in_process=asker.in_process)
    commands: dict[str, str] = {}

    async def reply_to(question: Question) -> Reply:
        reply = await asker.ask(question)
        commands[question.name] = asker.command(question)
        if on_reply is not None:
            on_reply(question.purpose, budget.sent)
        return reply

    questions = script(interview, origin=origin, seed=seed, http2=lambda: asker.offers_http2)
    try:
        question = next(questions)
        while True:
            question = questions.send(await reply_to(question))
    except StopIteration:
        pass
    _refuse_what_cannot_be_judged(interview, asker)
    return _written(interview, asker, shown, budget, commands)


def _refuse_what_cannot_be_judged(interview: Interview, asker: Asker) -> None:
    whole = interview.answer("whole")
    if whole is None:
        raise CouldNotAsk(asker.secrets.hide(interview.why_not("whole")))
    if whole.status not in (200, 206):
        raise CouldNotAsk(f"the answer is {whole.status}, not a representation")


def _written(
    interview: Interview, asker: Asker, shown: str, budget: Budget, commands: dict[str, str]
) -> Report:
    """The report, from which every secret is taken out."""
    hide = asker.secrets.hide
    findings = tuple(cleaned(each, hide) for each in judge(interview))
    server = server_of(interview.whole)
    codes = [each.check.code for each in findings if isinstance(each.judgement, Failed)]
    notes: list[str] = []
    if changed(interview):
        notes.append("The content changed during the check: what compares answers is not judged.")
    if budget.is_spent:
        notes.append("The budget of requests is spent: some questions were not asked.")
    ends = expiry_of(interview.whole.url or "")
    if ends is not None:
        left = max(int(ends - interview.now), 0)
        notes.append(
            f"The URL is signed, and expires in {left:,} s: nothing can be resumed after that."
        )
    if any(answer.is_throttled for _, answer in interview.answers()):
        notes.append("The server declined some questions (429 or 503): they are not judged.")
    return Report(
        target=hide(shown),
        server=server,
        findings=findings,
        clients=verdicts(findings),
        cures={code: cure_for(code, server) for code in codes},
        exchanges=tuple(
            Exchange(
                name,
                question.purpose,
                hide(commands[name]),
                hide(reply_in_words(interview.replies[name])),
            )
            for name, question in interview.questions.items()
        ),
        requests=budget.sent,
        received=budget.received,
        notes=tuple(notes),
    )
