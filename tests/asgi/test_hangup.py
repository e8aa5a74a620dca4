"""`hangup.py`: our `ClientDisconnected` is taken back, and nothing else."""

from __future__ import annotations

import logging
import sys

import pytest

from rangeserve import ClientDisconnected
from rangeserve._asgi.hangup import without_hangup

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

OURS = ClientDisconnected("the response is complete")
OTHER = ValueError("something else")


def caused() -> Exception:
    try:
        raise RuntimeError("wrapped") from ClientDisconnected()
    except RuntimeError as error:
        return error


def met_meanwhile() -> Exception:
    try:
        try:
            raise ClientDisconnected
        except ClientDisconnected:
            raise RuntimeError("in the except block")  # noqa: B904
    except RuntimeError as error:
        return error


def hidden_deep() -> Exception:
    group = ExceptionGroup("inner", [KeyError(), ExceptionGroup("innermost", [OURS])])
    error = RuntimeError("outer")
    error.__cause__ = LookupError()
    error.__cause__.__context__ = group
    return error


def circular() -> Exception:
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__context__, two.__context__ = two, one
    return one


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OURS, id="plain"),
        pytest.param(ExceptionGroup("g", [OURS]), id="group of one"),
        pytest.param(ExceptionGroup("g", [OURS, ExceptionGroup("h", [OURS])]), id="nested groups"),
    ],
)
def test_our_own_is_taken_back_without_a_word(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert without_hangup(error) is None
    assert caplog.records == []


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OTHER, id="plain"),
        pytest.param(OSError("looks like it"), id="OSError"),
        pytest.param(ConnectionResetError(), id="ConnectionResetError"),
        pytest.param(ExceptionGroup("g", [OTHER, OSError()]), id="group"),
        pytest.param(circular(), id="a circle of contexts"),
    ],
)
def test_anything_else_is_kept_as_it_is(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    assert without_hangup(error) is error
    assert caplog.records == []


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(caused(), id="cause"),
        pytest.param(met_meanwhile(), id="context"),
        pytest.param(hidden_deep(), id="deep in a group in a context"),
        pytest.param(ExceptionGroup("g", [caused(), OURS]), id="beside ours in a group"),
    ],
)
def test_what_merely_came_of_it_is_logged_with_its_traceback(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert without_hangup(error) is None
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("rangeserve", logging.WARNING)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)


def test_from_a_group_only_ours_is_taken() -> None:
    inner = ExceptionGroup("inner", [OURS, OTHER])
    left = without_hangup(ExceptionGroup("outer", [inner, OURS, KeyError("k")]))
    assert isinstance(left, ExceptionGroup)
    assert left.message == "outer"
    kept, key = left.exceptions
    assert isinstance(kept, ExceptionGroup)
    assert (kept.message, kept.exceptions) == ("inner", (OTHER,))
    assert isinstance(key, KeyError)


def test_ours_is_taken_from_a_group_in_a_group() -> None:
    left = without_hangup(ExceptionGroup("outer", [ExceptionGroup("inner", [OURS, OTHER])]))
    assert isinstance(left, ExceptionGroup)
    (inner,) = left.exceptions
    assert isinstance(inner, ExceptionGroup)
    assert inner.exceptions == (OTHER,)


def test_a_group_keeps_its_traceback() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        raise ExceptionGroup("g", [OURS, OTHER])
    left = without_hangup(caught.value)
    assert left is not None
    assert left.__traceback__ is caught.value.__traceback__
