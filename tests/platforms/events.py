"""What AWS Lambda calls a handler with for a request to a function's URL (payload version 2.0)."""

from __future__ import annotations

from typing import Any


def event(path: str, fields: dict[str, str] | None = None, method: str = "GET") -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "films.example", **(fields or {})},
        "requestContext": {
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "test",
            }
        },
        "isBase64Encoded": False,
    }
