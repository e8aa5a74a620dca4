"""The documentation site as it is built: each link of it, the search, and both schemes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest

pytestmark = pytest.mark.skipif(find_spec("zensical") is None, reason="Zensical is not installed")

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"


class Page(HTMLParser):
    """The links of a page, what a browser loads for it, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon"):
            self.loaded.add(given["href"])
        for name in ("src", "srcset"):
            if name in given:
                self.loaded.add(given[name])


@pytest.fixture(scope="module")
def pages() -> dict[Path, Page]:
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "site.py")],
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {path: Page(path) for path in SITE.rglob("*.html") if path.name != "404.html"}


def test_each_page_of_the_docs_is_there(pages: dict[Path, Page]) -> None:
    docs = ROOT / "docs"
    written = {path.relative_to(docs).with_suffix(".html") for path in docs.rglob("*.md")}
    built = {path.relative_to(SITE) for path in pages}
    renamed = {Path("frameworks/README.html"): Path("frameworks/index.html")}
    assert {renamed.get(page, page) for page in written} <= built
    assert {Path(f"{name}.html") for name in ("index", "changes", "security")} <= built


def test_each_link_leads_to_a_page_and_a_heading(pages: dict[Path, Page]) -> None:
    wrong = []
    for path, page in pages.items():
        for link in page.links | page.loaded:
            if re.match(r"\w+:", link):
                continue
            name, _, anchor = unquote(link).partition("#")
            there = (path.parent / name).resolve() if name else path
            there = there / "index.html" if there.is_dir() else there
            if not there.is_file() or (there in pages and anchor not in pages[there].anchors):
                wrong.append(f"{path.relative_to(SITE)}: {link}")
    assert wrong == []


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page]) -> None:
    assert {link for page in pages.values() for link in page.loaded if "://" in link} == set()


def test_the_search_knows_the_reference() -> None:
    index = json.loads((SITE / "search.json").read_text(encoding="utf-8"))
    assert "RangeMiddleware" in json.dumps(index)


def test_there_is_a_dark_scheme(pages: dict[Path, Page]) -> None:
    text = (SITE / "index.html").read_text(encoding="utf-8")
    assert 'data-md-color-scheme="slate"' in text
    assert "prefers-color-scheme: dark" in text
