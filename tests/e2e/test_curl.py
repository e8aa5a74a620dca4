"""The demo asked by curl, and left by it."""

from __future__ import annotations

import email.parser
import email.policy
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.demo import CLIP, VARIABLE, demo
from support.servers import Server
from support.waiting import eventually

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

SOURCES = ["/video.mp4", "/stream.mp4"]
Fields = dict[str, str]


def curl(server: Server, path: str, asked: str, tmp_path: Path) -> tuple[int, Fields, bytes]:
    """The status, the fields and the body of `curl -r`."""
    head, body = tmp_path / "head", tmp_path / "body"
    command = ["curl", "-s", "-r", asked, "-D", str(head), "-o", str(body), server.url + path]
    subprocess.run(command, check=True, timeout=30)
    first, *lines = head.read_text(encoding="latin-1").strip().splitlines()
    fields = dict(line.lower().split(": ", 1) for line in lines)
    assert fields["content-length"] == str(body.stat().st_size)
    return int(first.split()[1]), fields, body.read_bytes()


@pytest.fixture(autouse=True)
def body_file(tmp_path: Path) -> None:
    (tmp_path / "body").touch()  # curl makes none for an empty body


@pytest.mark.parametrize("path", SOURCES)
@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        pytest.param("0-99", 0, 100, id="the first hundred"),
        pytest.param("0-1", 0, 2, id="Safari's probe"),
        pytest.param("-100", -100, None, id="the last hundred"),
    ],
)
def test_one_range(
    clip_server: Server, tmp_path: Path, path: str, asked: str, start: int, stop: int | None
) -> None:
    clip = CLIP.read_bytes()
    status, fields, body = curl(clip_server, path, asked, tmp_path)
    first = start % len(clip)
    assert (status, body) == (206, clip[start:stop])
    assert fields["content-range"] == f"bytes {first}-{first + len(body) - 1}/{len(clip)}"
    assert fields["accept-ranges"] == "bytes"
    assert fields["content-type"] == "video/mp4"


@pytest.mark.parametrize("path", SOURCES)
def test_two_ranges(clip_server: Server, tmp_path: Path, path: str) -> None:
    clip = CLIP.read_bytes()
    status, fields, body = curl(clip_server, path, "100-199,300-399", tmp_path)
    assert status == 206
    assert "content-range" not in fields
    head = f"Content-Type: {fields['content-type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts = [
        (part["content-type"], part["content-range"], part.get_payload(decode=True))
        for part in message.iter_parts()
    ]
    assert parts == [
        ("video/mp4", f"bytes 100-199/{len(clip)}", clip[100:200]),
        ("video/mp4", f"bytes 300-399/{len(clip)}", clip[300:400]),
    ]


@pytest.mark.parametrize("path", SOURCES)
def test_beyond_the_end(clip_server: Server, tmp_path: Path, path: str) -> None:
    status, fields, body = curl(clip_server, path, "999999999-", tmp_path)
    assert (status, body) == (416, b"")
    assert fields["content-range"] == f"bytes */{CLIP.stat().st_size}"
    assert "content-type" not in fields


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="descriptors are seen in /proc")
@pytest.mark.parametrize("path", SOURCES)
def test_clients_that_leave_leave_nothing_behind(folder: Path, tmp_path: Path, path: str) -> None:
    video = tmp_path / "large.mp4"
    with video.open("wb") as file:
        file.truncate(256 * 1024 * 1024)
    with demo(folder, env={VARIABLE: str(video)}) as server:
        for _ in range(3):
            leaving = subprocess.Popen(
                ["curl", "-s", "--limit-rate", "1M", "-r", "1000-", server.url + path],
                stdout=subprocess.PIPE,
            )
            assert leaving.stdout is not None
            assert len(leaving.stdout.read(1000)) == 1000
            assert open_on(server, video) == 1
            leaving.kill()
            leaving.communicate()
            assert eventually(lambda: open_on(server, video) == 0)
        assert "Traceback" not in server.log


def open_on(server: Server, video: Path) -> int:
    """How many descriptors of the server's processes are open on the video."""
    count = 0
    for process in (server.process.pid, *children(server.process.pid)):
        folder = Path(f"/proc/{process}/fd")
        for name in os.listdir(folder):
            try:
                count += (folder / name).readlink() == video
            except FileNotFoundError:
                continue
    return count


def children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]
