"""`demo_app.py`: Ctrl-C ends it, though somebody listens to its events."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from support.demo import HYPERCORN, QUART, UVICORN, demo
from support.waiting import eventually
from support.wire import Connection


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups")
@pytest.mark.parametrize(
    ("parts", "number"),
    [
        pytest.param(HYPERCORN, signal.SIGINT, id="hypercorn"),
        pytest.param((*HYPERCORN, "-w", "0"), signal.SIGINT, id="hypercorn without workers"),
        pytest.param(QUART, signal.SIGINT, id="quart"),
        pytest.param(UVICORN, signal.SIGINT, id="uvicorn"),
        pytest.param(UVICORN, signal.SIGTERM, id="uvicorn, SIGTERM"),
    ],
)
def test_ctrl_c_while_somebody_listens(folder: Path, parts: tuple[str, ...], number: int) -> None:
    with demo(folder, parts) as server, Connection(server.port) as events:
        events.send("GET", "/events")
        assert events.read_head().status == 200
        heard = b""
        while b"event: hello" not in heard:
            heard += events.take(1)
        os.killpg(server.process.pid, number)  # as a terminal does, to all of them
        while b"event: ended" not in heard:
            heard += events.take(1)
        assert eventually(lambda: server.process.poll() is not None)
        assert "Traceback" not in server.log
