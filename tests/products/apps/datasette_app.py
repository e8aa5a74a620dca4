"""Datasette: a static mount, and a BLOB of a table."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from datasette.app import Datasette
from products.apps.resources import CLIP, FOLDER, MEDIA, in_mode

database = FOLDER / "films.db"
if not database.exists():
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table films (id integer primary key, clip blob)")
        connection.execute("insert into films values (1, ?)", (CLIP.read_bytes(),))

datasette = Datasette(
    immutables=[str(database)],
    static_mounts=[("files", str(MEDIA))],
    metadata={"title": "Datasette page"},
)
app = in_mode(datasette.app())
