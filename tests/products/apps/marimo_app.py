"""marimo: a virtual file, as `mo.video` of bytes makes one, lies in marimo's own store."""

from __future__ import annotations

import marimo
from marimo._runtime.virtual_file.storage import InMemoryStorage, VirtualFileStorageManager
from products.apps.resources import CLIP, FOLDER, in_mode

NOTEBOOK = """
import marimo
app = marimo.App(app_title="marimo page")

@app.cell
def _():
    import marimo as mo
    mo.md("films")
    return
"""

notebook = FOLDER / "notebook.py"
notebook.write_text(NOTEBOOK, encoding="utf-8")
store = InMemoryStorage()
store.store("clip.mp4", CLIP.read_bytes())
VirtualFileStorageManager().storage = store
app = in_mode(marimo.create_asgi_app().with_app(path="", root=str(notebook)).build())
