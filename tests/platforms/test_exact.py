"""Clients that read exact ranges: what a cap does to them, and what they need (platforms.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from platforms.conftest import Serve
from support.servers import Server

QUERY = "select sum(noise % 1000), count(*) from '{}' where id between 1200000 and 1200099"
TILES = {"driver": "GTiff", "width": 4096, "height": 4096, "count": 1, "dtype": "uint16"}


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> Iterator[Server]:
    with serve("capped_app:app", PLATFORMS_FOLDER=str(tmp_path)) as server:
        yield server


class TestDuckDB:
    @pytest.fixture
    def connection(self) -> Iterator[Any]:
        duckdb = pytest.importorskip("duckdb")
        httpfs = pytest.importorskip("duckdb_extension_httpfs")
        (extension,) = Path(httpfs.__file__).parent.glob("**/httpfs.duckdb_extension")
        with duckdb.connect(config={"allow_unsigned_extensions": True}) as connection:
            connection.execute(f"load '{extension}'")
            connection.execute("set http_retries = 0")
            yield connection

    @staticmethod
    def write(connection: Any, path: Path, rows: int) -> None:
        connection.execute(
            "copy (select i as id, hash(i) as noise from range(3000000) t(i)) "
            f"to '{path}' (format parquet, row_group_size {rows})"
        )

    def test_small_row_groups_are_read(
        self, connection: Any, server: Server, tmp_path: Path
    ) -> None:
        self.write(connection, tmp_path / "small.parquet", 50_000)
        here = connection.execute(QUERY.format(tmp_path / "small.parquet")).fetchall()
        there = connection.execute(QUERY.format(f"{server.url}/small.parquet")).fetchall()
        assert here == there
        assert there[0][1] == 100

    def test_large_ones_are_a_clear_error(
        self, connection: Any, server: Server, tmp_path: Path
    ) -> None:
        self.write(connection, tmp_path / "large.parquet", 1_000_000)
        with pytest.raises(Exception, match="HTTP"):
            connection.execute(QUERY.format(f"{server.url}/large.parquet")).fetchall()


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
class TestGDAL:
    @staticmethod
    def write(path: Path, block: int) -> None:
        numpy = pytest.importorskip("numpy")
        rasterio = pytest.importorskip("rasterio")
        noise = numpy.random.default_rng(1).integers(0, 65535, (1, 4096, 4096), dtype="uint16")
        options = {**TILES, "tiled": True, "blockxsize": block, "blockysize": block}
        with rasterio.open(path, "w", **options) as image:
            image.write(noise)

    @staticmethod
    def read(name: str, windows: Sequence[tuple[int, int, int, int]]) -> list[Any]:
        """The pixels of each window: its left and upper edge, its width and its height."""
        rasterio = pytest.importorskip("rasterio")
        api = pytest.importorskip("rasterio.windows")
        with (
            rasterio.Env(
                GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_HTTP_MERGE_CONSECUTIVE_RANGES="NO"
            ),
            rasterio.open(name) as image,
        ):
            return [image.read(1, window=api.Window(*window)) for window in windows]

    def test_small_tiles_here_and_there_are_read(self, server: Server, tmp_path: Path) -> None:
        self.write(tmp_path / "small.tif", 512)
        windows = [(2100, 100, 64, 64), (300, 3000, 64, 64), (3800, 1800, 64, 64)]
        here = self.read(str(tmp_path / "small.tif"), windows)
        there = self.read(f"/vsicurl/{server.url}/small.tif", windows)
        for one, other in zip(here, there, strict=True):
            assert (one == other).all()
            assert one.std() > 10

    @pytest.mark.parametrize(
        ("block", "window"),
        [
            pytest.param(2048, (2100, 100, 64, 64), id="large tiles"),
            pytest.param(512, (2048, 0, 2048, 512), id="several neighbours at once"),
        ],
    )
    def test_a_range_over_the_cap_is_a_clear_error(
        self, server: Server, tmp_path: Path, block: int, window: tuple[int, int, int, int]
    ) -> None:
        errors = pytest.importorskip("rasterio.errors")
        self.write(tmp_path / "map.tif", block)
        with pytest.raises(errors.RasterioIOError, match="Read failed"):
            self.read(f"/vsicurl/{server.url}/map.tif", [window])
