"""How the interpreter was built, on which its speed depends."""

from __future__ import annotations

import platform
import re
import sysconfig
from collections.abc import Mapping
from typing import Any

__all__ = ["describe_build"]

# What configure was asked for, and the flags that the compiler was given for the interpreter.
_FLAGS = ("PY_CFLAGS", "PY_CFLAGS_NODIST", "PY_CORE_CFLAGS", "PY_LDFLAGS_NODIST", "PY_CORE_LDFLAGS")


def describe_build(variables: Mapping[str, Any] | None = None, compiler: str | None = None) -> str:
    """The build in a few words, such as `PGO, LTO, gcc 12`; of this interpreter by default.

    `variables` are those of `sysconfig`, `compiler` is what `platform.python_compiler` says. A
    build that hides its options, as Debian's does, has `no sign of PGO or LTO`.
    """
    if variables is None:
        variables = sysconfig.get_config_vars()
    if compiler is None:
        compiler = platform.python_compiler()
    asked = str(variables.get("CONFIG_ARGS") or "")
    flags = " ".join(str(variables.get(name) or "") for name in _FLAGS)
    signs = {
        "PGO": _is_on("--enable-optimizations", asked) or "-fprofile-use" in flags,
        "LTO": _is_on("--with-lto", asked) or "-flto" in flags,
    }
    found = [name for name, is_there in signs.items() if is_there]
    missing = [name for name in signs if name not in found]
    if missing:
        found.append(f"no sign of {' or '.join(missing)}")
    if variables.get("Py_DEBUG"):
        found.append("debug")
    if variables.get("Py_GIL_DISABLED"):
        found.append("free-threaded")
    name = re.match(r"(\w+)\D*(\d+)?", compiler)
    if name:
        found.append(" ".join(filter(None, name.groups())).lower())
    return ", ".join(found)


def _is_on(option: str, asked: str) -> bool:
    """Whether `option` is among the arguments of configure, and not with the value `no`."""
    given = re.findall(rf"(?<![\w-]){option}(?:=(\w+))?(?![\w-])", asked)
    return bool(given) and given[-1] != "no"
