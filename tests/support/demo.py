"""The demo, in a folder of its own: then it imports the rangeserve that is installed."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from .servers import Server, running

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "static" / "clip.mp4"
VARIABLE = "RANGESERVE_VIDEO"
SOURCES = ["/video.mp4", "/stream.mp4"]
MODULES = ["demo_film", "demo_line", "demo_feed", "demo_app"]  # each imports only those before
TIMES = 60  # how often the film of the demo has the clip
LARGE = 32 * 1024 * 1024  # bytes: more than what lies in buffers between the two ends

HYPERCORN = ("hypercorn", "demo_app:app", "-b", "127.0.0.1:{port}", "--log-level", "warning")
QUART = ("quart", "--app", "demo_app:app", "run", "-p", "{port}")
UVICORN = ("uvicorn", "demo_app:app", "--port", "{port}", "--log-level", "warning")
QUART_BY_VARIABLE = ("quart", "run", "-p", "{port}")


def copy_demo(folder: Path) -> Path:
    """Lay the demo into `folder`."""
    for name in MODULES:
        shutil.copy2(ROOT / f"{name}.py", folder)
    for name in ("templates", "static"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def load_demo() -> ModuleType:
    """The demo as a module of this process, a fresh one each time."""
    for name in MODULES:
        module = load(name)
    return module


def load(name: str) -> ModuleType:
    """A module of the demo, a fresh one each time, which other modules of it can import."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command(parts: Sequence[str]) -> list[str]:
    """The program of that name beside this Python, with its arguments."""
    return [str(Path(sys.executable).parent / parts[0]), *parts[1:]]


@contextmanager
def demo(
    folder: Path,
    parts: Sequence[str] = HYPERCORN,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Server]:
    """The demo that was laid into `folder`, served on `port`, or on a free one."""
    named = {"PYTHONPATH": "", **(env or {})}
    with running(command(parts), cwd=folder, env=named, port=port) as server:
        yield server
