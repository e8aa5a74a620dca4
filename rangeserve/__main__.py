"""`python -m rangeserve`: serve a folder; with `check`, ask what clients will meet at a URL.

The command `rangeserve` is the same.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ._command.serve import serve

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (those of the process), and return its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["check"]:
        from .check.command import main as check

        return check(given[1:])
    return serve(given)


if __name__ == "__main__":
    sys.exit(main())
