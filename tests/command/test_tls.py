"""TLS: HTTP/1.1 and HTTP/2 over it, and files that are no certificate."""

from __future__ import annotations

import re
import signal
import socket
import ssl
from pathlib import Path

import httpx
import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived
from support.command import Command
from support.waiting import SECONDS

from rangeserve.__main__ import main


class Certificates:
    """Files of certificates and keys for 127.0.0.1, and a client's context that trusts them."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1")
        self.certificate, self.key = str(folder / "cert.pem"), str(folder / "key.pem")
        self.both, self.other_key = str(folder / "both.pem"), str(folder / "other.pem")
        self.encrypted = str(folder / "encrypted.pem")
        issued.cert_chain_pems[0].write_to_path(self.certificate)
        issued.private_key_pem.write_to_path(self.key)
        issued.private_key_and_cert_chain_pem.write_to_path(self.both)
        authority.issue_cert("127.0.0.1").private_key_pem.write_to_path(self.other_key)
        self.context = ssl.create_default_context()
        authority.configure_trust(self.context)

    def encrypt_key(self) -> None:
        """Write the key to `encrypted`, with a password."""
        from cryptography.hazmat.primitives import serialization as s

        key = s.load_pem_private_key(Path(self.key).read_bytes(), None)
        locked = key.private_bytes(
            s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"secret")
        )
        Path(self.encrypted).write_bytes(locked)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
@pytest.mark.parametrize("in_one", [False, True], ids=["two files", "one file"])
def test_ranges_over_tls(root: Path, certificates: Certificates, http2: bool, in_one: bool) -> None:
    arguments = ["--certificate", certificates.both]
    if not in_one:
        arguments = ["--certificate", certificates.certificate, "--key", certificates.key]
    with Command("-p", "0", *arguments, cwd=root) as command:
        url = f"https://127.0.0.1:{command.port}/"
        assert f" at {url} " in command.greeting
        with httpx.Client(verify=certificates.context, http2=http2, trust_env=False) as client:
            answer = client.get(f"{url}film.mp4", headers={"Range": "bytes=10-19"})
            assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            assert answer.status_code == 206
            assert answer.content == (root / "film.mp4").read_bytes()[10:20]
            assert client.get(url).status_code == 200
    assert " GET /film.mp4 206 bytes 10-19/300000 10 B " in command.line()


def test_a_client_that_reads_nothing_over_http_2_gets_little(
    root: Path, certificates: Certificates
) -> None:
    """The memory of Hypercorn stays bounded over TLS, too."""
    with (root / "large.bin").open("wb") as file:
        file.truncate(1 << 30)
    with Command("-p", "0", "--certificate", certificates.both, cwd=root) as command:
        context = certificates.context
        context.set_alpn_protocols(["h2"])
        client = H2Connection(H2Configuration())
        client.initiate_connection()
        fields = [(":method", "GET"), (":path", "/large.bin"), (":scheme", "https")]
        client.send_headers(1, [*fields, (":authority", "127.0.0.1")], end_stream=True)
        address = ("127.0.0.1", command.port)
        with (
            socket.create_connection(address, timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            assert connection.selected_alpn_protocol() == "h2"
            connection.sendall(client.data_to_send())
            got, has_started = 0, False
            while got < 65535:  # the window of RFC 9113 6.9.2, which is never opened again
                for event in client.receive_data(connection.recv(65536)):
                    has_started = has_started or isinstance(event, ResponseReceived)
                    got += len(event.data) if isinstance(event, DataReceived) else 0
            assert has_started
        line = command.line()
    sent = re.search(r" GET /large\.bin 200 (\d+) B .*; the client left$", line)
    assert sent, line
    assert int(sent[1]) < 1 << 22


def test_what_is_no_certificate_is_said_in_a_sentence(
    root: Path, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    certificates.encrypt_key()
    c, none, text = certificates, str(root / "none.pem"), str(root / "a.txt")
    for arguments, sentence in [
        (["--key", c.key], "--key is that of a --certificate, which is missing"),
        (["--certificate", none], f"no such file or directory: {none}"),
        (["--certificate", c.both, "--key", none], f"no such file or directory: {none}"),
        (["--certificate", str(root)], f"is a directory: {root}"),
        (["--certificate", text], f"not a certificate with its key, as PEM: {text}, {text}"),
        (
            ["--certificate", c.certificate],
            f"not a certificate with its key, as PEM: {c.certificate}, {c.certificate}",
        ),
        (
            ["--certificate", c.certificate, "--key", c.other_key],
            f"{c.other_key} is not the key of {c.certificate}",
        ),
        (
            ["--certificate", c.certificate, "--key", c.encrypted],
            f"the key is encrypted, and must not be: {c.encrypted}",
        ),
    ]:
        assert main([str(root), "-p", "0", *arguments]) == 2
        assert capfd.readouterr() == ("", f"rangeserve: {sentence}\n")


def test_a_client_without_tls_is_no_trouble(root: Path, certificates: Certificates) -> None:
    with Command("-p", "0", "--certificate", certificates.both, cwd=root) as command:
        with socket.create_connection(("127.0.0.1", command.port), timeout=SECONDS) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while plain.recv(1024):
                pass
        url = f"https://127.0.0.1:{command.port}/a.txt"
        with httpx.Client(verify=certificates.context, trust_env=False) as client:
            assert client.get(url).content == b"alpha\n"
        assert " GET /a.txt 200 6 B " in command.line()


def test_ctrl_c_with_a_client_that_reads_nothing(root: Path, certificates: Certificates) -> None:
    with (root / "large.bin").open("wb") as file:
        file.truncate(1 << 30)
    with Command("-p", "0", "--certificate", certificates.both, cwd=root) as command:
        address = ("127.0.0.1", command.port)
        with (
            socket.create_connection(address, timeout=SECONDS) as plain,
            certificates.context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1)
            command.process.send_signal(signal.SIGINT)
            assert command.process.wait(SECONDS) == 0
        assert command.line().endswith("; cut off")
        assert command.lines.empty()
