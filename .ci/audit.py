"""Ask pip-audit whether an advisory is known for what is installed, and for our floors.

An advisory is a failure. Data that cannot be reached is none, but it is said aloud: pip-audit
itself calls a project that it could not look up "skipped", and finds no vulnerabilities.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# Ours to set; those of the frameworks' extras say only from which version on they work.
LISTS = ("dependencies", "demo", "serve", "objectstore")
OUR_OWN = "rangeserve"
SECONDS = 300


def main() -> int:
    """Audit both, and return 1 if an advisory is known for one of them."""
    failed = audit("what is installed", ["--local"])
    with tempfile.TemporaryDirectory() as folder:
        floors = Path(folder, "floors.txt")
        text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        floors.write_text("".join(f"{pin}\n" for pin in floors_in(text)), encoding="utf-8")
        options = ["--requirement", str(floors), "--no-deps", "--disable-pip"]
        failed |= audit("the floors", options)
    return int(failed)


def floors_in(text: str) -> list[str]:
    """`name==version` for the floor of each requirement in `LISTS`, if it is not for old Pythons.

    A project whose name is in several of them is there once, with its first floor.
    """
    found: dict[str, str] = {}
    for name in LISTS:
        for block in re.findall(rf"^{name} = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL):
            for project, version in re.findall(r'"([\w-]+) >=([\d.]+)"', block):
                found.setdefault(project, version)
    return [f"{project}=={version}" for project, version in found.items()]


def audit(what: str, options: Sequence[str]) -> bool:
    """Whether an advisory is known; prints what was found, or that nothing could be."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*command, *options],
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        output, error = done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        output, error = "", f"no answer within {SECONDS} s"
    failed, lines = verdict(output, error)
    for line in lines:
        print(f"audit of {what}: {line}", flush=True)
    return failed


def verdict(output: str, error: str) -> tuple[bool, list[str]]:
    """Whether an advisory is known, and the lines to print, for what pip-audit has written."""
    try:
        told: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (error.strip().splitlines() or ["nothing was written"])[-1]
        return False, [f"NOTHING WAS AUDITED, the data could not be had: {last}"]
    known = [each for each in told if each["name"] != OUR_OWN]
    asked = [each for each in known if "skip_reason" not in each]
    missed = [each["name"] for each in known if "skip_reason" in each]
    lines = [
        f"{each['name']} {each['version']}: {found['id']}, "
        f"fixed in {', '.join(found['fix_versions']) or 'no version'}"
        for each in asked
        for found in each["vulns"]
    ]
    failed = bool(lines)
    if not asked:
        return False, ["NOTHING WAS AUDITED, the data could not be had for any project"]
    if missed:
        lines.append(f"NOT AUDITED, the data could not be had: {', '.join(missed)}")
    count = "advisories are known" if failed else "no advisory is known"
    return failed, [*lines, f"{len(asked)} projects, {count}"]


if __name__ == "__main__":
    sys.exit(main())
