"""Files that more than one client reads."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from support.site import Site

TIF_SIDE = 4096


def geotiff(site: Site) -> Path:
    """A tiled GeoTIFF of 16 MiB of noise in `map.tif`, made once."""
    path = site.folder / "map.tif"
    if path.exists():
        return path
    numpy = pytest.importorskip("numpy")
    rasterio = pytest.importorskip("rasterio")
    transform = pytest.importorskip("rasterio.transform")
    pixels = numpy.random.default_rng(4).integers(0, 256, (TIF_SIDE, TIF_SIDE), dtype="uint8")
    profile = {
        **{"driver": "GTiff", "width": TIF_SIDE, "height": TIF_SIDE, "count": 1, "dtype": "uint8"},
        **{"tiled": True, "blockxsize": 256, "blockysize": 256},
        "transform": transform.from_origin(10, 50, 0.001, 0.001),
    }
    with rasterio.open(path, "w", **profile) as out:
        out.write(pixels, 1)
    return path


def pmtiles(site: Site) -> dict[int, bytes]:
    """21 tiles of noise, by their number, in `world.pmtiles`."""
    tile = pytest.importorskip("pmtiles.tile")
    writer = pytest.importorskip("pmtiles.writer")
    tiles = {n: random.Random(n).randbytes(200_000) for n in range(21)}
    path = site.folder / "world.pmtiles"
    if path.exists():
        return tiles
    with path.open("wb") as file:
        out = writer.Writer(file)
        for number, content in tiles.items():
            out.write_tile(number, content)
        header = {
            "tile_type": tile.TileType.PNG, "tile_compression": tile.Compression.NONE,
            "min_lon_e7": 0, "min_lat_e7": 0, "max_lon_e7": 1, "max_lat_e7": 1,
            "center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0,
        }  # fmt: skip
        out.finalize(header, {"name": "world"})
    return tiles


def parquet_rows(site: Site) -> Any:
    """A table of a million rows, in row groups of 50,000, also in `rows.parquet`."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = 1_000_000
    noise = random.Random(3).choices(range(1 << 40), k=rows)
    table = pa.table({"id": range(rows), "noise": noise})
    path = site.folder / "rows.parquet"
    if not path.exists():
        parquet.write_table(table, path, row_group_size=50_000)
    return table
