"""`open_store`: a store by its URL, with settings that serving needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from obstore.store import ObjectStore, from_url

__all__ = ["open_store"]

# Stores without a connection, which take no client options.
_LOCAL_SCHEMES: Final = frozenset({"file", "memory"})


def open_store(url: str, *, timeout: float = 30.0, **config: Any) -> ObjectStore:
    """The store at `url`: `s3://`, `gs://`, `az://`, `file:///` or `memory:///`.

    `config` is passed on to `obstore.store.from_url` (credentials, `region`, `endpoint`, ...),
    which also reads the environment. Two defaults differ from those of obstore, unless `config`
    sets them. A body may take any time, but the store may be silent for at most `timeout`
    seconds (obstore: 30 seconds for the whole body). A request is retried 2 times (obstore: 10
    times, over three minutes).
    """
    if urlsplit(url).scheme in _LOCAL_SCHEMES:
        return from_url(url, **config)
    max_silence = timedelta(seconds=timeout)
    client_options: dict[str, Any] = {
        "connect_timeout": min(max_silence, timedelta(seconds=5)),
        "read_timeout": max_silence,
        "timeout": timedelta(days=365),
        **config.pop("client_options", {}),
    }
    retry_config: dict[str, Any] = {
        "max_retries": 2,
        "retry_timeout": max_silence,
        **config.pop("retry_config", {}),
    }
    options: dict[str, Any] = {"client_options": client_options, "retry_config": retry_config}
    return from_url(url, **options, **config)
