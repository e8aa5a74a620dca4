"""Streamlit as an ASGI app (`streamlit.App`): a media file, which Streamlit ranges by itself.

The media file lies in the store of the runtime, where `st.video` puts it. Its path is a hash;
it is written to a file for the probes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit
from products.apps.resources import CLIP, FOLDER, in_mode
from streamlit.runtime import get_instance
from streamlit.runtime.media_file_storage import MediaFileKind

script = FOLDER / "script.py"
script.write_text("import streamlit\nstreamlit.title('films')\n", encoding="utf-8")
settings = FOLDER / ".streamlit"
settings.mkdir(exist_ok=True)
(settings / "config.toml").write_text("[server]\nenableStaticServing = true\n", encoding="utf-8")
static = FOLDER / "static"
static.mkdir(exist_ok=True)
(static / "clip.mp4").unlink(missing_ok=True)
(static / "clip.mp4").hardlink_to(CLIP)


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    store = get_instance().media_file_mgr._storage
    number = store.load_and_get_id(CLIP.read_bytes(), "video/mp4", MediaFileKind.MEDIA)
    (FOLDER / "streamlit.path").write_text(store.get_url(number), encoding="utf-8")
    yield


app = in_mode(streamlit.App(str(script), lifespan=lifespan))
