"""Type-check a user's module against the installed wheel, away from the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
CHECKS = (
    ("mypy", "--strict", "--config-file=", "consumer.py"),
    ("pyright", "--pythonpath", sys.executable, "-p", "."),
    ("pyright", "--pythonpath", sys.executable, "--verifytypes", "rangeserve", "--ignoreexternal"),
)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HERE / "consumer.py", folder)
        Path(folder, "pyrightconfig.json").write_text(
            '{"typeCheckingMode": "strict"}\n', encoding="utf-8"
        )
        results = [
            subprocess.run([sys.executable, "-m", *check], cwd=folder, check=False).returncode
            for check in CHECKS
        ]
    return max(results)


if __name__ == "__main__":
    sys.exit(main())
