"""A folder as a ZIP archive: what real archivers make of it, and how it is fetched in parts."""

from __future__ import annotations

import os
import random
import re
import subprocess
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import pytest
from support.reading import read_of
from support.site import Site
from support.wire import fetch

from rangeserve.sources import BytesSource, CallableSource, ZipMember, ZipSource

MIB = 1 << 20
Run = Callable[..., str]
# Names as they are on disk; the archive has each of them.
FILES = {
    "a.txt": b"alpha\n" * 1000,
    "empty": b"",
    "signature.bin": b"PK\x07\x08" * 1000,  # as if there were descriptors in the data
    "deep/er/ünï cödé ✓.bin": random.Random(1).randbytes(3 * MIB),
    "deep/nested.zip": b"",
    "large.bin": random.Random(2).randbytes(9 * MIB),
}
FOLDERS = ["deep/", "deep/er/", "nothing/"]
NAME = "bundle"


@pytest.fixture(scope="module")
def bundle(shared_site: Site) -> Path:
    """A folder of files; one of them is an archive, made as this one is."""
    folder = shared_site.folder / NAME
    (folder / "nothing").mkdir(parents=True)
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    inner = fetch(shared_site.server.port, f"/{NAME}/deep/er/?zip")
    (folder / "deep" / "nested.zip").write_bytes(inner.body)
    return folder


@pytest.fixture
def archive(site: Site, bundle: Path, tmp_path: Path) -> Path:
    """The archive, fetched whole."""
    path = tmp_path / "whole.zip"
    path.write_bytes(fetch(site.server.port, f"/{NAME}/?zip").body)
    return path


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_unzip_unpacks_an_archive(archive: Path, bundle: Path, run: Run, tmp_path: Path) -> None:
    assert "No errors detected" in run("unzip", "-tq", str(archive))
    run("unzip", "-q", str(archive), "-d", "out")
    assert files_below(tmp_path / "out") == files_below(bundle)
    assert (tmp_path / "out" / "nothing").is_dir()
    unpacked = (tmp_path / "out" / "large.bin").stat()
    assert int(unpacked.st_mtime) == int((bundle / "large.bin").stat().st_mtime)
    assert unpacked.st_mode & 0o777 == 0o644


def test_7zip_tests_an_archive(archive: Path, bundle: Path, run: Run, tmp_path: Path) -> None:
    tested = run("7zz", "t", str(archive))
    assert "Everything is Ok" in tested
    assert not re.search("warning", tested, re.IGNORECASE)
    run("7zz", "x", "-oout", str(archive))
    assert files_below(tmp_path / "out") == files_below(bundle)


def test_bsdtar_unpacks_an_archive(archive: Path, bundle: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    run("bsdtar", "-xf", str(archive), "-C", "out")
    assert files_below(tmp_path / "out") == files_below(bundle)


def test_bsdtar_unpacks_an_archive_from_a_pipe(
    site: Site, bundle: Path, run: Run, tmp_path: Path
) -> None:
    """From a pipe it goes from header to header, without the directory at the end."""
    (tmp_path / "out").mkdir()
    run("bsdtar", "--version")
    fetching = subprocess.Popen(["curl", "-sS", site.url(f"{NAME}/?zip")], stdout=subprocess.PIPE)
    with fetching:
        subprocess.run(
            ["bsdtar", "-xf", "-", "-C", str(tmp_path / "out")],
            stdin=fetching.stdout,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=True,
            timeout=60,
        )
    assert files_below(tmp_path / "out") == files_below(bundle)


def test_zipfile_reads_an_archive(archive: Path, bundle: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        found = {name: opened.read(name) for name in opened.namelist()}
    assert found == {**files_below(bundle), **dict.fromkeys(FOLDERS, b"")}


@pytest.fixture
def copy(site: Site, bundle: Path, request: pytest.FixtureRequest) -> tuple[str, bytes]:
    """A folder of its own for each test, and its archive: so that the log tells them apart."""
    name = request.node.name
    (site.folder / name).symlink_to(bundle.name)
    return f"{name}/", fetch(site.server.port, f"/{NAME}/?zip").body


def test_curl_resumes_an_archive(
    site: Site, copy: tuple[str, bytes], run: Run, tmp_path: Path
) -> None:
    name, content = copy
    (tmp_path / "out").write_bytes(content[: 7 * MIB])
    run("curl", "-sS", "-C", "-", "-o", "out", site.url(f"{name}?zip"))
    assert (tmp_path / "out").read_bytes() == content
    assert site.ranged(name)[0].sent == len(content) - 7 * MIB


def test_aria2_fetches_an_archive(
    site: Site, copy: tuple[str, bytes], run: Run, tmp_path: Path
) -> None:
    name, content = copy
    options = ("-x4", "-s4", "-k1M", "--file-allocation=none", "--no-conf", "-q")
    run("aria2c", *options, "-d", str(tmp_path), site.url(f"{name}?zip"))
    # It has its name from the Content-Disposition.
    assert (tmp_path / f"{name.rstrip('/')}.zip").read_bytes() == content
    assert len(site.ranged(name, 3)) >= 3


def test_remotezip_reads_one_file_of_a_folder(site: Site, copy: tuple[str, bytes]) -> None:
    remotezip = pytest.importorskip("remotezip")
    name, content = copy
    with remotezip.RemoteZip(site.url(f"{name}?zip")) as archive:
        assert set(archive.namelist()) == {*FILES, *FOLDERS}
        assert archive.read("a.txt") == FILES["a.txt"]
    accesses = site.ranged(name, 2)
    assert sum(access.sent for access in accesses) < 200_000 < len(content)


def test_archivers_find_what_lies_beyond_4_gib(run: Run, tmp_path: Path) -> None:
    """A member whose size needs 64 bits, and one after it whose offset does."""
    size = (4 << 30) + MIB
    large = CallableSource(unread, size)
    archive = ZipSource(
        [ZipMember("1-large", large, crc32=0), ZipMember("2-after", BytesSource(b"after"))]
    )
    with (tmp_path / "huge.zip").open("wb") as out:
        for start, stop in ((0, 100), (size, archive.size)):
            out.seek(start)  # what lies between is a hole
            out.write(anyio.run(read_of, archive, start, stop))
    assert "No errors detected" in run("unzip", "-t", "huge.zip", "2-after")
    assert "Everything is Ok" in run("7zz", "t", "huge.zip", "2-after")
    for command in (("unzip", "-l"), ("7zz", "l"), ("bsdtar", "-tvf")):
        assert str(size) in run(*command, "huge.zip")
    with zipfile.ZipFile(tmp_path / "huge.zip") as opened:
        assert opened.read("2-after") == b"after"


async def unread(start: int, stop: int) -> AsyncIterator[bytes]:
    """Zeros. No more than a header's length of them is asked for."""
    assert stop - start < 100
    yield bytes(stop - start)
