"""The results say how the interpreter was built."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.build import describe_build  # noqa: E402


@pytest.mark.parametrize(
    ("variables", "compiler", "expected"),
    [
        pytest.param(
            {"CONFIG_ARGS": "'--enable-optimizations' '--with-lto'"},
            "GCC 12.2.0",
            "PGO, LTO, gcc 12",
            id="both",
        ),
        pytest.param(
            {"CONFIG_ARGS": "'--enable-optimizations=yes' '--with-lto=thin'"},
            "Clang 18.1.8 ",
            "PGO, LTO, clang 18",
            id="both, with a value",
        ),
        pytest.param(
            {"CONFIG_ARGS": "'--enable-optimizations' '--with-lto=no'"},
            "GCC 13.1.0",
            "PGO, no sign of LTO, gcc 13",
            id="LTO refused",
        ),
        pytest.param(
            {"CONFIG_ARGS": "'--with-lto' '--without-lto-of-ours'"},
            "GCC 13.1.0",
            "LTO, no sign of PGO, gcc 13",
            id="an option that only begins so",
        ),
        pytest.param(
            {"CONFIG_ARGS": "'--enable-shared'"},
            "GCC 12.2.0",
            "no sign of PGO or LTO, gcc 12",
            id="neither",
        ),
        pytest.param(
            {"PY_CFLAGS_NODIST": "-O3 -fprofile-use -flto=auto"},
            "GCC 12.2.0",
            "PGO, LTO, gcc 12",
            id="by the compiler's flags",
        ),
        pytest.param(
            {"CONFIG_ARGS": None, "PGO_PROF_USE_FLAG": "-fprofile-use", "Py_DEBUG": 1},
            "GCC 12.2.0",
            "no sign of PGO or LTO, debug, gcc 12",
            id="a flag that was not used",
        ),
        pytest.param(
            {"Py_GIL_DISABLED": 1},
            "[PyPy 7.3 with GCC 10.2]",
            "no sign of PGO or LTO, free-threaded",
            id="an unknown compiler",
        ),
    ],
)
def test_the_build_is_described(variables: dict[str, object], compiler: str, expected: str) -> None:
    assert describe_build(variables, compiler) == expected


def test_this_build_is_described() -> None:
    assert any(word in describe_build() for word in ("PGO", "LTO"))
