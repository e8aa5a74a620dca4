"""The demo, in a folder of its own and as a module."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType

import pytest
from support.demo import (
    CLIP,
    TIMES,
    VARIABLE,
    copy_demo,
    load,
    load_demo,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, laid into a folder of its own."""
    return copy_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The demo as a module of this process, with the clip that it ships."""
    monkeypatch.delenv(VARIABLE, raising=False)
    return load_demo()


@pytest.fixture(scope="session")
def film() -> bytes:
    """The hour of film that the demo plays."""

    async def read() -> bytes:
        source = load("demo_film").Film(CLIP.read_bytes(), TIMES)
        return b"".join([chunk async for chunk in source.read(0, source.size)])

    return asyncio.run(read())
