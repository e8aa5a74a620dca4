"""`Problem`: why the command cannot start."""

from __future__ import annotations

import os

__all__ = ["Problem", "reason_of"]


class Problem(Exception):
    """The command cannot start; the message is one sentence for stderr."""


def reason_of(error: OSError) -> str:
    """The message of the system for `error`, without the path and the error number."""
    return os.strerror(error.errno).lower() if error.errno else str(error)
