"""`require`: one clear sentence for an extra that is missing or too old, before an import fails."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

__all__ = ["require"]


def require(project: str, oldest: str, *, extra: str) -> None:
    """Raise `ImportError` unless `project` is installed, in version `oldest` or newer.

    The message names the extra of rangeserve that installs it. A project that can be imported
    but has no metadata, as in a frozen program, is taken as it is.
    """
    package = project.lower()
    install = f'pip install "rangeserve[{extra}]"'
    try:
        found = version(project)
    except PackageNotFoundError:
        if find_spec(package) is None:
            raise ModuleNotFoundError(
                f"rangeserve needs {project}, which is not installed: {install}", name=package
            ) from None
        return
    if _numbers(found) < _numbers(oldest):
        raise ImportError(
            f"rangeserve needs {project} {oldest} or newer, but {project} {found} is installed: "
            f"{install}",
            name=package,
        )


def _numbers(text: str) -> list[int]:
    """The release segment of a version, so that `5.2rc1` counts as 5.2."""
    release = re.match(r"\d+(?:\.\d+)*", text)
    return [int(part) for part in release.group().split(".")] if release else []
