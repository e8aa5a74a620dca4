"""What is public says so: its `__module__` is the path that its users import it from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["publish"]


def publish(namespace: dict[str, Any], names: Iterable[str]) -> None:
    """Name the package `namespace["__name__"]` as the home of the classes and functions `names`.

    Tracebacks, `repr` and `help` then show `rangeserve.ResponseError`, and not the module in
    which the class happens to be written.
    """
    for name in names:
        value = namespace[name]
        if getattr(value, "__module__", "").startswith("rangeserve"):
            value.__module__ = namespace["__name__"]
