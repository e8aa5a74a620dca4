"""`python -m check.in_framework NAME BACKEND`: checks the app of one framework, in this process.

Prints JSON: for each path the codes that failed with what came, and the verdicts.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from importlib import import_module

import anyio

from rangeserve.check import NotJudged, check_async

PATHS = ("/plain/file", "/plain/stream", "/plain/small")


def main(name: str, backend: str) -> None:
    app = import_module(f"frameworks.apps.{name}").app
    said = {}
    for path in PATHS:
        report = anyio.run(partial(check_async, app, path, timeout=60), backend=backend)
        said[path] = {
            "failed": {code: getattr(report.came(code), "came", "") for code in report.failed},
            "verdicts": sorted({each.fate.value for each in report.clients}),
            "open": [
                each.check.code for each in report.findings if isinstance(each.judgement, NotJudged)
            ],
        }
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
