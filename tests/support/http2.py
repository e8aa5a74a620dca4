"""A client over HTTP/2 that says itself how much the server may send; and a server's memory."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.settings

from support.servers import HOST, Server

KIB = 1024
RECEIVE = 256 * KIB
# The largest window there is (RFC 9113, 6.9.1), and what a connection's is at first.
MAX_WINDOW = 2**31 - 1
DEFAULT_WINDOW = 65_535


class Client:
    """One connection with prior knowledge, whose streams begin with a window of `window` bytes.

    Nothing opens a window but `open_windows`: so the server may send `window` bytes of each
    stream, 65,535 of all together, and then has to wait.
    """

    def __init__(self, port: int, *, window: int = 0, timeout: float = 60.0) -> None:
        self.received = 0
        self.ended: set[int] = set()
        self.reset: set[int] = set()
        self._socket = socket.create_connection((HOST, port), timeout=timeout)
        self._connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        )
        setting = h2.settings.SettingCodes.INITIAL_WINDOW_SIZE
        self._connection.local_settings = h2.settings.Settings(
            client=True, initial_values={setting: window}
        )
        self._connection.initiate_connection()
        self._flush()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def get(self, path: str) -> int:
        """Ask for `path`, and return the number of the stream."""
        stream = self._connection.get_next_available_stream_id()
        self._connection.send_headers(
            stream,
            [
                (":method", "GET"),
                (":scheme", "http"),
                (":authority", HOST),
                (":path", path),
            ],
            end_stream=True,
        )
        self._flush()
        return stream

    def open_windows(self, stream: int, count: int) -> None:
        """Let the server send `count` more bytes of `stream`, and of the connection."""
        self._connection.increment_flow_control_window(count, stream)
        self._connection.increment_flow_control_window(count)
        self._flush()

    def read(self) -> None:
        """Wait for something from the server, and note it."""
        data = self._socket.recv(RECEIVE)
        if not data:
            raise ConnectionResetError("the server has closed the connection")
        for event in self._connection.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                self.received += len(event.data)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self.reset.add(event.stream_id)
        self._flush()

    def _flush(self) -> None:
        self._socket.sendall(self._connection.data_to_send())


def resident_bytes(server: Server) -> int:
    """The resident memory of `server` and its workers, from /proc."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if os.getpgid(int(entry.name)) == server.process.pid:
                resident = (entry / "statm").read_text().split()[1]
                total += int(resident) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):  # it has ended meanwhile
            continue
    return total
