"""`sources/mounts.py`: the device of a path, from a table of mounts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rangeserve.sources import mounts

DISK, TMPFS, NFS, FUSE, NTFS, DISC = (
    os.makedev(*numbers) for numbers in ((254, 0), (0, 25), (0, 45), (0, 46), (8, 17), (7, 0))
)
TABLE = r"""27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:25 / /dev/shm rw - tmpfs tmpfs rw
31 27 0:99 / /srv/nas rw - tmpfs tmpfs rw
40 27 0:45 / /srv/nas rw,relatime shared:3 master:1 - nfs4 host:/films rw,hard
41 40 0:46 / /srv/nas/a\040b rw - fuse.sshfs host: rw
42 27 8:17 / /media/stick rw - fuseblk /dev/sdb1 rw
43 27 7:0 / /disc ro - iso9660 /dev/loop0 ro
"""


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "mountinfo"
    path.write_text(TABLE, encoding="utf-8")
    monkeypatch.setattr(mounts, "_TABLE", str(path))
    monkeypatch.setattr(mounts, "_read_at", float("-inf"))
    monkeypatch.setattr(mounts, "_learnt", {})
    yield path
    mounts._read_at = float("-inf")


@pytest.mark.parametrize(
    ("path", "device"),
    [
        pytest.param("/srv/film", DISK, id="below the root"),
        pytest.param("/", DISK, id="the root"),
        pytest.param("/srv/nas", NFS, id="the last that was mounted there"),
        pytest.param("/srv/nas/film", NFS, id="below a mount"),
        pytest.param("/srv/nas/x/y/film", NFS, id="far below a mount"),
        pytest.param("/srv/nas/a b/film", FUSE, id="a mount in a mount, with a space"),
        pytest.param("/srv/nasty/film", DISK, id="a name that only begins the same"),
        pytest.param("/srv/x/../nas/film", NFS, id="not normalised"),
    ],
)
def test_the_device_of_a_path(path: str, device: int) -> None:
    assert mounts.device_of(path) == device


@pytest.mark.parametrize(
    ("device", "local"),
    [
        pytest.param(DISK, True, id="a disk"),
        pytest.param(DISC, True, id="any type on a block device"),
        pytest.param(TMPFS, True, id="memory"),
        pytest.param(NFS, False, id="NFS"),
        pytest.param(FUSE, False, id="FUSE"),
        pytest.param(NTFS, False, id="FUSE on a block device"),
        pytest.param(os.makedev(0, 77), True, id="not in the table: a subvolume of btrfs"),
    ],
)
def test_whether_a_device_is_local(device: int, local: bool) -> None:
    assert mounts.is_local(device) is local


def test_where_a_device_that_is_not_local_is_mounted() -> None:
    found = ["/", "/srv/nas", "/srv/nas/film", "/dev/shm", "/disc", "/srv/nas/a b"]
    here = [path for path in found if mounts.mounted_at(path) is not None]
    assert here == ["/srv/nas", "/srv/nas/a b"]
    assert mounts.mounted_at("/srv/nas") == NFS


def test_a_mount_is_noticed(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mounts.device_of("/new/film") == DISK
    table.write_text(TABLE + "44 27 0:47 / /new rw - cifs //host/x rw\n", encoding="utf-8")
    now = mounts._read_at
    monkeypatch.setattr(mounts, "monotonic", lambda: now + mounts._FRESH_SECONDS)
    assert mounts.device_of("/new/film") == os.makedev(0, 47)


def test_a_system_without_a_table(table: Path) -> None:
    table.unlink()
    assert mounts.device_of("/srv/nas/film") is None
    assert mounts.is_local(NFS)
    assert mounts.mounted_at("/srv/nas") is None


def test_what_is_learnt_of_links(tmp_path: Path, table: Path) -> None:
    """A folder that leads to another device counts as a whole, and a file as that file."""
    far, near = tmp_path / "far", tmp_path / "near"
    far.mkdir()
    near.mkdir()
    (far / "film").touch()
    (tmp_path / "folder").symlink_to(far)
    (near / "film").symlink_to(far / "film")
    table.write_text(f"{TABLE}44 27 0:47 / {far} rw - nfs4 host:/ rw\n", encoding="utf-8")
    device = os.makedev(0, 47)
    for path in (tmp_path / "folder" / "film", near / "film"):
        assert mounts.device_of(str(path)) == DISK
        mounts.learn_device(str(path), device)
    assert mounts.device_of(str(tmp_path / "folder" / "other")) == device
    assert mounts.device_of(str(near / "film")) == device
    assert mounts.device_of(str(near / "other")) == DISK
    assert mounts.device_of(str(tmp_path / "other")) == DISK


def test_what_is_learnt_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_MAX_LEARNT", 3)
    for number in range(10):
        mounts.learn_device(f"/srv/links/{number}", NFS)
        assert len(mounts._learnt) <= 3
    assert mounts.device_of("/srv/links/9") == NFS


def test_what_the_table_says_need_not_be_learnt() -> None:
    mounts.learn_device("/srv/nas/film", NFS)
    assert not mounts._learnt


@pytest.mark.skipif(not os.path.exists("/proc/self/mountinfo"), reason="the table is of Linux")
def test_the_table_of_this_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    mounts._read_at = float("-inf")
    assert mounts.device_of("/proc/self") == os.stat("/proc").st_dev
    assert mounts.is_local(os.stat("/proc").st_dev)
