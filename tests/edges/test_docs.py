"""docs/scale.md shows the very files that these tests run."""

from __future__ import annotations

import re

import pytest
from edges.engines import DOCS

PAGE = (DOCS.parent / "scale.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"<!-- file: edges/(\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.parametrize("name", sorted(path.name for path in DOCS.iterdir()))
def test_the_page_shows_the_file(name: str) -> None:
    assert SHOWN[name] == (DOCS / name).read_text(encoding="utf-8")


def test_the_page_shows_nothing_else() -> None:
    assert sorted(SHOWN) == sorted(path.name for path in DOCS.iterdir())
