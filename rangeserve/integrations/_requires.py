"""A framework that is too old is refused by name, before an import of it fails obscurely."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

__all__ = ["require"]


def require(project: str, oldest: str) -> None:
    """`ImportError` if `project` is installed in a version before `oldest`.

    If it is not installed, or came without metadata, its own import says so.
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
    """The release segment of a version: `5.2rc1` is before none of the 5.2 ones."""
    release = re.match(r"\d+(?:\.\d+)*", text)
    return [int(part) for part in release.group().split(".")] if release else []
