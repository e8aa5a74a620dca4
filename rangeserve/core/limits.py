"""What a Range field may cost, and how much of it is answered at once."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """What a Range field may cost; over a limit the field is ignored and the whole sent.

    `max_field_size`: octets of the field value. `max_ranges`: range-specs in it, satisfiable
    or not. `part_overhead` and `slack`: several parts are sent only if their bytes plus
    `part_overhead` for each do not exceed the complete length plus `slack` (all in bytes).
    `max_partial_size`: a single open-ended range (`bytes=N-`) is answered with at most this
    number of bytes; `None` for no bound. Leave it off behind a cache that slices.
    """

    max_field_size: int = 8192
    max_ranges: int = 64
    part_overhead: int = 256
    slack: int = 4096
    max_partial_size: int | None = None

    def __post_init__(self) -> None:
        """Refuse limits that cannot be meant (`ValueError`)."""
        for name in ("max_field_size", "max_ranges", "part_overhead", "slack"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
        if self.max_partial_size is not None and self.max_partial_size < 1:
            raise ValueError("max_partial_size must be at least 1 byte, or None")

    def admit(self, field: str) -> bool:
        """Whether a Range field value is within the limits; nothing is built of it to know."""
        return len(field) <= self.max_field_size and (
            field.count(",") < self.max_ranges or _count_specs(field) <= self.max_ranges
        )


def _count_specs(field: str) -> int:
    """The number of range-specs in a Range field value: of its list elements that are not empty."""
    _, _, range_set = field.partition("=")
    return sum(1 for element in range_set.split(",") if element.strip(" \t"))
