"""`open_store`: a store by its URL, with settings that serving needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from obstore.store import ObjectStore, from_url

__all__ = ["open_store"]

# Stores without a connection, which take no client options.
_LOCAL_SCHEMES: Final = frozenset({"file", "memory"})
# How the names of a store's variables in the environment begin, by the scheme of its URL.
_VARIABLES: Final = {
    "s3": "AWS_", "s3a": "AWS_",
    "gs": "GOOGLE_",
    "az": "AZURE_", "adl": "AZURE_", "azure": "AZURE_", "abfs": "AZURE_", "abfss": "AZURE_",
}  # fmt: skip
# The client options that obstore reads from the environment, unless it is given any itself.
_CLIENT_OPTIONS: Final = (
    "allow_http", "allow_invalid_certificates", "connect_timeout", "http1_only", "http2_only",
    "http2_keep_alive_interval", "http2_keep_alive_timeout", "http2_keep_alive_while_idle",
    "pool_idle_timeout", "pool_max_idle_per_host", "proxy_ca_certificate", "proxy_excludes",
    "proxy_url", "randomize_addresses", "read_timeout", "timeout", "user_agent",
)  # fmt: skip


def open_store(url: str, *, timeout: float = 30.0, **config: Any) -> ObjectStore:
    """The store at `url`: `s3://`, `gs://`, `az://`, `file:///` or `memory:///`.

    `config` is passed on to `obstore.store.from_url` (credentials, `region`, `endpoint`, ...),
    which also reads the environment (`AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`, ...). Two defaults
    differ from those of obstore, unless `config` or the environment sets them. A body may take
    any time, but the store may be silent for at most `timeout` seconds (obstore: 30 seconds for
    the whole body). A request is retried 2 times (obstore: 10 times, over three minutes).
    """
    scheme = urlsplit(url).scheme
    if scheme in _LOCAL_SCHEMES:
        return from_url(url, **config)
    max_silence = timedelta(seconds=timeout)
    client_options: dict[str, Any] = {
        "connect_timeout": min(max_silence, timedelta(seconds=5)),
        "read_timeout": max_silence,
        "timeout": timedelta(days=365),
        **_client_options(os.environ, _VARIABLES.get(scheme)),
        **config.pop("client_options", {}),
    }
    retry_config: dict[str, Any] = {
        "max_retries": 2,
        "retry_timeout": max_silence,
        **config.pop("retry_config", {}),
    }
    options: dict[str, Any] = {"client_options": client_options, "retry_config": retry_config}
    return from_url(url, **options, **config)


def _client_options(environ: Mapping[str, str], prefix: str | None) -> dict[str, str]:
    """The client options in the environment, in variables whose names begin with `prefix`."""
    if prefix is None:
        return {}
    variables = {name: f"{prefix}{name.upper()}" for name in _CLIENT_OPTIONS}
    return {name: environ[each] for name, each in variables.items() if each in environ}
