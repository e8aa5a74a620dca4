"""Each product is started once for all the tests of it, in one worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from products.catalogue import Product
from products.live import Measured, measure_product

Measure = Callable[[Product, str, str], Measured]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measure:
    """What was measured of a product, in a mode, on a server."""

    @cache
    def once(name: str, mode: str, server: str) -> Measured:
        folder = tmp_path_factory.mktemp("served")
        return measure_product(products[name], mode, server, folder)

    products: dict[str, Product] = {}

    def measure(product: Product, mode: str, server: str) -> Measured:
        products[product.name] = product
        return once(product.name, mode, server)

    return measure
