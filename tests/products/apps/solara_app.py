"""Solara: the public folder beside its page. It is a Starlette app that Solara makes itself."""

from __future__ import annotations

import os

from products.apps.resources import CLIP, FOLDER, in_mode

PAGE = """
import solara

@solara.component
def Page():
    solara.Title("Solara page")
    solara.Markdown("films")
"""

site = FOLDER / "solara_site"
(site / "public").mkdir(parents=True, exist_ok=True)
(site / "pages").mkdir(exist_ok=True)  # beside `public`
(site / "pages" / "page.py").write_text(PAGE, encoding="utf-8")
public = site / "public" / "clip.mp4"
public.unlink(missing_ok=True)
public.hardlink_to(CLIP)
os.environ["SOLARA_APP"] = str(site / "pages" / "page.py")

from solara.server.starlette import app as solara  # noqa: E402

app = in_mode(solara)
