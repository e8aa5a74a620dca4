"""A folder whose storage stops answering, below Python: each call that touches it does not return.

`stuck.c` stands between a server and the system, as a network mount whose server has gone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from support.content import numbered

__all__ = ["BODY", "Storage", "compiler"]

BODY = numbered(3_000_000)
_SOURCE = Path(__file__).with_name("stuck.c")


def compiler() -> str | None:
    """The C compiler, if there is one."""
    return shutil.which("cc") or shutil.which("gcc")


@dataclass
class Storage:
    """A folder `root` with files of its own, and with `far` below it, on another device.

    `far/film.bin`, `far/other.bin` and `near.bin` hold `BODY`; `link.bin` and
    `folder/unseen.bin` lead to `far/film.bin`, `folder/unseen` to `far`. It `answers` again, or
    `sticks` until then.
    """

    root: Path
    _library: Path
    _switch: Path
    _mounts: Path

    @classmethod
    def make(cls, folder: Path) -> Storage:
        """A storage in `folder`, which is empty."""
        root, library = folder / "root", folder / "stuck.so"
        far = root / "far"
        far.mkdir(parents=True)
        for path in (far / "film.bin", far / "other.bin", root / "near.bin"):
            path.write_bytes(BODY)
        (root / "link.bin").symlink_to(far / "film.bin")
        (root / "folder").mkdir()
        (root / "folder" / "unseen.bin").symlink_to(far / "film.bin")
        (root / "folder" / "unseen").symlink_to(far)
        device = os.stat(root).st_dev
        mounts = folder / "mountinfo"
        mounts.write_text(
            f"1 0 {os.major(device)}:{os.minor(device)} / / rw - ext4 /dev/disk rw\n"
            f"2 1 0:4094 / {far} rw - nfs4 elsewhere:/films rw\n",
            encoding="utf-8",
        )
        command = compiler()
        assert command is not None
        library_options = ["-shared", "-fPIC", "-O1", "-o", str(library)]
        subprocess.run([command, *library_options, str(_SOURCE), "-ldl"], check=True, timeout=60)
        storage = cls(root, library, folder / "switch", mounts)
        storage.answers()
        return storage

    @property
    def env(self) -> dict[str, str]:
        """The environment of a server for which the storage is this one."""
        return {
            "LD_PRELOAD": str(self._library),
            "STUCK_FOLDER": str(self.root / "far"),
            "STUCK_SWITCH": str(self._switch),
            "STUCK_MOUNTS": str(self._mounts),
            "STUCK_ROOT": str(self.root),
        }

    def sticks(self, which: str) -> None:
        """From now on `reads` do not return, or `all` calls."""
        self._switch.write_text(which, encoding="ascii")

    def answers(self) -> None:
        """From now on every call returns, those that wait already, too."""
        self._switch.write_text("no", encoding="ascii")

    def open_in(self, session: int) -> int:
        """The number of descriptors that the processes of a session have in `far`."""
        far = str(self.root / "far")
        return sum(target.startswith(far) for target in _open_files(session))


def _open_files(session: int) -> Iterator[str]:
    """What the descriptors of a session's processes lead to."""
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if os.getsid(int(pid)) != session:
                continue
            names = os.listdir(f"/proc/{pid}/fd")
        except OSError:  # it has ended
            continue
        for name in names:
            with suppress(OSError):
                yield os.readlink(f"/proc/{pid}/fd/{name}")
