"""What is raised."""

from __future__ import annotations

from rangeserve import ClientDisconnected, ResponseError


def test_a_hang_up_is_what_servers_raise() -> None:
    """ASGI HTTP 2.4: `send` raises an `OSError` when the client has left."""
    assert issubclass(ClientDisconnected, OSError)


def test_a_broken_promise_is_no_os_error() -> None:
    assert issubclass(ResponseError, RuntimeError)
    assert not issubclass(ResponseError, OSError)
