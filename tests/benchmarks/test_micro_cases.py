"""The micro-benchmarks time what they say: right answers, each call to its end."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import apps  # noqa: E402
from benchmarks.apps import raw  # noqa: E402
from benchmarks.files import probes_residency  # noqa: E402
from benchmarks.micro import cases, timing  # noqa: E402


async def answer(app: cases.App, path: str, *fields: tuple[bytes, bytes]) -> list[dict[str, Any]]:
    """The messages of an app's answer to a GET."""
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": list(fields)}
    await app(scope, receive, send)
    return messages


def test_each_case_can_be_called_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "probe").write_bytes(b"probe")
    tells = probes_residency(tmp_path / "probe")

    async def run() -> set[str]:
        made = {**await cases.make_cases(tmp_path if tells else None), **await cases.doubled()}
        for call in made.values():
            for _ in range(3):
                call()
        return set(made)

    names = asyncio.run(run())
    assert names > {name for pair in cases.DOUBLED.values() for name in pair}
    assert ("64 KiB of a file, rangeserve" in names) == tells


def test_a_wrong_answer_is_not_timed(tmp_path: Path) -> None:
    async def truncates(scope: Any, receive: Any, send: Any) -> None:
        async def shorter(message: dict[str, Any]) -> None:
            await send({**message, "body": message.get("body", b"")[1:]})

        await raw.plain(scope, receive, shorter)

    with pytest.raises(RuntimeError, match="not a 206 with the bytes"):
        asyncio.run(cases.short_range(truncates, tmp_path))


def test_a_call_that_waits_is_not_timed(tmp_path: Path) -> None:
    async def waits(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        await raw.plain(scope, receive, send)

    async def run() -> None:
        call = await cases.short_range(waits, tmp_path)
        with pytest.raises(AssertionError, match="has waited"):
            call()

    asyncio.run(run())


@pytest.mark.parametrize("condition", [None, "current"], ids=["no If-Range", "If-Range"])
def test_the_floor_answers_as_rangeserve_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: str | None
) -> None:
    monkeypatch.setattr(apps, "FOLDER", str(tmp_path))
    (tmp_path / "file").write_bytes(bytes(range(200)))

    async def ask(name: str, *fields: tuple[bytes, bytes]) -> tuple[Any, ...]:
        start, *bodies = await answer(cases.RANGES[name], "/files/file", *fields)
        body = b"".join(each["body"] for each in bodies)
        return start["status"], dict(start["headers"]), body

    async def run() -> None:
        asked = [(b"range", b"bytes=10-1000")]
        if condition is not None:
            _, fields, _ = await ask("rangeserve", *asked)
            asked.append((b"if-range", fields[b"etag"]))
        floor = await ask("hand-written floor", *asked)
        assert floor == await ask("rangeserve", *asked)
        assert floor[0] == 206
        assert floor[2] == bytes(range(10, 200))

    asyncio.run(run())


def test_a_call_is_timed_as_often_as_asked() -> None:
    calls: list[bool] = []
    assert timing.cold(lambda: calls.append(gc.isenabled()), 1, count=7) > 0
    assert calls == [False] * 7
    assert gc.isenabled()
    assert timing.hot(lambda: calls.append(True), repetitions=2) > 0
    assert len(calls) > 7 + 10


def test_the_collector_runs_again_after_a_failure() -> None:
    def fails() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        timing.cold(fails, 1, count=1)
    assert gc.isenabled()


def test_a_byte_of_each_line_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[slice, int]] = []

    class Block(bytearray):
        def __setitem__(self, place: Any, value: Any) -> None:
            super().__setitem__(place, value)
            written.append((place, len(value)))

    monkeypatch.setattr(timing, "bytearray", Block, raising=False)
    displace: Callable[[], Awaitable[None] | None] = timing.displacing(2)
    displace()
    assert written == [(slice(None, None, 64), 2 * 1024 * 1024 // 64)]
