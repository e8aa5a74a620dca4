"""Products as they are: docs/check.md says what is found, and curl sees the same."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from bare import page
from bare.catalogue import PRODUCTS, Bare
from support.engines import find

from rangeserve.check import check

AGAIN = "print it again: python tests/bare"
# What curl prints differently each time, or says in the words of its version.
MOVES = {"date", "expires", "age", "content-length", "x-process-time"}


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda each: f"{each.name}, {each.what}")
def test_a_product_and_the_curl_line_of_each_finding(product: Bare, tmp_path: Path) -> None:
    if not product.is_here:
        pytest.skip(f"{product.name} is not installed: another environment has it")
    with product.start(tmp_path) as url:
        report = check(url, timeout=60)
        assert page.written(product) == [page.row(product, report)], AGAIN
        exchanges = {each.name: each for each in report.exchanges}
        for finding in report.findings:
            if finding.failed is not None:
                for name in finding.failed.asked:
                    reproduces(exchanges[name].command, exchanges[name].reply)


def reproduces(command: str, reply: str) -> None:
    """Run a curl line; it has to see the status and the fields that the report tells."""
    find("curl")
    done = subprocess.run(
        shlex.split(command), capture_output=True, encoding="latin-1", timeout=60, check=False
    )
    head = [line.rstrip("\r") for line in done.stdout.split("\r\n\r\n")[0].split("\n")]
    status, *told = reply.split("; ")
    assert head[0].split()[1] == status, command
    said = {name.lower(): value.strip() for name, _, value in (e.partition(":") for e in head[1:])}
    for each in told:
        name, colon, value = each.partition(": ")
        if colon and name not in MOVES:
            assert said.get(name) == value, (command, name)


def test_every_row_is_of_a_product() -> None:
    rows = [row for product in PRODUCTS for row in page.written(product)]
    section = page.PAGE.read_text(encoding="utf-8").partition(f"## {page.TITLE}\n")[2]
    lines = [line for line in section.splitlines() if line.startswith("| **")]
    assert lines == rows, AGAIN
