"""The harness is that of `tests/conformance`, and the servers import their apps from here."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(Path(__file__).parent), str(TESTS / "conformance")]
