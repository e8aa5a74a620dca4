"""Each product is started once for all the tests of it, in one worker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from products.catalogue import BARE, WRAPPED, Product
from products.live import Measured, MeasuredMiddlewares, measure_middlewares, measure_product

Measure = Callable[[Product, str, str], Measured]


def group(name: str, server: str) -> pytest.MarkDecorator:
    """What keeps the tests of a product behind a server in one worker."""
    return pytest.mark.xdist_group(f"{name} {server}")


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measure:
    """What was measured of a product, in a mode, on a server."""
    done: dict[tuple[str, str, str], Measured] = {}

    def measure(product: Product, mode: str, server: str) -> Measured:
        key = (product.name, mode, server)
        if key not in done:
            folder = tmp_path_factory.mktemp("served")
            done[key] = measure_product(product, mode, server, folder)
        return done[key]

    return measure


@pytest.fixture(scope="session")
def middlewares(tmp_path_factory: pytest.TempPathFactory) -> MeasuredMiddlewares:
    """What was measured of the middlewares. `log` is that of the process with ours."""
    bare, _ = measure_middlewares(BARE, tmp_path_factory.mktemp("served"))
    wrapped, log = measure_middlewares(WRAPPED, tmp_path_factory.mktemp("served"))
    return MeasuredMiddlewares({**bare, **wrapped}, log)
