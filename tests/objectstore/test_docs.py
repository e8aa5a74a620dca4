"""The example of docs/sources.md: a file that is decrypted at an offset."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from support.driver import ask

from rangeserve import serve

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
PLAIN = hashlib.shake_128(b"plain").digest(300_001)
KEY, NONCE = bytes(range(32)), b"\xff" * 14 + b"\xf0\x00"  # the counter runs over


@pytest.fixture
def decrypted() -> Any:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (example,) = (block for block in blocks if "def decrypted" in block)
    names: dict[str, Any] = {}
    exec(compile(example, str(PAGE), "exec"), names)
    return names["decrypted"]


@pytest.mark.parametrize(
    "field", ["0-0", "5-20", "16-31", "17-", "-1", "-100000", "65535-200000", "99999-99999", "0-"]
)
async def test_ranges_of_an_encrypted_file_are_plain(
    tmp_path: Path, decrypted: Any, field: str
) -> None:
    path = tmp_path / "film.aes"
    encryptor = Cipher(algorithms.AES(KEY), modes.CTR(NONCE)).encryptor()
    path.write_bytes(encryptor.update(PLAIN) + encryptor.finalize())
    app = serve(lambda scope: decrypted(str(path), KEY, NONCE))
    whole = await ask(app)
    assert whole.body == PLAIN
    headers = [("Range", f"bytes={field}"), ("If-Range", whole["etag"])]
    part = await ask(app, headers=headers)
    first, _, last = field.partition("-")
    start = int(first) if first else len(PLAIN) - int(last)
    stop = int(last) + 1 if first and last else len(PLAIN)
    assert part.status == 206
    assert part.body == PLAIN[start:stop]
