"""The order of a listing: by which column, and the place of an entry in it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Union

__all__ = ["BY_NAME", "COLUMNS", "Order", "Place", "place_of", "read_order"]

COLUMNS: Final = ("name", "size", "time")
"""What a listing can be ordered by; `time` is that of the last modification."""

_SORT: Final = b"sort="


class Place(NamedTuple):
    """The place of a name in an order: places are compared as they stand.

    `is_file` is false for a folder, which comes first. `number`: the size in bytes or the time in
    seconds, negative if the largest come first; 0 in the order of names. `letters`: the name in
    lower case, so that letters of any case come together.
    """

    is_file: bool
    number: int
    letters: Union[str, tuple[int, ...]]
    name: str


@dataclass(frozen=True)
class Order:
    """By which column a listing is ordered, and whether the largest comes first."""

    column: str = "name"
    is_descending: bool = False

    @property
    def text(self) -> str:
        """The order as it stands in a query: the column, after a minus if it is descending."""
        return f"-{self.column}" if self.is_descending else self.column

    @property
    def needs_status(self) -> bool:
        """Whether the size or the time of an entry has to be known, beside its name."""
        return self.column != "name"

    def place_of(self, name: str, *, is_folder: bool, size: int = 0, seconds: int = 0) -> Place:
        """The place of an entry: its `size` in bytes, its time in `seconds` since the epoch."""
        folded = name.casefold()
        if self.column == "name":
            return Place(
                not is_folder, 0, _reversed(folded) if self.is_descending else folded, name
            )
        number = seconds if self.column == "time" else 0 if is_folder else size
        return self.place_at(-number if self.is_descending else number, name, is_folder=is_folder)

    def place_at(self, number: int, name: str, *, is_folder: bool) -> Place:
        """The place of an entry whose `Place.number` is known."""
        return Place(not is_folder, number, name.casefold(), name)


BY_NAME: Final = Order()
_BY_NAME_REVERSED: Final = Order("name", True)


def place_of(name: str, *, is_folder: bool) -> Place:
    """The place of a name in the order of names."""
    return BY_NAME.place_of(name, is_folder=is_folder)


def read_order(query: bytes) -> Order:
    """The order that a query asks for, as `?sort=-size`; by name if it asks for none."""
    for field in query.split(b"&"):
        if field.startswith(_SORT):
            text = field.removeprefix(_SORT).decode("latin-1")
            column = text.removeprefix("-")
            if column in COLUMNS:
                return Order(column, text.startswith("-"))
    return BY_NAME


def _reversed(letters: str) -> tuple[int, ...]:
    """A value that is the smaller the larger `letters` is; the 1 puts `ab` before `a`."""
    return (*(-ord(letter) for letter in letters), 1)
