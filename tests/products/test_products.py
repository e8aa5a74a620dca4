"""Real products, bare and wrapped in one line: wrapped is never worse, probe by probe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from products.catalogue import APP_RANGES, BARE, INTEGRATION, PRODUCTS, WRAPPED, Product
from products.conftest import Measure, group
from products.live import SERVERS, modes_on
from products.probes import PROBES, Grade

SINGLE = ("0-1", "0-", "middle", "tail", "suffix", "past the end")


def _rows() -> Iterator[object]:
    for product in PRODUCTS:
        for server in SERVERS:
            for mode in modes_on(product, server):
                if mode != BARE:
                    yield pytest.param(
                        product, mode, server,
                        id=f"{product.name}-{mode}-{server}", marks=group(product.name, server),
                    )  # fmt: skip


wrapped = pytest.mark.parametrize(("product", "mode", "server"), list(_rows()))


@wrapped
@pytest.mark.parametrize("probe", [probe.name for probe in PROBES])
def test_wrapped_is_never_worse(
    measured: Measure, product: Product, mode: str, server: str, probe: str
) -> None:
    bare, this = measured(product, BARE, server), measured(product, mode, server)
    for file in product.files:
        before, after = bare.verdicts[file][probe], this.verdicts[file][probe]
        if mode == WRAPPED and file in product.lost_by_default:  # then the log says what to do
            assert after.grade >= min(before.grade, Grade.RIGHT), (file, before, after)
        else:
            assert after.grade >= before.grade, (file, before, after)


@wrapped
def test_every_file_has_ranges(measured: Measure, product: Product, mode: str, server: str) -> None:
    this = measured(product, mode, server)
    for file in product.files:
        if mode == WRAPPED and file in product.lost_by_default:
            continue
        grades = {name: this.verdicts[file][name].grade for name in SINGLE}
        if mode == APP_RANGES and file not in product.lost_by_default:
            continue  # the product's own answers: not ours to promise
        assert set(grades.values()) == {Grade.BEST}, (file, grades)


@wrapped
def test_the_page_of_the_product_is_there(
    measured: Measure, product: Product, mode: str, server: str
) -> None:
    assert product.says
    bare, this = measured(product, BARE, server), measured(product, mode, server)
    assert bare.page.is_there
    assert this.page == bare.page


@wrapped
def test_nothing_fails_in_the_log(
    measured: Measure, product: Product, mode: str, server: str
) -> None:
    """The log has a traceback only for a 5xx, and that only where the bare app is broken, too."""
    this = measured(product, mode, server)
    if product.name == "Datasette" and mode == WRAPPED:
        # It prints each exception of a send. docs/products.md has the plugin, which is the
        # mode `integration`.
        assert "the response is complete" in this.log
        assert INTEGRATION in product.modes
        return
    errors = [
        verdict
        for file in product.files
        for verdict in this.verdicts[file].values()
        if verdict.status.startswith("5")
    ]
    if not errors:
        assert "Traceback" not in this.log


@pytest.mark.parametrize(
    "product",
    [
        pytest.param(product, id=product.name, marks=group(product.name, SERVERS[0]))
        for product in PRODUCTS
        if product.lost_by_default
    ],
)
def test_ranges_that_are_lost_are_announced(measured: Measure, product: Product) -> None:
    assert APP_RANGES in product.modes
    assert "app_ranges=True" in measured(product, WRAPPED, SERVERS[0]).log
