"""docs/products.md: its template page.md, and its tables made of what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from products.catalogue import APP_RANGES, BARE, INTEGRATION, PRODUCTS, WRAPPED, Product
from products.live import DATA, Measured
from products.middlewares import CODINGS, MIDDLEWARES, QUESTIONS, RESOURCES, TEXT
from products.probes import PROBES, Grade, Verdict

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "products.md"
TEMPLATE = HERE / "page.md"
PLUGIN = HERE / "datasette_plugins" / "complete.py"
PLACES = ("bare", "inside", "outside")
Middlewares = Mapping[tuple[str, str, str], Mapping[str, Verdict]]

_MARKS = {Grade.BEST: " ok", Grade.RIGHT: "", Grade.REFUSED: " no", Grade.BROKEN: " BAD"}
_MODES = {
    BARE: "bare",
    WRAPPED: "`RangeMiddleware(app)`",
    APP_RANGES: "`app_ranges=True`",
    INTEGRATION: "with the integration",
}


def render(product_rows: list[str], middleware_rows: list[str]) -> str:
    """The page with these rows in its two tables."""
    names = [probe.name for probe in PROBES]
    return TEMPLATE.read_text(encoding="utf-8").format(
        **{name: version(name) for name in ("uvicorn", "starlette", "fastapi")},
        size=len(DATA),
        text_size=len(TEXT),
        codings=CODINGS,
        plugin=PLUGIN.read_text(encoding="utf-8"),
        products=_table(["product", "file", "mode", *names], product_rows),
        middlewares=_table(["middleware", "of", *PLACES], middleware_rows),
    )


def without_rows(page: str) -> str:
    """The page without what was measured."""
    return "".join(line for line in page.splitlines(True) if not line.startswith("| **"))


def rows_of(page: str, name: str) -> list[str]:
    """The rows of a product or a middleware."""
    return [line for line in page.splitlines() if line.startswith(f"| **{name}** ")]


def product_rows(product: Product, measured: Callable[[Product, str], Measured]) -> list[str]:
    """A row for each file of the product and each mode."""
    rows = []
    title = f"**{product.name}** {version(product.distribution)}"
    for file in product.files:
        for mode in product.modes:
            verdicts = measured(product, mode).verdicts[file]
            cells = [cell(verdicts[probe.name]) for probe in PROBES]
            rows.append(_row([title, file, _MODES[mode], *cells]))
    return rows


def middleware_rows(name: str, measured: Middlewares) -> list[str]:
    """A row for the resources that are answered alike."""
    title, distribution = MIDDLEWARES[name]
    alike: dict[tuple[str, ...], list[str]] = {}
    for resource in RESOURCES:
        cells = tuple(
            ", ".join(cell(measured[name, place, resource][question]) for question in QUESTIONS)
            for place in PLACES
        )
        alike.setdefault(cells, []).append(resource)
    first = f"**{title}** of {distribution} {version(distribution)}"
    return [_row([first, ", ".join(found), *cells]) for cells, found in alike.items()]


def cell(verdict: Verdict) -> str:
    """A verdict as the page writes it."""
    return f"{verdict.status}{_MARKS[verdict.grade]}"


def every_product_row(measured: Callable[[Product, str], Measured]) -> list[str]:
    return [row for product in PRODUCTS for row in product_rows(product, measured)]


def _table(head: list[str], rows: list[str]) -> str:
    return "\n".join([_row(head), _row(["---"] * len(head)), *rows])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
