"""Counts the work that a call does on a text: the same number on every machine, however busy.

Counted are the lines of the package that run, the characters that methods of the text look at
or copy, and the characters that a regular expression tries, with all its backtracking.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import FrameType, ModuleType
from typing import Any, Final

import rangeserve

__all__ = ["Octets", "TooMuchWork", "lines_run", "work_done"]

_PACKAGE: Final = str(Path(rangeserve.__file__).parent)
_MOST: Final = 3_000_000
_ONE_CHARACTER: Final = frozenset({ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN})


class TooMuchWork(Exception):
    """The work has no reasonable bound: a regular expression that is exponential."""


class _Counter:
    count = 0

    def add(self, amount: int) -> None:
        self.count += amount
        if self.count > _MOST:
            raise TooMuchWork(f"more than {_MOST} steps")


_counter: Final = _Counter()


def _counted(value: Any) -> Any:
    """`value`, with every text in it counted from now on."""
    if type(value) is str:
        return Text(value)
    if type(value) is bytes:
        return Octets(value)
    if type(value) in (tuple, list):
        return type(value)(map(_counted, value))
    return value


def _method(name: str, base: type) -> Callable[..., Any]:
    """A method of `base` that counts the length of its text, and of the text that it makes."""
    plain = getattr(base, name)

    def method(self: Any, *given: Any, **named: Any) -> Any:
        result = plain(self, *given, **named)
        made = len(result) if isinstance(result, base) and name == "__getitem__" else 0
        _counter.add(made or len(self))
        return _counted(result)

    return method


def _add_methods(to: type, base: type) -> None:
    """Give `to` the counting methods: all that read the text, and not those of any object."""
    reading = {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"}
    uncounted = (set(dir(object)) - reading) | {"__len__"}
    for name in set(dir(base)) - uncounted:
        setattr(to, name, _method(name, base))


class Text(str):
    """A `str` whose methods count what they look at; what they give counts too."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __int__(self) -> int:
        _counter.add(len(self) ** 2)  # it is quadratic
        return int(str.__str__(self))


class Octets(bytes):
    """`bytes` whose methods count what they look at; what they give counts too."""

    __hash__ = bytes.__hash__


_add_methods(Text, str)
_add_methods(Octets, bytes)


