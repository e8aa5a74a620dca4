"""The products that are tried: what is installed, where their file is, and how they are wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BARE, WRAPPED, APP_RANGES, INTEGRATION = "bare", "wrapped", "app_ranges", "integration"

# No product may ask the internet for anything, or report its use.
OFFLINE = {
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "MARIMO_SKIP_UPDATE_CHECK": "1",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}


@dataclass(frozen=True)
class Product:
    """A product and the app of `products/apps` that is made with it.

    `files`: what the page calls a file, and the path of it, or the name of a file below the
    test's folder in which the app has written that path. `lost_by_default`: the names of those
    that lose their ranges in the default mode, and need `app_ranges=True`. `says`: a text of
    the product's own page. `is_quick`: it starts within about two seconds, and is tried on
    every server.
    """

    name: str
    distribution: str
    app: str
    files: Mapping[str, str]
    lost_by_default: frozenset[str] = frozenset()
    modes: tuple[str, ...] = (BARE, WRAPPED)
    env: Mapping[str, str] = field(default_factory=dict)
    says: str = ""
    is_quick: bool = False

    @property
    def best_mode(self) -> str:
        """The mode that docs/products.md recommends."""
        if INTEGRATION in self.modes:
            return INTEGRATION
        return APP_RANGES if self.lost_by_default else WRAPPED


def dash(backend: str, name: str) -> Product:
    env = {"RANGESERVE_TEST_BACKEND": backend}
    return Product(
        f"Dash, {name}",
        "dash",
        "dash_app",
        {"asset": "/assets/clip.mp4"},
        env=env,
        says="Dash page",
    )


PRODUCTS = (
    Product(
        "NiceGUI",
        "nicegui",
        "nicegui_app",
        {"media file": "/media/clip.mp4", "static file": "/static/clip.mp4"},
        modes=(BARE, WRAPPED, APP_RANGES),
        says="NiceGUI page",
    ),
    Product(
        "marimo",
        "marimo",
        "marimo_app",
        {"virtual file": "/@file/700000-clip.mp4"},
        lost_by_default=frozenset({"virtual file"}),
        modes=(BARE, WRAPPED, APP_RANGES),
        says="marimo page",
        is_quick=True,
    ),
    Product(
        "Gradio",
        "gradio",
        "gradio_app",
        {"allowed path": "/gradio_api/file={folder}/media/clip.mp4"},
        says="Gradio page",
    ),
    Product(
        "Datasette",
        "datasette",
        "datasette_app",
        {"static file": "/files/clip.mp4", "BLOB": "/films/films/1.blob?_blob_column=clip"},
        modes=(BARE, WRAPPED, INTEGRATION),
        says="Datasette page",
        is_quick=True,
    ),
    Product(
        "Streamlit",
        "streamlit",
        "streamlit_app",
        {"media file": "@streamlit.path", "static file": "/app/static/clip.mp4"},
        modes=(BARE, WRAPPED, APP_RANGES),
        says="Streamlit",
    ),
    dash("fastapi", "FastAPI backend"),
    dash("quart", "Quart backend"),
    dash("flask", "Flask backend in a2wsgi"),
    Product(
        "Shiny",
        "shiny",
        "shiny_app",
        {"static asset": "/files/clip.mp4"},
        says="Shiny page",
        is_quick=True,
    ),
    Product(
        "Solara", "solara", "solara_app", {"public file": "/static/public/clip.mp4"}, says="Solara"
    ),
    Product(
        "FastHTML",
        "python-fasthtml",
        "fasthtml_app",
        {"static file": "/clip.mp4"},
        says="FastHTML page",
        is_quick=True,
    ),
    Product(
        "Django",
        "django",
        "django_app",
        {"FileResponse": "/clip.mp4"},
        modes=(BARE, WRAPPED, INTEGRATION),
        says="Django page",
        is_quick=True,
    ),
)


def path_of(target: str, folder: Path) -> str:
    """The path on the wire of a file of the catalogue."""
    if target.startswith("@"):
        return (folder / target[1:]).read_text(encoding="utf-8")
    return target.replace("{folder}", str(folder))
