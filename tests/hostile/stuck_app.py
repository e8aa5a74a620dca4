"""The files below `STUCK_ROOT`, each named to `serve` by its path."""

from __future__ import annotations

import os
from typing import Any

from rangeserve import serve


def find(scope: dict[str, Any]) -> str:
    return os.environ["STUCK_ROOT"] + str(scope["path"])


app = serve(find)
