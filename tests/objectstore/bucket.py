"""The bucket of these tests, and how to reach it."""

from __future__ import annotations

from typing import Any

from support.servers import HOST

from rangeserve.objectstore import open_store

BUCKET = "films"
CONFIG: dict[str, Any] = {
    "region": "us-east-1",
    "access_key_id": "testing",
    "secret_access_key": "testing",
    "virtual_hosted_style_request": False,
    "client_options": {"allow_http": True},
}


def store_at(port: int, *, timeout: float = 5.0) -> Any:
    return open_store(
        f"s3://{BUCKET}",
        timeout=timeout,
        endpoint=f"http://{HOST}:{port}",
        retry_config={"max_retries": 1},
        **CONFIG,
    )
