"""`Limits`: what a Range field may cost, and how many bytes a response to it may take."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

__all__ = ["Limits"]

_OPTIONAL: Final = ("max_partial_size", "max_late_bytes", "max_body_size")


@dataclass(frozen=True)
class Limits:
    """Limits on what a Range field may cost, and on what an app may go on sending.

    A Range field over one of the first four is ignored, and the whole representation is sent
    (RFC 9110 14.2 and 17.15). `ValueError` for a negative value, and for a `max_partial_size`
    or a `max_body_size` below 1; `TypeError` for what is no `int`.

    - `max_field_size`: the octets of the field value.
    - `max_ranges`: the range-specs in the field value, satisfiable or not.
    - `part_overhead` and `slack`, in bytes: several parts are sent only if their bytes plus
      `part_overhead` for each part do not exceed the complete length plus `slack`.
    - `max_partial_size`: a single open-ended range (`bytes=N-`) is answered with at most this
      number of bytes; `None` for no bound. Behind a cache that slices, leave it at `None`.
    - `max_body_size`: no answer to a GET for a body of known length has more than this number
      of bytes. Ranges are cut to it and parts left out; a whole that is larger is a 501, or a
      redirect, but never cut. `None` for no bound. For platforms with a cap.
    - `max_late_bytes`: the bytes that an app may still have to send when its response is
      complete, if it does not listen for the disconnect. If its Content-Length leaves no more
      than that, in at most 16 messages, they are dropped until it ends; otherwise `send` raises
      `ClientDisconnected`. `None` for no bound.
    """

    max_field_size: int = 8192
    max_ranges: int = 64
    part_overhead: int = 256
    slack: int = 4096
    max_partial_size: int | None = None
    max_late_bytes: int | None = 64 * 1024
    max_body_size: int | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for a limit that is out of its bounds, `TypeError` for no number."""
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not (isinstance(value, int) or (value is None and limit.name in _OPTIONAL)):
                raise TypeError(f"{limit.name} is a whole number, not {value!r}")
        for name in ("max_field_size", "max_ranges", "part_overhead", "slack"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
        for name in ("max_partial_size", "max_body_size"):
            bound = getattr(self, name)
            if bound is not None and bound < 1:
                raise ValueError(f"{name} must be at least 1 byte, or None")
        if self.max_late_bytes is not None and self.max_late_bytes < 0:
            raise ValueError("max_late_bytes must not be negative")

    def admit(self, field: str) -> bool:
        """Whether the Range field value `field` is within `max_field_size` and `max_ranges`.

        The value is only measured, not parsed, so a hostile one costs little.
        """
        return len(field) <= self.max_field_size and (
            field.count(",") < self.max_ranges or _count_specs(field) <= self.max_ranges
        )


def _count_specs(field: str) -> int:
    """The number of range-specs in a Range field value: its list elements that are not empty."""
    _, _, range_set = field.partition("=")
    return sum(1 for element in range_set.split(",") if element.strip(" \t"))
