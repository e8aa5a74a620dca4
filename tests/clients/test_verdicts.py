"""What `rangeserve check` says of a client is what the client does: its table, tried on real ones.

Each server has one fault; a client in whose row the code is has to fail, or to fetch more; one
in whose row it is not has to read what is there. docs/check.md names the clients that are tried.
"""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from check.zoo import Asked, Reply, Right, Said, serving

from rangeserve.check.clients import CLIENTS

# What a library warns of is its own affair.
pytestmark = pytest.mark.filterwarnings("default")
ROW = {each.key: each for each in CLIENTS}
FIELDS = {**Right().fields, "Content-Type": "application/octet-stream"}

# Each runs in a process of its own, because a library keeps connections and what it has read.
# It prints `same` if it has read what is there.
PROGRAMS = {
    "duckdb": """
import duckdb, duckdb_extension_httpfs, pathlib
(extension,) = pathlib.Path(duckdb_extension_httpfs.__file__).parent.glob(
    "**/httpfs.duckdb_extension")
connection = duckdb.connect(config={"allow_unsigned_extensions": True})
connection.execute(f"load '{extension}'")
connection.execute("set http_retries = 0")
connection.execute("set threads = 1")
query = "select sum(noise % 1000), count(*) from '{}' where id between 40000 and 40099"
here, there = (connection.execute(query.format(each)).fetchall() for each in (path, url))
same = here == there
""",
    "gdal": """
import rasterio
from rasterio.windows import Window
window = Window(700, 800, 64, 64)
with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
    with rasterio.open(path) as here, rasterio.open(f"/vsicurl/{url}") as there:
        same = bool((here.read(1, window=window) == there.read(1, window=window)).all())
""",
    "zip": """
import remotezip, zipfile
with zipfile.ZipFile(path) as here, remotezip.RemoteZip(url) as there:
    same = here.read("3.bin") == there.read("3.bin")
""",
    "zarr": """
import zarr
here, there = (zarr.open_array(each, mode="r") for each in (path, url))
same = bool((here[110:120, 250:260] == there[110:120, 250:260]).all())
""",
}
RUN = "import sys, warnings; warnings.simplefilter('ignore'); path, url = sys.argv[1:]\n{}\n" + (
    "print('same' if same else 'other', flush=True)\nimport os; os._exit(0)"
)


def no_head(answer: Callable[[Asked], Said], asked: Asked) -> Reply:
    said = answer(asked)
    return Said(405).carrying(b"") if asked.method == "HEAD" and said.status == 200 else said


def no_ranges(answer: Callable[[Asked], Said], asked: Asked) -> Said:
    kept = {name: value for name, value in asked.fields.items() if name != "range"}
    return answer(replace(asked, fields=kept)).without("Accept-Ranges")


def no_suffix(answer: Callable[[Asked], Said], asked: Asked) -> Reply:
    return (no_ranges if asked.specs.startswith("-") else (lambda a, b: a(b)))(answer, asked)


def codes_the_whole(answer: Callable[[Asked], Said], asked: Asked) -> Reply:
    said = answer(asked)
    if asked.method != "GET" or said.status != 200:
        return said
    return said.carrying(gzip.compress(said.body, 1)).having("Content-Encoding", "gzip")


def never_304_nor_412(answer: Callable[[Asked], Said], asked: Asked) -> Reply:
    kept = {name: value for name, value in asked.fields.items() if not name.startswith("if-")}
    return answer(replace(asked, fields=kept))


FAULTS: dict[str, Callable[[Callable[[Asked], Said], Asked], Reply]] = {
    "none": lambda answer, asked: answer(asked),
    "B05": no_head,
    "R01": no_ranges,
    "R06": no_suffix,
    "C06": never_304_nor_412,
    "E01": codes_the_whole,
    "E05": lambda answer, asked: answer(asked),  # the server of the folder does it
}


class Folder:
    """Right answers for the files of a folder; with `codes` compressed first, and then cut."""

    def __init__(self, folder: Path, codes: bool) -> None:
        self._folder = folder
        self._codes = codes

    def __call__(self, asked: Asked) -> Said:
        path = self._folder / asked.path.lstrip("/")
        if not path.is_file():
            return Said(404).carrying(b"")
        right = Right(body=path.read_bytes(), fields=FIELDS, codes=False)
        if not self._codes or "gzip" not in asked.fields.get("accept-encoding", ""):
            return right(asked)
        fields = {**FIELDS, "ETag": '"coded"'}
        said = Right(body=gzip.compress(right.body, 1), fields=fields, codes=False)(asked)
        return said.having("Content-Encoding", "gzip") if said.status in (200, 206) else said


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder, and the name in it that each client reads."""
    folder = tmp_path_factory.mktemp("data")
    duckdb = pytest.importorskip("duckdb")
    numpy = pytest.importorskip("numpy")
    rasterio = pytest.importorskip("rasterio")
    zarr = pytest.importorskip("zarr")
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select i as id, hash(i) as noise from range(60000) t(i)) "
            f"to '{folder / 'q.parquet'}' (format parquet, row_group_size 10000)"
        )
    chance = numpy.random.default_rng(4)
    profile = {
        **{"driver": "GTiff", "width": 1024, "height": 1024, "count": 1, "dtype": "uint8"},
        **{"tiled": True, "blockxsize": 256, "blockysize": 256},
        "transform": rasterio.Affine(0.001, 0, 10, 0, -0.001, 50),
    }
    with rasterio.open(folder / "m.tif", "w", **profile) as out:
        out.write(chance.integers(0, 256, (1024, 1024), dtype="uint8"), 1)
    with zipfile.ZipFile(folder / "five.zip", "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.bin", random.Random(number).randbytes(200_000))
    array = zarr.create_array(
        str(folder / "g.zarr"), shape=(300, 300), chunks=(100, 100), shards=(300, 300),
        dtype="int64", compressors=None,
    )  # fmt: skip
    array[:] = chance.integers(0, 1 << 60, (300, 300))
    return folder, {"duckdb": "q.parquet", "gdal": "m.tif", "zip": "five.zip", "zarr": "g.zarr"}


def size_of(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("client", PROGRAMS)
def test_a_client_does_what_its_row_says(
    client: str, code: str, data: tuple[Path, dict[str, str]]
) -> None:
    folder, names = data
    path = folder / names[client]
    answer = Folder(folder, codes=code == "E05")

    def fault(asked: Asked, said: Said) -> Reply:
        return FAULTS[code](answer, asked)

    with serving(answer, fault) as server:
        url = f"http://127.0.0.1:{server.port}/{path.name}"
        done = subprocess.run(
            [sys.executable, "-c", RUN.format(PROGRAMS[client]), str(path), url],
            capture_output=True, encoding="utf-8", timeout=100, check=False,
            env={**os.environ, "PYTHONWARNDEFAULTENCODING": ""},
        )  # fmt: skip
        sent = server.sent
    works = done.stdout.strip() == "same"
    row = ROW[client]
    assert works is (code not in row.breaks), done.stderr[-2000:]
    if code == "R01" and works:
        assert code in row.slows
        assert sent > size_of(path)
