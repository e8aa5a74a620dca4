"""docs/products.md: its prose, and its tables made of what was measured."""

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

PROSE = """\
<!-- run by: tests/products/test_page.py -->
# Real products

Products and middlewares from PyPI, bare and wrapped in one line, behind real servers: `tox -e products` runs them all, and fails if a wrapped one is
worse than the bare one. The tables are printed by `python tests/products > docs/products.md` in that environment; a test compares them with what it measures.
Versions: uvicorn {uvicorn}, Starlette {starlette}, FastAPI {fastapi}, Python 3.12.

## How an answer is judged

Each answer is compared with the bytes of the file, {size:,} of them. Four grades, from the best:

| written | grade |
| --- | --- |
| `206 ok` | what was asked for: the right part, the right 304 or 416, the whole where the whole is right |
| `200` | right, but less than what was asked for: the whole where a part or a 304 would do, a HEAD without a length; `-`: no validator to ask with |
| `416 no` | refused without need, or one of several ranges: the client knows, and has to ask again |
| `500 BAD` | wrong bytes, two versions joined, a unit that was not asked for, a wrong length, a 5xx, a body that is cut |

The fifteen probes: the whole; `bytes=0-1`; `0-`; one in the middle; the last 1,000 bytes; a suffix; a range that ends beyond the file; two ranges; one that begins
beyond the file; `9-0`; `items=0-9`; If-Range with another entity-tag, then with the response's own validator; If-None-Match with its ETag; HEAD. Beside them
the product's own page must be the same, and the server's log must have no traceback but of a 5xx that the table shows.

## Products

{products}

What to know:

- **NiceGUI**, **Gradio**, **Streamlit** answer ranges by themselves, each with its own gaps: suffixes, several ranges, If-Range. In the default mode they are sliced, and the gaps are closed; `app_ranges=True` leaves
  their answers as they are. A NiceGUI media file is a 200 with the Content-Range of the whole, which is dropped. To `items=0-9` NiceGUI sends bytes in a 206: such a 206 never goes out, and the connection gets a 500.
- **marimo** sends its virtual files without a Content-Length, on purpose: in the default mode they have no ranges, and the log says so and what to do: `RangeMiddleware(app, app_ranges=True)`.
- **Datasette** streams its static files and does not listen for the client's leaving, so a seek in one is ended by a `ClientDisconnected` from `send`. Datasette prints the traceback of every such exception. With this plugin, a file in its
  `plugins_dir`, it does not (the mode "with the integration"):

```python
{plugin}```

- **Streamlit** is `streamlit.App`, its ASGI app. **Dash** is an ASGI app with its FastAPI and its Quart backend; with Flask it is a WSGI app, here in a2wsgi.
- **Django**: "with the integration" is `rangeserve.integrations.django.FileHandOver`, with which its files are seeked, and have validators.
- **Solara** is `solara.server.starlette.app`; **Shiny** and **FastHTML** are wrapped as they are.

## Middlewares

A Starlette app with a file of {text_size:,} bytes (`FileResponse` and `StaticFiles`) and a stream with a Content-Length and an ETag, in each of these. *Inside* means that the middleware lies between the app and `RangeMiddleware`,
*outside* that it lies round both. Each cell has four answers: the whole, a part, and both once more with `Accept-Encoding: {codings}`; what is written behind a status is the coding.
A 206 of the file's own bytes that has the strong entity-tag of the coded 200 is `BAD`: a client that resumes would join the two.

{middlewares}

What to know:

- **Compression belongs inside**, as everywhere in these pages. Outside, every one of these five codes the parts after they are cut, or leaves two codings under one tag; so it is with a bare `FileResponse`, and so it becomes with a stream.
- **SlowAPIASGIMiddleware** sends the start once more with each chunk: bodies of several messages are broken without us. Inside, the files of `FileResponse` are right, because they come in one message then.
- The rest works on both sides, and is never worse than bare.
"""


def render(product_rows: list[str], middleware_rows: list[str]) -> str:
    """The page with these rows in its two tables."""
    names = [probe.name for probe in PROBES]
    return PROSE.format(
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
