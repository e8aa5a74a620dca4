"""Print docs/products.md: `python tests/products > docs/products.md`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from products import live, page
from products.catalogue import BARE, WRAPPED, Product
from products.middlewares import MIDDLEWARES


def main() -> None:
    """Measure everything on the first server, and print the page."""
    done: dict[tuple[str, str], live.Measured] = {}

    def measured(product: Product, mode: str) -> live.Measured:
        key = (product.name, mode)
        if key not in done:
            print(product.name, mode, file=sys.stderr)
            with tempfile.TemporaryDirectory() as folder:
                done[key] = live.measure_product(product, mode, live.SERVERS[0], Path(folder))
        return done[key]

    products = page.every_product_row(measured)
    verdicts = {}
    for mode in (BARE, WRAPPED):
        with tempfile.TemporaryDirectory() as folder:
            verdicts.update(live.measure_middlewares(mode, Path(folder))[0])
    rows = [row for name in MIDDLEWARES for row in page.middleware_rows(name, verdicts)]
    print(page.render(products, rows), end="")


if __name__ == "__main__":
    main()
