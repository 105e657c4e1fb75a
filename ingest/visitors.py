"""Who a visitor is, without keeping who it is: a keyed hash, bound to the website.

Nobody without the key can find an address by trying all of them, and the same person is another visitor on another
website. Addresses and agents go in and are never stored.
"""

from __future__ import annotations

import hashlib

_DIGEST_BYTES = 16  # 32 hexadecimal characters
_PERSON = b"visitor"  # keeps these hashes apart from others made with the same secret


def visitor_hash(secret: bytes, website_id: str, *parts: str) -> str:
    """32 hexadecimal characters for whatever tells visitors apart: the client's own id, or address and agent.

    Parts are delimited, so ("ab", "c") and ("a", "bc") are two visitors.
    """
    return VisitorHasher(secret, website_id)(*parts)


class VisitorHasher:
    """`visitor_hash` for one secret and website, many times."""

    def __init__(self, secret: bytes, website_id: str) -> None:
        key = hashlib.sha256(secret).digest()  # blake2b takes keys of at most 64 bytes
        self._start = hashlib.blake2b(_framed(website_id), digest_size=_DIGEST_BYTES, key=key, person=_PERSON)

    def __call__(self, *parts: str) -> str:
        """The hash of these parts."""
        state = self._start.copy()
        for part in parts:
            state.update(_framed(part))
        return state.hexdigest()


def _framed(text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return len(content).to_bytes(8) + content
