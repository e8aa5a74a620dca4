"""The files that are served: with real bytes where reading is measured, sparse elsewhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GIB", "KIB", "MIB", "Files", "forget", "make_files", "probes_residency", "warm"]

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

_BLOCK = MIB


@dataclass(frozen=True)
class Files:
    """The files: `whole` has real bytes, `seek` only in its last MiB, and `growth` is sparse."""

    folder: Path
    whole: Path
    seek: Path
    growth: tuple[Path, ...]


def make_files(folder: Path, whole_size: int, seek_size: int, growth: tuple[int, ...]) -> Files:
    """Make the files that `folder` does not have yet; sizes are in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / f"whole-{whole_size}"
    if not whole.exists():
        partial = whole.with_suffix(".tmp")
        with partial.open("wb") as out:
            for _ in range(whole_size // _BLOCK):
                out.write(os.urandom(_BLOCK))
            os.fsync(out.fileno())
        partial.rename(whole)
    seek = folder / f"seek-{seek_size}"
    if not seek.exists():
        with seek.open("wb") as out:
            out.truncate(seek_size)
            out.seek(seek_size - MIB)
            out.write(os.urandom(MIB))
            os.fsync(out.fileno())
    sparse = []
    for size in growth:
        path = folder / f"sparse-{size}"
        with path.open("ab") as out:
            out.truncate(size)
        sparse.append(path)
    return Files(folder, whole, seek, tuple(sparse))


def warm(path: Path) -> None:
    """Read a file, so that it is in the page cache."""
    with path.open("rb", buffering=0) as file:
        block = bytearray(_BLOCK)
        while file.readinto(block):
            pass


def forget(path: Path) -> None:
    """Remove a file from the page cache."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def probes_residency(path: Path) -> bool:
    """Whether the file system of `path` tells if bytes are in the page cache (RWF_NOWAIT)."""
    if not hasattr(os, "RWF_NOWAIT"):
        return False
    with path.open("rb") as file:
        try:
            os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True
