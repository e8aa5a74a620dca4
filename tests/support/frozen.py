"""Lists and dicts that refuse to be changed, to catch who would change what is not his."""

from __future__ import annotations

from typing import Any


def _refuse(self: object, *args: object, **kwargs: object) -> Any:
    raise AssertionError(f"somebody changes {type(self).__name__} {self!r}")


class FrozenDict(dict[Any, Any]):
    """A dict that cannot be changed."""

    __setitem__ = __delitem__ = __ior__ = _refuse  # type: ignore[assignment]
    pop = popitem = update = setdefault = clear = _refuse  # type: ignore[assignment]


class FrozenList(list[Any]):
    """A list that cannot be changed."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse  # type: ignore[assignment]
    append = extend = insert = remove = pop = sort = reverse = clear = _refuse  # type: ignore[assignment]


def frozen(value: Any) -> Any:
    """A copy of `value` in which no list and no dict can be changed."""
    if isinstance(value, dict):
        return FrozenDict({key: frozen(each) for key, each in value.items()})
    if isinstance(value, list):
        return FrozenList([frozen(each) for each in value])
    if isinstance(value, tuple):
        return tuple(frozen(each) for each in value)
    return value
