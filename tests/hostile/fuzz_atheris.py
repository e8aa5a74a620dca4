"""Coverage-guided fuzzing, for as long as a person likes (Linux, CPython with atheris):

python -m pip install atheris
python tests/hostile/fuzz_atheris.py -max_len=70000 -max_total_time=600
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found]

sys.path.insert(0, str(Path(__file__).parent.parent))

with atheris.instrument_imports(include=["rangeserve"]):
    from hostile.grammar import fuzz_one

atheris.Setup(sys.argv, fuzz_one)
atheris.Fuzz()