class _Matcher:
    """Runs a regular expression as `re` does, but counts each character that is tried."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        if pattern.flags & re.IGNORECASE:
            raise NotImplementedError("letter case")
        self._nodes = list(parser.parse(pattern.pattern, pattern.flags))
        self._flags = pattern.flags
        self._text = text

    def ends(self, at: int) -> Iterator[int]:
        """Where a match that begins `at` can end, in the order in which it is tried."""
        return self._sequence(self._nodes, at)

    def _sequence(self, nodes: Any, at: int, done: int = 0) -> Iterator[int]:
        if done == len(nodes):
            yield at
            return
        for end in self._node(*nodes[done], at):
            yield from self._sequence(nodes, end, done + 1)

    def _node(self, op: Any, argument: Any, at: int) -> Iterator[int]:
        _counter.add(1)
        if op in _ONE_CHARACTER:
            if at < len(self._text) and self._fits(op, argument, ord(self._text[at])):
                yield at + 1
        elif op is ops.SUBPATTERN:
            yield from self._sequence(list(argument[-1]), at)
        elif op is ops.BRANCH:
            for nodes in argument[1]:
                yield from self._sequence(list(nodes), at)
        elif op is ops.MAX_REPEAT:
            low, high, nodes = argument
            repeated = list(nodes)
            if len(repeated) == 1 and repeated[0][0] in _ONE_CHARACTER:
                yield from self._run(repeated[0], low, high, at)
            else:
                yield from self._repeat(repeated, low, high, at)
        elif op is ops.AT and argument in (ops.AT_END_STRING, ops.AT_BEGINNING_STRING):
            if at == (len(self._text) if argument is ops.AT_END_STRING else 0):
                yield at
        else:
            raise NotImplementedError(f"{op} {argument}")

    def _run(self, node: Any, low: int, high: Any, at: int) -> Iterator[int]:
        end = at
        while end < len(self._text) and (high is ops.MAXREPEAT or end - at < high):
            _counter.add(1)
            if not self._fits(*node, ord(self._text[end])):
                break
            end += 1
        for stop in range(end, at + low - 1, -1):
            _counter.add(1)
            yield stop

    def _repeat(self, nodes: Any, low: int, high: Any, at: int, done: int = 0) -> Iterator[int]:
        if high is ops.MAXREPEAT or done < high:
            for end in self._sequence(nodes, at):
                if end != at:
                    yield from self._repeat(nodes, low, high, end, done + 1)
        if done >= low:
            yield at

    def _fits(self, op: Any, argument: Any, character: int) -> bool:
        if op is ops.LITERAL:
            return bool(character == argument)
        if op is ops.NOT_LITERAL:
            return bool(character != argument)
        if op is ops.ANY:
            return bool(self._flags & re.DOTALL) or character != 10
        negated = argument[0][0] is ops.NEGATE
        return negated is not any(
            self._fits_item(kind, item, character) for kind, item in argument[negated:]
        )

    def _fits_item(self, kind: Any, item: Any, character: int) -> bool:
        if kind is ops.LITERAL:
            return bool(character == item)
        if kind is ops.RANGE:
            return bool(item[0] <= character <= item[1])
        if kind is ops.CATEGORY:
            known = {ops.CATEGORY_SPACE: r"\s", ops.CATEGORY_DIGIT: r"\d", ops.CATEGORY_WORD: r"\w"}
            return re.fullmatch(known[item], chr(character)) is not None
        raise NotImplementedError(f"{kind}")


class _Match:
    """A match whose groups are counted texts."""

    def __init__(self, match: re.Match[str]) -> None:
        self._match = match

    def __getitem__(self, group: int | str) -> Any:
        return _counted(self._match[group])

    def groups(self) -> Any:
        return _counted(self._match.groups())


class _Pattern:
    """A compiled pattern that counts; any other method of `re.Pattern` is unknown here."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def fullmatch(self, text: str) -> _Match | None:
        ends = any(end == len(text) for end in _Matcher(self._pattern, str(text)).ends(0))
        found = self._pattern.fullmatch(text)
        assert ends is (found is not None)
        return found and _Match(found)

    def match(self, text: str) -> _Match | None:
        end = next(_Matcher(self._pattern, str(text)).ends(0), None)
        found = self._pattern.match(text)
        assert end == (found.end() if found else None)
        return found and _Match(found)

    def search(self, text: str) -> _Match | None:
        next(self._spans(text), None)
        found = self._pattern.search(text)
        return found and _Match(found)

    def findall(self, text: str) -> Any:
        spans = list(self._spans(text))
        assert spans == [found.span() for found in self._pattern.finditer(text)]
        return _counted(self._pattern.findall(text))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        matcher, at = _Matcher(self._pattern, str(text)), 0
        while at <= len(text):
            end = next(matcher.ends(at), None)
            if end is not None:
                yield at, end
            at = end if end is not None and end > at else at + 1


def _counting(value: Any) -> Any:
    if isinstance(value, re.Pattern):
        return _Pattern(value)
    if isinstance(value, tuple) and any(isinstance(each, re.Pattern) for each in value):
        return tuple(map(_counting, value))
    return value


@contextmanager
def _counting_patterns(modules: list[ModuleType]) -> Iterator[None]:
    """The compiled patterns of these modules count meanwhile."""
    replaced: list[tuple[dict[str, Any], str, Any]] = []
    for module in modules:
        for name, value in list(vars(module).items()):
            if _counting(value) is not value:
                replaced.append((vars(module), name, value))
                vars(module)[name] = _counting(value)
    try:
        yield
    finally:
        for names, name, value in replaced:
            names[name] = value


def lines_run(work: Callable[[], object], within: str = _PACKAGE) -> int:
    """The number of lines that a call runs in the package, or in other files."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(within):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def work_done(work: Callable[[], object], *others: ModuleType) -> int:
    """The lines, the characters and the tries of a call, in the package and in `others`."""
    within = {name: each for name, each in sys.modules.items() if name.startswith("rangeserve")}
    _counter.count = 0
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        with _counting_patterns([*within.values(), *others]):
            lines = lines_run(work)
            for other in others:
                lines += lines_run(work, str(other.__file__))
    finally:
        sys.setrecursionlimit(limit)
    return lines + _counter.count
