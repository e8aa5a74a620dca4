"""`python -m rangeserve [DIRECTORY]`: serve the files of a folder, with byte ranges."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ._command.serve import serve

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (those of the process), and return its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    # A first argument that names another command than serving a folder is looked at here.
    return serve(given)


if __name__ == "__main__":
    sys.exit(main())
