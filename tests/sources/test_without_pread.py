"""Files where the system has no `os.pread` (Windows): read by seeking, under a lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os
del os.pread, os.preadv
import anyio, sys
from rangeserve import serve

async def main():
    path = sys.argv[1]
    app = serve(path)
    async def ask(headers):
        sent = []
        async def send(message):
            sent.append(message)
            await anyio.sleep(0)
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
        await app(scope, anyio.sleep_forever, send)
        answers.append((sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])))
    answers = []
    await ask([])
    await ask([(b"range", b"bytes=-9")])
    content = open(path, "rb").read()
    assert answers == [(200, content), (206, content[-9:])]
    async with anyio.create_task_group() as group:
        for start in range(0, 200_000, 1000):
            group.start_soon(ask, [(b"range", b"bytes=%d-%d" % (start, start + 99_999))])
    parts = {content[start : start + 100_000] for start in range(0, 200_000, 1000)}
    assert {body for _, body in answers[2:]} == parts

anyio.run(main)
"""


def test_a_file_is_read_by_seeking(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(bytes(number * 7 % 251 for number in range(300_000)))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
