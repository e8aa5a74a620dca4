"""What an observer is told."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict, fields

import pytest

from rangeserve import Outcome, Reason, ResponseFinished, ResponseStarted

STARTED = ResponseStarted(1, "GET", "/x", 200, 10, (), Reason.MALFORMED)


def finished(outcome: Outcome) -> ResponseFinished:
    return ResponseFinished(**asdict(STARTED), bytes_sent=10, seconds=0.5, outcome=outcome)


@pytest.mark.parametrize(
    ("outcome", "is_finished", "client_gone"),
    [
        pytest.param(Outcome.COMPLETE, True, False, id="complete"),
        pytest.param(Outcome.CLIENT_GONE, False, True, id="client gone"),
        pytest.param(Outcome.FAILED, False, False, id="failed"),
    ],
)
def test_outcomes(outcome: Outcome, is_finished: bool, client_gone: bool) -> None:
    event = finished(outcome)
    assert event.finished is is_finished
    assert event.client_gone is client_gone


@pytest.mark.parametrize(
    "event", [STARTED, finished(Outcome.COMPLETE)], ids=["started", "finished"]
)
def test_events_are_immutable(event: ResponseStarted | ResponseFinished) -> None:
    for field in fields(event):
        with pytest.raises(FrozenInstanceError):
            setattr(event, field.name, None)


def test_the_second_event_repeats_the_first() -> None:
    first = [field.name for field in fields(ResponseStarted)]
    assert [field.name for field in fields(ResponseFinished)][: len(first)] == first


def test_every_reason_says_something_of_its_own() -> None:
    assert len({reason.value for reason in Reason}) == len(Reason)
