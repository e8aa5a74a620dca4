"""Python libraries that read a little of a large file: each compares what it read."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest
from clients.files import geotiff, parquet_rows, pmtiles
from support.site import Site

MIB = 1 << 20
Blob = tuple[str, bytes]

# What a library warns of is its own affair.
pytestmark = pytest.mark.filterwarnings("default")


def little_of(site: Site, name: str, *, at_least: int = 1) -> None:
    """Ranges were asked for and sent, and much less than the file."""
    site.ranged(name, at_least)
    assert site.sent(name) < (site.folder / name).stat().st_size / 2, site.accesses(name)


def test_fsspec_reads_ranges(site: Site, blob: Blob) -> None:
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    name, content = blob
    files = fsspec.filesystem("http", skip_instance_cache=True)
    url = site.url(name)
    pieces = files.cat_ranges([url] * 3, [0, 5 * MIB, -50], [10, 5 * MIB + 100, None])
    assert pieces == [content[:10], content[5 * MIB : 5 * MIB + 100], content[-50:]]
    with files.open(url, block_size=64 * 1024) as file:
        file.seek(8 * MIB)
        assert file.read(1000) == content[8 * MIB : 8 * MIB + 1000]
    little_of(site, name, at_least=4)
    last = len(content) - 1
    assert {"0-9", f"{last - 49}-{last}"} <= {access.ranges for access in site.ranged(name)}


def test_fsspec_sees_a_folder(site: Site) -> None:
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    (site.folder / "years" / "2026").mkdir(parents=True)
    for name in ("a.csv", "b c.csv", "2026/d.csv"):
        (site.folder / "years" / name).write_bytes(name.encode())
    files = fsspec.filesystem("http", skip_instance_cache=True)
    found = files.glob(site.url("years/*.csv"))
    assert sorted(found) == [site.url("years/a.csv"), site.url("years/b%20c.csv")]


def test_pyarrow_reads_a_row_group(site: Site) -> None:
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet_rows(site)
    files = fsspec.filesystem("http", skip_instance_cache=True)
    with files.open(site.url("rows.parquet"), block_size=64 * 1024) as file:
        group = parquet.ParquetFile(file).read_row_group(7, columns=["noise"])
    assert group.equals(table.select(["noise"]).slice(7 * 50_000, 50_000))
    little_of(site, "rows.parquet", at_least=2)


def test_duckdb_queries_a_column(site: Site) -> None:
    duckdb = pytest.importorskip("duckdb")
    httpfs = pytest.importorskip("duckdb_extension_httpfs")
    (extension,) = Path(httpfs.__file__).parent.glob("**/httpfs.duckdb_extension")
    path = site.folder / "query.parquet"
    with duckdb.connect(config={"allow_unsigned_extensions": True}) as connection:
        connection.execute(
            "copy (select i as id, hash(i) as noise from range(1000000) t(i)) "
            f"to '{path}' (format parquet, row_group_size 100000)"
        )
        connection.execute(f"load '{extension}'")
        query = "select sum(noise % 1000), count(*) from '{}' where id between 700000 and 700099"
        here = connection.execute(query.format(path)).fetchall()
        there = connection.execute(query.format(site.url("query.parquet"))).fetchall()
    assert here == there
    assert there[0][1] == 100
    little_of(site, "query.parquet", at_least=2)


def test_rasterio_reads_a_window(site: Site) -> None:
    numpy = pytest.importorskip("numpy")
    rasterio = pytest.importorskip("rasterio")
    windows = pytest.importorskip("rasterio.windows")
    geotiff(site)
    window = windows.Window(3000, 3100, 64, 64)
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        with rasterio.open(site.folder / "map.tif") as local:
            expected = local.read(1, window=window)
        with rasterio.open(f"/vsicurl/{site.url('map.tif')}") as remote:
            numpy.testing.assert_array_equal(remote.read(1, window=window), expected)
    assert expected.std() > 10
    little_of(site, "map.tif", at_least=2)


def test_remotezip_reads_one_member(site: Site) -> None:
    remotezip = pytest.importorskip("remotezip")
    members = {f"{n}.bin": random.Random(n).randbytes(2 * MIB) for n in range(5)}
    with zipfile.ZipFile(site.folder / "five.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with remotezip.RemoteZip(site.url("five.zip")) as archive:
        assert archive.namelist() == list(members)
        assert archive.read("3.bin") == members["3.bin"]
    little_of(site, "five.zip", at_least=2)
    size = (site.folder / "five.zip").stat().st_size
    assert site.ranged("five.zip")[0].ranges == f"{size - 65536}-{size - 1}"  # asked: -65536


def test_zarr_reads_a_chunk_of_a_shard(site: Site) -> None:
    numpy = pytest.importorskip("numpy")
    zarr = pytest.importorskip("zarr")
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    values = numpy.random.default_rng(5).integers(0, 1 << 60, (1000, 1000))
    array = zarr.create_array(
        str(site.folder / "grid.zarr"), shape=(1000, 1000), chunks=(100, 100),
        shards=(1000, 1000), dtype="int64", compressors=None,
    )  # fmt: skip
    array[:] = values
    remote = zarr.open_array(site.url("grid.zarr"), mode="r")
    numpy.testing.assert_array_equal(remote[310:320, 750:760], values[310:320, 750:760])
    shard = "grid.zarr/c/0/0"
    little_of(site, shard, at_least=2)
    size = (site.folder / shard).stat().st_size
    index = 16 * 100 + 4  # asked: a suffix, the index of the shard
    assert f"{size - index}-{size - 1}" in [access.ranges for access in site.ranged(shard)]


def test_pmtiles_reads_a_tile(site: Site) -> None:
    reader = pytest.importorskip("pmtiles.reader")
    tile = pytest.importorskip("pmtiles.tile")
    requests = pytest.importorskip("requests")
    tiles = pmtiles(site)

    def get_bytes(offset: int, length: int) -> bytes:
        asked = {"Range": f"bytes={offset}-{offset + length - 1}"}
        answer = requests.get(site.url("world.pmtiles"), headers=asked, timeout=20)
        assert answer.status_code == 206
        return bytes(answer.content)

    z, x, y = tile.tileid_to_zxy(17)
    assert reader.Reader(get_bytes).get(z, x, y) == tiles[17]
    little_of(site, "world.pmtiles", at_least=2)


def test_smart_open_seeks(site: Site, blob: Blob) -> None:
    smart_open = pytest.importorskip("smart_open")
    pytest.importorskip("requests")
    name, content = blob
    with smart_open.open(site.url(name), "rb") as file:
        file.seek(11 * MIB)
        assert file.read(1000) == content[11 * MIB : 11 * MIB + 1000]
        file.seek(0)
        assert file.read(10) == content[:10]
    asked = [access.ranges for access in site.ranged(name)]
    assert f"{11 * MIB}-{len(content) - 1}" in asked


def test_obstore_gets_ranges(site: Site, blob: Blob) -> None:
    store = pytest.importorskip("obstore.store")
    obstore = pytest.importorskip("obstore")
    name, content = blob
    http = store.HTTPStore.from_url(site.server.url, client_options={"allow_http": True})
    starts, lengths = [0, 3 * MIB, 9 * MIB], [10, 1000, 70_000]
    pieces = obstore.get_ranges(http, name, starts=starts, lengths=lengths)
    assert [bytes(piece) for piece in pieces] == [
        content[start : start + length] for start, length in zip(starts, lengths, strict=True)
    ]
    etag = obstore.head(http, name)["e_tag"]
    tail = obstore.get(http, name, options={"range": {"suffix": 404}, "if_match": etag})
    assert bytes(tail.bytes()) == content[-404:]
    little_of(site, name, at_least=2)
    with pytest.raises(Exception, match=r"412|[Pp]recondition"):
        obstore.get(http, name, options={"range": {"suffix": 404}, "if_match": '"stale"'})


def test_h5py_reads_a_dataset(site: Site) -> None:
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    h5py = pytest.importorskip("h5py")
    numpy = pytest.importorskip("numpy")
    rng = numpy.random.default_rng(6)
    sets = {f"set{n}": rng.integers(0, 256, 2 * MIB, dtype="uint8") for n in range(6)}
    with h5py.File(site.folder / "sets.h5", "w") as file:
        for name, values in sets.items():
            file[name] = values
    files = fsspec.filesystem("http", skip_instance_cache=True)
    with (
        files.open(site.url("sets.h5"), block_size=64 * 1024) as remote,
        h5py.File(remote, "r") as file,
    ):
        numpy.testing.assert_array_equal(file["set4"][1000:2000], sets["set4"][1000:2000])
    little_of(site, "sets.h5", at_least=2)
