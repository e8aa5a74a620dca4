"""JavaScript libraries under Node: what they read is compared."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from clients.files import geotiff, parquet_rows, pmtiles
from support.site import Site

HERE = Path(__file__).parent
PACKAGES = ("geotiff@3", "hyparquet@1", "pdfjs-dist@5", "pmtiles@4")


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., object]:
    """Run one of the scripts beside this file with the packages installed; its JSON."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            pytest.skip(f"{command} is not installed")
    folder = tmp_path_factory.mktemp("node")
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    done = subprocess.run(install, cwd=folder, capture_output=True, timeout=100, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install: {done.stderr.decode(errors='replace')[-500:]}")

    def node(script: str, *arguments: str) -> object:
        shutil.copy(HERE / script, folder)
        done = subprocess.run(
            ["node", script, *arguments], cwd=folder, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return json.loads(done.stdout)

    return node


def make_pdf(path: Path, pages: int = 12) -> None:
    """A PDF whose pages each have a line of text and a megabyte that is not shown."""
    objects: dict[int, bytes] = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    kids = []
    for page in range(pages):
        sheet, text, ballast = 4 + 3 * page, 5 + 3 * page, 6 + 3 * page
        kids.append(f"{sheet} 0 R")
        shown = f"BT /F 24 Tf 72 700 Td (This is page {page + 1}) Tj ET".encode()
        noise = random.Random(page).randbytes(1 << 20)
        objects[sheet] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
            b"/Resources<</Font<</F 3 0 R>>/XObject<</B %d 0 R>>>>>>" % (text, ballast)
        )
        objects[text] = b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown)
        objects[ballast] = (
            b"<</Type/XObject/Subtype/Image/Width 1024/Height 1024/ColorSpace/DeviceGray"
            b"/BitsPerComponent 8/Length %d>>stream\n%s\nendstream" % (len(noise), noise)
        )
    objects[2] = f"<</Type/Pages/Count {pages}/Kids[{' '.join(kids)}]>>".encode()
    body = b"%PDF-1.7\n"
    places = []
    for number in sorted(objects):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, len(body))
    path.write_bytes(body + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer)


def test_pdfjs_reads_a_page(site: Site, node: Callable[..., object]) -> None:
    make_pdf(site.folder / "book.pdf")
    read = node("read_pdf.mjs", site.url("book.pdf"), "9")
    assert read == {"pages": 12, "text": "This is page 9"}
    assert len(site.ranged("book.pdf", 2)) >= 2
    assert sum(access.sent for access in site.ranged("book.pdf")) < 4 << 20


def test_geotiff_reads_a_window(site: Site, node: Callable[..., object]) -> None:
    rasterio = pytest.importorskip("rasterio")
    windows = pytest.importorskip("rasterio.windows")
    path = geotiff(site)
    before = len(site.accesses("map.tif"))
    read = node("read_tif.mjs", site.url("map.tif"), "1000", "2000", "1016", "2008")
    with rasterio.open(path) as local:
        expected = local.read(1, window=windows.Window(1000, 2000, 16, 8))
    assert isinstance(read, dict)
    assert read["pixels"] == expected.flatten().tolist()
    asked = site.accesses("map.tif")[before:]
    assert {access.status for access in asked} == {206}
    assert sum(access.sent for access in asked) < 1 << 20


def test_pmtiles_js_reads_a_tile(site: Site, node: Callable[..., object]) -> None:
    tile = pytest.importorskip("pmtiles.tile")
    tiles = pmtiles(site)
    before = len(site.accesses("world.pmtiles"))
    place = (str(step) for step in tile.tileid_to_zxy(12))
    read = node("read_pmtiles.mjs", site.url("world.pmtiles"), *place)
    assert read == {"tile": tiles[12].hex()}
    asked = site.accesses("world.pmtiles")[before:]
    assert {access.status for access in asked} == {206}
    assert sum(access.sent for access in asked) < 1 << 20


def test_hyparquet_reads_some_rows(site: Site, node: Callable[..., object]) -> None:
    table = parquet_rows(site)
    before = len(site.accesses("rows.parquet"))
    read = node("read_parquet.mjs", site.url("rows.parquet"), "noise", "410000", "410100")
    assert read == {"values": table["noise"][410_000:410_100].to_pylist()}
    asked = [each for each in site.accesses("rows.parquet")[before:] if each.method == "GET"]
    assert {access.status for access in asked} == {206}
    assert sum(access.sent for access in asked) < 2 << 20
