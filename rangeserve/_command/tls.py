"""TLS: the files of a certificate and its key, tried before the server starts."""

from __future__ import annotations

import ssl
from typing import Any

from .problem import Problem, reason_of

__all__ = ["use_certificate"]


def use_certificate(config: Any, certificate: str, key: str | None) -> None:
    """Let Hypercorn, whose `config` this is, serve over TLS with the files of a certificate.

    `key` is `None` if the file of the certificate has the key, too. Clients choose HTTP/1.1 or
    HTTP/2 by ALPN. `Problem` if the files cannot be used.
    """
    _check(certificate, key or certificate)
    config.certfile, config.keyfile = certificate, key or certificate


def _check(certificate: str, key: str) -> None:
    for path in dict.fromkeys((certificate, key)):
        try:
            with open(path, "rb"):
                pass
        except OSError as error:
            raise Problem(f"{reason_of(error)}: {path}") from None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a password OpenSSL would ask the terminal for that of a key which has one.
        context.load_cert_chain(certificate, key, password=_no_password)
    except _EncryptedKey:
        raise Problem(f"the key is encrypted, and must not be: {key}") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise Problem(f"{key} is not the key of {certificate}") from None
        raise Problem(f"not a certificate with its key, as PEM: {certificate}, {key}") from None


class _EncryptedKey(Exception):
    """The key cannot be read without a password."""


def _no_password() -> str:
    raise _EncryptedKey
