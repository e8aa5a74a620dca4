"""`Report`: what is told of one target. It has no secret in it, so it may be shown anywhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from .checks import Failed, Finding
from .clients import ClientVerdict, Fate

__all__ = ["CouldNotAsk", "Exchange", "Report"]


class CouldNotAsk(Exception):
    """There is nothing to judge: the target cannot be asked, or gives no representation."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question with its reply, as it is shown: `command` repeats it with curl."""

    name: str
    purpose: str
    command: str
    reply: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found at one target.

    - `target`: its URL or its path, with `***` for what may be a secret.
    - `findings`: one for each check; `clients`: one verdict for each client; `cures`: for the code
      of each check that failed, what to do.
    - `exchanges`: what was asked and what came. `requests` and `received` (bytes) are what it cost.
    - `notes`: sentences about the whole, such as that the content changed meanwhile.
    """

    target: str
    server: str | None
    findings: tuple[Finding, ...]
    clients: tuple[ClientVerdict, ...]
    cures: dict[str, str]
    exchanges: tuple[Exchange, ...] = ()
    requests: int = 0
    received: int = 0
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """The codes of the checks that failed."""
        return tuple(each.check.code for each in self.findings if each.failed is not None)

    def verdicts(self, clients: Collection[str] = ()) -> Iterator[ClientVerdict]:
        """The verdicts for the clients with these keys; for all if there are none."""
        return (each for each in self.clients if not clients or each.client.key in clients)

    def breaks(self, clients: Collection[str] = ()) -> bool:
        """Whether something breaks one of these clients; of all if there are none."""
        return any(each.fate is Fate.BREAKS for each in self.verdicts(clients))

    def sufferers(self, code: str) -> tuple[list[str], list[str]]:
        """The names of the clients that a failed check breaks, and of those that it slows."""
        breaks = [each.client.name for each in self.clients if code in each.client.breaks]
        slows = [each.client.name for each in self.clients if code in each.client.slows]
        return breaks, slows

    def came(self, code: str) -> Failed | None:
        """What came, for a check that failed; `None` for another one."""
        return next((each.failed for each in self.findings if each.check.code == code), None)
