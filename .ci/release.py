"""What must be true of a release: `python .ci/release.py v0.1.0 [dist]`; it prints what is not.

Without a folder only the repository is looked at; with one, also what was built into it.
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACEHOLDER = "repository.example"
IN_SDIST = ("CHANGES.md", "SECURITY.md", "LICENSE", "README.md", "tox.ini", "tests/conftest.py")


def problems(tag: str, changes: str, project: str) -> list[str]:
    """What is wrong with the repository: `changes` and `project` are the texts of two files."""
    found: list[str] = []
    (version,) = re.findall(r'^version = "(.*)"$', project, re.MULTILINE)
    if tag != f"v{version}":
        found.append(f"the tag is {tag}, and the version in pyproject.toml is {version}")
    if not re.search(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", changes, re.MULTILINE):
        found.append(f"CHANGES.md has no heading `## {version} - YYYY-MM-DD`")
    unreleased = changes.partition("## Unreleased\n")[2].partition("\n## ")[0]
    if unreleased.strip():
        found.append("CHANGES.md still has something under Unreleased")
    if PLACEHOLDER in project:
        found.append(f"pyproject.toml still has the placeholder {PLACEHOLDER}")
    return found


def problems_built(folder: Path) -> list[str]:
    """What is wrong with the wheel and the sdist in `folder`."""
    wheels, sdists = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if (len(wheels), len(sdists)) != (1, 1):
        return [f"there are {len(wheels)} wheels and {len(sdists)} sdists, and not one of each"]
    found: list[str] = []
    with zipfile.ZipFile(wheels[0]) as wheel:
        (metadata,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
        page = wheel.read(metadata).decode()
        if "rangeserve/py.typed" not in wheel.namelist():
            found.append("the wheel has no rangeserve/py.typed")
    for link in re.findall(r'\]\((?!\w+:|#)([^)\s]+)\)|(?:src|srcset)="(?!\w+:)([^"]+)"', page):
        found.append(f"the page on the index has a relative link: {''.join(link)}")
    with tarfile.open(sdists[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    found += [f"the sdist has no {name}" for name in IN_SDIST if name not in names]
    return found


def main(arguments: list[str]) -> int:
    """Print the problems; the exit code tells whether there are any."""
    tag, *folders = arguments
    found = problems(
        tag,
        (ROOT / "CHANGES.md").read_text(encoding="utf-8"),
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
    )
    for folder in folders:
        found += problems_built(Path(folder))
    print("\n".join(found) or f"{tag} may be released")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
