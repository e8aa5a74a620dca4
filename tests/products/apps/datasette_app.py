"""Datasette: a static mount, and a BLOB of a table.

In the mode `integration` with the plugin of docs/products.md, which keeps a seek out of the log.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from datasette.app import Datasette
from products.apps.resources import CLIP, FOLDER, MEDIA, MODE, in_mode

PLUGINS = Path(__file__).parents[1] / "datasette_plugins"

database = FOLDER / "films.db"
if not database.exists():
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table films (id integer primary key, clip blob)")
        connection.execute("insert into films values (1, ?)", (CLIP.read_bytes(),))

datasette = Datasette(
    immutables=[str(database)],
    static_mounts=[("files", str(MEDIA))],
    plugins_dir=str(PLUGINS) if MODE == "integration" else None,
    metadata={"title": "Datasette page"},
)
app = in_mode(datasette.app())
