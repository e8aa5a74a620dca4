"""`require`: a clear error for a framework that is too old, before one of its imports fails."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

__all__ = ["require"]


def require(project: str, oldest: str) -> None:
    """Raise `ImportError` if a version of `project` before `oldest` is installed.

    Nothing is raised if `project` is not installed or has no metadata: the import of `project`
    itself fails then.
    """
    try:
        found = version(project)
    except PackageNotFoundError:
        return
    if _numbers(found) < _numbers(oldest):
        raise ImportError(
            f"rangeserve needs {project} {oldest} or newer, but {project} {found} is installed",
            name=project.lower(),
        )


def _numbers(text: str) -> list[int]:
    """The release segment of a version, so that `5.2rc1` counts as 5.2."""
    release = re.match(r"\d+(?:\.\d+)*", text)
    return [int(part) for part in release.group().split(".")] if release else []
