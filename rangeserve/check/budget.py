"""`Budget`: how much of a stranger's server a check may use."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Budget"]


@dataclass
class Budget:
    """What is left: `requests`, and `octets` that may still be received, heads included."""

    requests: int = 40
    octets: int = 8_000_000
    sent: int = 0
    received: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether no other request may be sent."""
        return self.sent >= self.requests or self.left <= 0

    @property
    def left(self) -> int:
        """The bytes that may still be received."""
        return max(self.octets - self.received, 0)
