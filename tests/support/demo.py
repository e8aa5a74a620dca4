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
LARGE = 32 * 1024 * 1024  # bytes: more than what lies in buffers between the two ends

HYPERCORN = ("hypercorn", "demo_app:app", "-b", "127.0.0.1:{port}", "--log-level", "warning")
QUART = ("quart", "--app", "demo_app:app", "run", "-p", "{port}")
QUART_BY_VARIABLE = ("quart", "run", "-p", "{port}")


def copy_demo(folder: Path) -> Path:
    """Lay the demo into `folder`."""
    shutil.copy2(ROOT / "demo_app.py", folder)
    for name in ("templates", "static"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def load_demo() -> ModuleType:
    """The demo as a module of this process, a fresh one each time."""
    spec = importlib.util.spec_from_file_location("demo_app", ROOT / "demo_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command(parts: Sequence[str]) -> list[str]:
    """The program of that name beside this Python, with its arguments."""
    return [str(Path(sys.executable).parent / parts[0]), *parts[1:]]


@contextmanager
def demo(
    folder: Path, parts: Sequence[str] = HYPERCORN, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The demo that was laid into `folder`, served."""
    with running(command(parts), cwd=folder, env={"PYTHONPATH": "", **(env or {})}) as server:
        yield server
