"""Gradio, mounted on FastAPI as its guide says: a file from an allowed path."""

from __future__ import annotations

import gradio
from fastapi import FastAPI
from products.apps.resources import CLIP, MEDIA, in_mode

with gradio.Blocks(title="Gradio page", analytics_enabled=False) as blocks:
    gradio.Video(str(CLIP))

mounted = gradio.mount_gradio_app(FastAPI(), blocks, path="/", allowed_paths=[str(MEDIA)])
app = in_mode(mounted)
