"""Commands that people fetch with: each compares bytes, and what was asked for."""

from __future__ import annotations

import hashlib
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.parts import read_parts
from support.site import Site

MIB = 1 << 20
Run = Callable[..., str]
Blob = tuple[str, bytes]


def test_curl_one_range(site: Site, blob: Blob, run: Run, tmp_path: Path) -> None:
    name, content = blob
    run("curl", "-sS", "-r", "1000-1999", "-o", "out", site.url(name))
    assert (tmp_path / "out").read_bytes() == content[1000:2000]
    (access,) = site.ranged(name)
    assert (access.ranges, access.sent) == ("1000-1999", 1000)


def test_curl_suffix(site: Site, blob: Blob, run: Run, tmp_path: Path) -> None:
    name, content = blob
    run("curl", "-sS", "-r", "-500", "-o", "out", site.url(name))
    assert (tmp_path / "out").read_bytes() == content[-500:]
    assert site.ranged(name)[0].sent == 500


def test_curl_several_ranges(site: Site, blob: Blob, run: Run, tmp_path: Path) -> None:
    name, content = blob
    run("curl", "-sS", "-r", "0-9,5000000-5000099,-1", "-D", "head", "-o", "out", site.url(name))
    head = (tmp_path / "head").read_text(encoding="utf-8")
    (kind,) = [
        line.partition(":")[2].strip()
        for line in head.splitlines()
        if line.lower().startswith("content-type:")
    ]
    parts = read_parts(kind, (tmp_path / "out").read_bytes())
    assert [part.body for part in parts] == [content[:10], content[5000000:5000100], content[-1:]]
    last = len(content) - 1
    assert site.ranged(name)[0].ranges == f"0-9,5000000-5000099,{last}-{last}"


def test_curl_resumes(site: Site, blob: Blob, run: Run, tmp_path: Path) -> None:
    name, content = blob
    (tmp_path / "out").write_bytes(content[: 7 * MIB])
    run("curl", "-sS", "-C", "-", "-o", "out", site.url(name))
    assert (tmp_path / "out").read_bytes() == content
    assert site.ranged(name)[0].sent == 5 * MIB


def test_curl_asks_whether_it_changed(site: Site, blob: Blob, run: Run, tmp_path: Path) -> None:
    name, content = blob
    keep = ("--etag-save", "tag", "--etag-compare", "tag")
    run("curl", "-sS", *keep, "-o", "out", site.url(name))
    run("curl", "-sS", *keep, "-o", "again", site.url(name))
    assert (tmp_path / "out").read_bytes() == content
    site.settle()
    assert [access.status for access in site.accesses(name)] == [200, 304]
    assert site.sent(name) == len(content)


def test_wget_resumes(site: Site, blob: Blob, run: Run, tmp_path: Path) -> None:
    name, content = blob
    (tmp_path / name).write_bytes(content[: 7 * MIB])
    run("wget", "-q", "-c", site.url(name))
    assert (tmp_path / name).read_bytes() == content
    assert site.ranged(name)[0].sent == 5 * MIB


def test_aria2_four_connections(site: Site, blob: Blob, run: Run, tmp_path: Path) -> None:
    name, content = blob
    options = ("-x4", "-s4", "-k1M", "--file-allocation=none", "--no-conf", "-q")
    run("aria2c", *options, "-d", str(tmp_path), "-o", "out", site.url(name))
    assert (tmp_path / "out").read_bytes() == content
    assert len(site.ranged(name, 3)) >= 3


