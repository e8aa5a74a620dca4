"""Builds the documentation site: `python .ci/site.py`, into build/site. Needs Zensical.

The pages are those of docs/, and the ones at the root of the repository. They are copied to
build/docs, where their links lead to one another; a link to any other file leads to the repository.
The build is strict: a page or a heading that is not there fails it.
"""

from __future__ import annotations

import os.path
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# the file in the repository -> the page of the site
ROOT_PAGES = {
    "README.md": "index.md",
    "CHANGES.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
LINK = re.compile(r'(\]\(|(?:src|srcset)=")(?!\w+:|#)([^)\s"#]+)')
CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", re.MULTILINE | re.DOTALL)


def prepare(folder: Path) -> None:
    """Write the pages and pictures of the site into `folder`, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder)
    (address,) = re.findall(r"^repo_url: (\S+)$", read("mkdocs.yml"), re.MULTILINE)
    pages = {f"docs/{path.relative_to(folder).as_posix()}": path for path in folder.rglob("*.md")}
    pages |= {name: folder / page for name, page in ROOT_PAGES.items()}
    for source, page in pages.items():
        there = page.relative_to(folder).as_posix()
        page.write_text(moved(read(source), source, there, address), encoding="utf-8")


def moved(text: str, source: str, page: str, address: str) -> str:
    """The text of the file `source` as that of `page`, with its links; code stays as it is."""

    def link(match: re.Match[str]) -> str:
        target = os.path.normpath(os.path.join(os.path.dirname(source), match[2]))
        if target in ROOT_PAGES:
            there = ROOT_PAGES[target]
        elif target.startswith("docs/") and (ROOT / target).is_file():
            there = target.removeprefix("docs/")
        else:
            return f"{match[1]}{address}/blob/main/{target}"
        return match[1] + os.path.relpath(there, os.path.dirname(page) or ".")

    pieces = CODE.split(text)  # every other one is code
    return "".join(piece if at % 2 else LINK.sub(link, piece) for at, piece in enumerate(pieces))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def main() -> int:
    """Build the site; the exit code is that of the generator."""
    prepare(ROOT / "build" / "docs")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
