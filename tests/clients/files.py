"""Files that more than one client reads."""

from __future__ import annotations

from pathlib import Path

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
