"""`guess_media_type`: file names to media types.

The result is the same on every machine, because no table of the operating system is read.
"""

from __future__ import annotations

import mimetypes
from typing import Final

__all__ = ["guess_media_type"]

_UNKNOWN: Final = "application/octet-stream"
# A compressed file is sent as it is, without a Content-Encoding, which would make clients
# unpack it. So its media type is that of the compressed file.
_COMPRESSED: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
    "br": "application/x-brotli",
    "zstd": "application/zstd",
}
# What the table of some supported Python version lacks, or has with another media type.
_ADDED: Final = {
    ".7z": "application/x-7z-compressed",
    ".aac": "audio/aac",
    ".avif": "image/avif",
    ".cfg": "text/plain",
    ".flac": "audio/flac",
    ".gltf": "model/gltf+json",
    ".glb": "model/gltf-binary",
    ".ini": "text/plain",
    ".jsonl": "application/jsonl",
    ".log": "text/plain",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4a": "audio/mp4",
    ".m4s": "video/iso.segment",
    ".m4v": "video/mp4",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".mkv": "video/x-matroska",
    ".mp3": "audio/mpeg",
    ".mpd": "application/dash+xml",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".otf": "font/otf",
    ".parquet": "application/vnd.apache.parquet",
    ".pmtiles": "application/vnd.pmtiles",
    ".rst": "text/x-rst",
    ".srt": "text/plain",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".toml": "application/toml",
    ".ts": "video/mp2t",
    ".ttf": "font/ttf",
    ".vtt": "text/vtt",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zst": "application/zstd",
}
_table: Final = mimetypes.MimeTypes()
for _ending, _type in _ADDED.items():
    _table.add_type(_type, _ending)


def guess_media_type(name: str) -> str:
    """The media type for a file name or key; `application/octet-stream` if it is unknown."""
    media_type, coding = _table.guess_type(f"/{name}")
    if coding is not None:
        return _COMPRESSED.get(coding, _UNKNOWN)
    return media_type or _UNKNOWN
