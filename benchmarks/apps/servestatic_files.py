"""ServeStatic, the ASGI fork of WhiteNoise, around an application that is not used."""

from __future__ import annotations

from servestatic import ServeStaticASGI

from . import FOLDER
from .memory import plain as memory

__all__ = ["plain"]

plain = ServeStaticASGI(memory, root=FOLDER, prefix="files", autorefresh=False)
