"""Content of which every place can be told from every other."""

from __future__ import annotations


def numbered(size: int) -> bytes:
    """`size` bytes that count from 0 to 250, over and over."""
    return bytes(i % 251 for i in range(size))


CONTENT = b"".join(b"%07d\n" % number for number in range(100_000))  # 800,000 bytes
