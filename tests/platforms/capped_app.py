"""A folder, of which no answer has more than 1,000,000 bytes."""

from __future__ import annotations

import os

from rangeserve import Limits, RangeMiddleware
from rangeserve.directory import DirectoryApp

MOST = 1_000_000

app = RangeMiddleware(
    DirectoryApp(os.environ["PLATFORMS_FOLDER"]), limits=Limits(max_body_size=MOST)
)