def test_rclone_several_streams(site: Site, blob: Blob, run: Run, tmp_path: Path) -> None:
    name, content = blob
    options = (
        "--config",
        "none.conf",
        "--multi-thread-streams",
        "4",
        "--multi-thread-cutoff",
        "1M",
    )
    remote = f":http,url='{site.server.url}':{name}"
    run("rclone", "copyto", *options, remote, str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == content
    assert len(site.ranged(name, 4)) >= 4


def test_rclone_copies_a_folder(site: Site, run: Run, tmp_path: Path) -> None:
    """The listing is what its `http` remote reads."""
    names = ("a.txt", "b c#?.txt", "deeper/ünï.txt")
    (site.folder / "tree" / "deeper").mkdir(parents=True)
    for name in names:
        (site.folder / "tree" / name).write_text(name, encoding="utf-8")
    run("rclone", "copy", "--config", "none.conf", f":http,url='{site.url('tree/')}':", "copied")
    copied = tmp_path / "copied"
    assert sorted(str(p.relative_to(copied)) for p in copied.rglob("*.txt")) == sorted(names)
    assert all((copied / name).read_text(encoding="utf-8") == name for name in names)


def test_zsync_fetches_what_has_changed(site: Site, blob: Blob, run: Run, tmp_path: Path) -> None:
    name, content = blob
    changed = random.Random(1).randbytes(100_000)
    old = content[: 5 * MIB] + changed + content[5 * MIB + len(changed) :]
    (tmp_path / "old").write_bytes(old)
    run("zsyncmake", "-u", name, "-o", str(site.folder / f"{name}.zsync"), str(site.folder / name))
    output = run("zsync", "-i", "old", "-o", "out", site.url(f"{name}.zsync"))
    assert "checksum matches OK" in output
    assert (tmp_path / "out").read_bytes() == content
    assert sum(access.sent for access in site.ranged(name)) < 400_000
    assert all(access.status == 206 for access in site.accesses(name))


@pytest.mark.parametrize("where", ["end", "front"])
def test_ffprobe_reads_the_index(site: Site, clips: dict[str, str], run: Run, where: str) -> None:
    name = f"probe-{where}.mp4"
    (site.folder / name).symlink_to(clips[where])
    asked = run("ffprobe", "-v", "error", "-show_entries", "format=duration", site.url(name))
    assert "duration=60.0" in asked
    size = (site.folder / name).stat().st_size
    starts = [int(access.ranges.partition("-")[0]) for access in site.ranged(name)]
    # Only if the index is at the end, the tail is asked for.
    assert any(start > size * 0.9 for start in starts) == (where == "end")


def test_ffmpeg_seeks(site: Site, clips: dict[str, str], run: Run, tmp_path: Path) -> None:
    name = "seek.mp4"
    (site.folder / name).symlink_to(clips["front"])

    def frame(source: str) -> str:
        out = tmp_path / hashlib.sha256(source.encode()).hexdigest()
        options = ("-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray")
        run("ffmpeg", "-v", "error", "-nostdin", "-ss", "50", "-i", source, *options, str(out))
        return hashlib.sha256(out.read_bytes()).hexdigest()

    assert frame(site.url(name)) == frame(str(site.folder / name))
    size = (site.folder / name).stat().st_size
    asked = site.ranged(name, 2)
    assert max(int(access.ranges.partition("-")[0]) for access in asked) > size // 2
    (first,) = [access for access in asked if access.ranges == f"0-{size - 1}"]
    assert first.sent < size
    assert first.remarks == "the client left"


def test_uv_reads_metadata_out_of_a_wheel(site: Site, run: Run, tmp_path: Path) -> None:
    """The listing is a place to find wheels, and of a wheel only the end is read."""
    (site.folder / "wheels").mkdir()
    wheel = "wheels/rangeserve_heavy-1.0-py3-none-any.whl"
    make_wheel(site.folder / wheel)
    (tmp_path / "in.txt").write_text("rangeserve-heavy\n", encoding="utf-8")
    run(
        *("uv", "pip", "compile", "in.txt", "-o", "out.txt", "--no-config", "--no-cache"),
        *("--no-index", "--find-links", site.url("wheels/")),
    )
    assert "rangeserve-heavy==1.0" in (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert site.ranged(wheel)
    assert site.sent(wheel) < MIB


def make_wheel(path: Path) -> None:

    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("rangeserve_heavy/data.bin", random.Random(2).randbytes(8 * MIB))
        info = "rangeserve_heavy-1.0.dist-info"
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: rangeserve-heavy\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")


def test_apt_reads_a_flat_repository(site: Site, run: Run, tmp_path: Path) -> None:
    """`deb URL ./` makes apt ask for `/./Packages`."""
    packages = "Package: hello-range\nVersion: 1.0\nArchitecture: all\n"
    packages += f"Filename: ./hello.deb\nSize: 1\nSHA256: {hashlib.sha256(b'1').hexdigest()}\n"
    (site.folder / "flat").mkdir()
    (site.folder / "flat" / "Packages").write_text(packages, encoding="utf-8")
    for folder in ("state/lists/partial", "cache/archives/partial", "etc"):
        (tmp_path / folder).mkdir(parents=True)
    source = f"deb [trusted=yes] {site.url('flat')} ./\n"
    (tmp_path / "etc" / "sources.list").write_text(source, encoding="utf-8")
    (tmp_path / "state" / "status").write_bytes(b"")
    settings = {
        "Dir::State": tmp_path / "state",
        "Dir::State::status": tmp_path / "state" / "status",
        "Dir::Cache": tmp_path / "cache",
        "Dir::Etc::sourcelist": tmp_path / "etc" / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "APT::Sandbox::User": "root",
        "Acquire::http::Proxy": "DIRECT",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    run("apt-get", *options, "update")
    assert "hello-range" in run("apt-cache", *options, "show", "hello-range")
    site.settle()
    assert 200 in {access.status for access in site.accesses("flat/./Packages")}
