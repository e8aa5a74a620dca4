"""docs/products.md (products.md) says what is measured here, in its very words."""

from __future__ import annotations

import pytest
from products import page
from products.catalogue import PRODUCTS, Product
from products.conftest import Measure, group
from products.live import SERVERS, MeasuredMiddlewares
from products.middlewares import MIDDLEWARES
from products.probes import PROBES

WRITTEN = page.PAGE.read_text(encoding="utf-8")
AGAIN = "print it again: python tests/products > docs/products.md"


@pytest.mark.parametrize(
    "product",
    [pytest.param(each, id=each.name, marks=group(each.name, SERVERS[0])) for each in PRODUCTS],
)
def test_the_rows_of_a_product(measured: Measure, product: Product) -> None:
    rows = page.product_rows(product, lambda each, mode: measured(each, mode, SERVERS[0]))
    assert page.rows_of(WRITTEN, product.name) == rows, AGAIN


@pytest.mark.xdist_group("middlewares")
@pytest.mark.parametrize("name", MIDDLEWARES)
def test_the_rows_of_a_middleware(middlewares: MeasuredMiddlewares, name: str) -> None:
    rows = page.middleware_rows(name, middlewares.verdicts)
    title, distribution = MIDDLEWARES[name]
    written = page.rows_of(WRITTEN, title)
    assert [row for row in written if f"** of {distribution} " in row] == rows, AGAIN


def test_the_rest_of_the_page() -> None:
    assert page.without_rows(WRITTEN) == page.render([], []), AGAIN


def test_there_are_fifteen_probes() -> None:
    assert len(PROBES) == 15
