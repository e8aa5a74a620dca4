"""Print the table of docs/check.md: `python tests/bare`.

A product that is not installed here is named on stderr: the environment `products` has those that
`check` has not. `-v` prints the report of each product, with the curl line of each finding.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bare import page
from bare.catalogue import PRODUCTS, ask

from rangeserve.check.report.terminal import in_text


def main() -> None:
    """Start each product that is here, check it, and print its row."""
    print(page.HEAD)
    for product in PRODUCTS:
        if not product.is_here:
            print(f"{product.name} is not installed", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            report = ask(product, Path(folder))
        print(page.row(product, report), flush=True)
        if "-v" in sys.argv[1:]:
            print(in_text(report), file=sys.stderr)


if __name__ == "__main__":
    main()
