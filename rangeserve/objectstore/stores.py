"""A store by URL, set up for serving."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from obstore.store import ObjectStore, from_url

__all__ = ["open_store"]

# Nothing to connect to: these take no client options.
_AT_HAND: Final = frozenset({"file", "memory"})


def open_store(url: str, *, timeout: float = 30.0, **config: Any) -> ObjectStore:
    """The store at `s3://`, `gs://`, `az://`, `file:///` or `memory:///`, to serve from.

    `config` goes to `obstore.store.from_url` (credentials, `region`, `endpoint`, ...), which
    also reads the environment. What differs from its defaults, unless `config` says
    otherwise: a request may take as long as its client does, but the store may not be
    silent for more than `timeout` seconds (obstore: 30 seconds for the whole body); and a
    request is retried 2 times, not 10 over three minutes.
    """
    if urlsplit(url).scheme in _AT_HAND:
        return from_url(url, **config)
    silence = timedelta(seconds=timeout)
    client_options: dict[str, Any] = {
        "connect_timeout": min(silence, timedelta(seconds=5)),
        "read_timeout": silence,
        "timeout": timedelta(days=365),
        **config.pop("client_options", {}),
    }
    retry_config: dict[str, Any] = {
        "max_retries": 2,
        "retry_timeout": silence,
        **config.pop("retry_config", {}),
    }
    options: dict[str, Any] = {"client_options": client_options, "retry_config": retry_config}
    return from_url(url, **options, **config)
