"""One folder, served by `python -m rangeserve`; each test puts its own files into it."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.site import Site, site_of

MIB = 1 << 20


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_of(tmp_path_factory.mktemp("site")) as site:
        yield site
        site.settle()
        site.quiet()


@pytest.fixture
def site(shared_site: Site) -> Site:
    return shared_site


@pytest.fixture
def blob(site: Site, request: pytest.FixtureRequest) -> tuple[str, bytes]:
    """A file of its own for each test: 12 MiB that no compression helps."""
    name = f"{request.node.name.replace('[', '-').replace(']', '')}.bin"
    content = random.Random(name).randbytes(12 * MIB)
    (site.folder / name).write_bytes(content)
    return name, content


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """Run a command in a folder of its own; its output. Skips if it is not installed."""

    def run(*command: str, ok: tuple[int, ...] = (0,), timeout: float = 60) -> str:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, timeout=timeout, check=False
        )
        output = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode in ok, f"{command} ended with {done.returncode}:\n{output}"
        return output

    return run


@pytest.fixture(scope="session")
def clips(shared_site: Site) -> dict[str, str]:
    """Names of two clips of a minute: the index at the end, and in front.

    The luma of a frame is 16 + 3 for each whole second: it says which second is shown.
    """
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    quiet = ("ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y")
    picture = (
        "color=black:s=160x90:r=10:d=60,geq=lum='16+3*floor(T)':cb=128:cr=128,"
        "scale=320:180,noise=alls=30:allf=t+u"
    )
    end, front = shared_site.folder / "end.mp4", shared_site.folder / "front.mp4"
    subprocess.run(
        [
            *(*quiet, "-f", "lavfi", "-i", picture),
            *("-f", "lavfi", "-i", "anoisesrc=d=60:a=0.1:r=44100:seed=3"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p"),
            *("-b:v", "1600k", "-minrate", "1600k", "-maxrate", "1600k", "-bufsize", "1600k"),
            *("-c:a", "aac", "-b:a", "64k", str(end)),
        ],
        check=True,
        timeout=100,
    )
    subprocess.run(
        [*quiet, "-i", str(end), "-c", "copy", "-movflags", "+faststart", str(front)],
        check=True,
        timeout=60,
    )
    assert b"moov" not in end.read_bytes()[:MIB]
    assert b"moov" in front.read_bytes()[:MIB]
    assert end.stat().st_size > 10 * MIB
    return {"end": end.name, "front": front.name}
