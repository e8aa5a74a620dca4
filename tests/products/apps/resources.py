"""What every product's app serves, and how it is wrapped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rangeserve import RangeMiddleware

FOLDER = Path(os.environ.get("RANGESERVE_TEST_FOLDER", "."))
MEDIA = FOLDER / "media"
CLIP = MEDIA / "clip.mp4"
MODE = os.environ.get("RANGESERVE_TEST_MODE", "bare")


def in_mode(app: Any) -> Any:
    """The app as this process is to serve it: bare, or wrapped in one line."""
    if MODE == "bare":
        return app
    if MODE == "app_ranges":
        return RangeMiddleware(app, app_ranges=True)
    return RangeMiddleware(app)
