"""A real S3 server (moto) as a process, and a proxy before it that counts and misbehaves."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from support.servers import HOST, Server, running

pytest.importorskip("obstore", reason="obstore is not installed")
pytest.importorskip("moto", reason="moto[server] is not installed")

import obstore
from objectstore.bucket import BUCKET, CONFIG, store_at
from objectstore.proxy import Proxy, proxying

from rangeserve.objectstore import open_store


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", "{port}"]
    with running(command, ready_in=60) as server:
        connection = http.client.HTTPConnection(HOST, server.port, timeout=20)
        connection.request("PUT", f"/{BUCKET}")
        assert connection.getresponse().status == 200
        connection.close()
        yield server


@pytest.fixture(scope="session")
def direct(moto: Server) -> Any:
    """The bucket, not through the proxy: for uploads."""
    return open_store(f"s3://{BUCKET}", endpoint=moto.url, **CONFIG)


@pytest.fixture(scope="session")
def _proxy(moto: Server) -> Iterator[Proxy]:
    with proxying(moto.port) as proxy:
        yield proxy


@pytest.fixture
def proxy(_proxy: Proxy) -> Iterator[Proxy]:
    _proxy.reset()
    yield _proxy
    _proxy.reset()


@pytest.fixture
def store(proxy: Proxy) -> Any:
    """The bucket, through the proxy, with an impatient client that retries once."""
    return store_at(proxy.port)


@pytest.fixture(scope="session")
def content() -> bytes:
    """5 MiB in which every 8 bytes differ."""
    return b"".join(b"%07d\n" % number for number in range(5 * 2**17))


@pytest.fixture
def film(direct: Any, content: bytes) -> str:
    """A key in the bucket, with `content` in it."""
    obstore.put(
        direct,
        "dir/film.mp4",
        content,
        attributes={"Content-Type": "video/mp4", "Cache-Control": "max-age=60"},
        use_multipart=False,
    )
    return "dir/film.mp4"
