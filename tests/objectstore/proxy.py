"""An HTTP proxy before an object store that counts what is asked, and can misbehave."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"
_BLOCK = 64 * 1024
_HOP = {"connection", "keep-alive", "transfer-encoding"}


@dataclass
class Asked:
    """A request that reached the store's door, and how many bytes of body went back."""

    method: str
    target: str
    headers: dict[str, str]
    sent: int = 0
    cut_off: bool = False  # the other side closed before it had everything
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def range(self) -> str | None:
        return self.headers.get("range")


@dataclass
class Behaviour:
    """What happens to the next requests; the defaults are honest."""

    status: int | None = None  # answer this, and do not ask the store
    delay: float = 0.0  # seconds before the answer
    cut_after: int | None = None  # close after so many bytes of body
    stall_after: int | None = None  # say nothing more after so many bytes of body
    rate: int | None = None  # bytes a second, about
    headers: dict[str, str | None] = field(default_factory=dict)  # lies; None leaves one out
    pad: int = 0  # bytes added to the body
    before: Callable[[Asked], None] | None = None  # called before the store is asked
    times: int | None = None  # for so many requests, then honest again


class Proxy:
    """`asked` is what came, in order; `behave` says what to do with what comes next."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._at_once = 0
        self._behaviour = Behaviour()
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self.server.daemon_threads = True

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def methods(self) -> list[str]:
        return [each.method for each in self.asked]

    @property
    def bytes_sent(self) -> int:
        return sum(each.sent for each in self.asked)

    def reset(self) -> None:
        with self._lock:
            self.asked = []
            self.most_at_once = 0
            self._behaviour = Behaviour()

    def behave(self, behaviour: Behaviour) -> None:
        with self._lock:
            self._behaviour = behaviour

    def enter(self, asked: Asked) -> Behaviour:
        with self._lock:
            self.asked.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            behaviour = self._behaviour
            if behaviour.times is not None:
                behaviour.times -= 1
                if behaviour.times <= 0:
                    self._behaviour = Behaviour()
            return behaviour

    def leave(self, asked: Asked) -> None:
        with self._lock:
            self._at_once -= 1
        asked.over.set()


@contextmanager
def proxying(upstream: int) -> Iterator[Proxy]:
    """A proxy on a free port before the one that is given."""
    proxy = Proxy(upstream)
    thread = threading.Thread(target=proxy.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        proxy.server.shutdown()
        proxy.server.server_close()
        thread.join(5)


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Little is under way: what the proxy has sent is about what the client has read.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 128 * 1024)

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers)
            behaviour = proxy.enter(asked)
            try:
                self._answer(asked, behaviour)
            except (ConnectionError, TimeoutError):
                asked.cut_off = True
                self.close_connection = True
            finally:
                proxy.leave(asked)

        do_HEAD = do_GET  # noqa: N815

        def _answer(self, asked: Asked, behaviour: Behaviour) -> None:
            if behaviour.before is not None:
                behaviour.before(asked)
            if behaviour.delay:
                proxy.closing.wait(behaviour.delay)
            if behaviour.status is not None:
                body = b"" if asked.method == "HEAD" else b"<Error><Host>secret</Host></Error>"
                self.send_response(behaviour.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            upstream = http.client.HTTPConnection(HOST, proxy.upstream, timeout=30)
            try:
                upstream.request(asked.method, asked.target, headers=asked.headers)
                self._relay(upstream.getresponse(), asked, behaviour)
            finally:
                upstream.close()

        def _relay(
            self, response: http.client.HTTPResponse, asked: Asked, behaviour: Behaviour
        ) -> None:
            headers: dict[str, str | None] = {
                name.lower(): value
                for name, value in response.getheaders()
                if name.lower() not in _HOP
            }
            headers.update(behaviour.headers)
            if behaviour.pad:  # else the bytes added would stand before the next answer
                headers["connection"] = "close"
            self.send_response(response.status)
            for name, value in headers.items():
                if value is not None:
                    self.send_header(name, value)
            self.end_headers()
            if asked.method == "HEAD":
                return
            self._body(response, asked, behaviour)
            if behaviour.pad:
                self.wfile.write(b"?" * behaviour.pad)

        def _body(
            self, response: http.client.HTTPResponse, asked: Asked, behaviour: Behaviour
        ) -> None:
            block_size = _BLOCK if behaviour.rate is None else max(1, behaviour.rate // 20)
            while block := response.read(block_size):
                for limit in (behaviour.cut_after, behaviour.stall_after):
                    if limit is not None and asked.sent + len(block) > limit:
                        block = block[: limit - asked.sent]
                asked.sent += len(block)
                self.wfile.write(block)
                if asked.sent == behaviour.stall_after:
                    proxy.closing.wait(20)
                if asked.sent in (behaviour.cut_after, behaviour.stall_after):
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if behaviour.rate is not None:
                    time.sleep(0.05)

    return Handler
