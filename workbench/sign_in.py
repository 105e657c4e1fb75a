"""Who is signed in at the pages: a signed cookie that stands for a token which was shown once.

The cookie holds the token's hash, not the token: nobody can take it for an API call. It is as good as the token is,
which is looked up each time, and ends by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer

from stats_core.access.permissions import ADMIN_ACCESS, Access
from stats_core.access.tokens import Tokens, key_of

COOKIE: Final = "workbench_session"
LASTS: Final = timedelta(days=30)
_SALT = b"workbench sign-in"  # keeps these signatures apart from others made with the same secret


class SignIns:
    """Makes cookies for tokens, and reads them.

    Args:
        tokens: Knows the tokens.
        secret: Key of the signatures.
        clock: Gives the current moment, aware.
    """

    def __init__(self, tokens: Tokens, secret: bytes, clock: Callable[[], datetime]) -> None:
        self._tokens, self._clock = tokens, clock
        self._serializer = URLSafeSerializer(secret, salt=_SALT, signer_kwargs={"digest_method": sha256})
        self._ended: dict[str, float] = {}

    def cookie(self, token: str) -> str | None:
        """The cookie for somebody who shows this token; None where it is no good token.

        Raises:
            ScopeError: It is good, and does not open the pages.
        """
        if (access := self._tokens.authenticate(token)) is None:
            return None
        access.require(ADMIN_ACCESS)
        until = (self._clock() + LASTS).timestamp()
        return str(self._serializer.dumps({"key": key_of(token), "id": secrets.token_hex(8), "until": int(until)}))

    def access(self, cookie: str | None) -> Access | None:
        """What the cookie's holder may do; None where it is not ours, or over: signed out, expired, token revoked."""
        if (read := self._read(cookie)) is None or read["id"] in self._ended:
            return None
        access = self._tokens.of_key(read["key"])
        return access if access is not None and ADMIN_ACCESS in access.permissions else None

    def end(self, cookie: str | None) -> None:
        """Sign out: the cookie opens nothing any more, in whatever hands it is, as long as this process lives."""
        if (read := self._read(cookie)) is not None:
            now = self._clock().timestamp()
            self._ended = {name: until for name, until in self._ended.items() if now < until} | {
                read["id"]: read["until"]
            }

    def _read(self, cookie: str | None) -> Mapping[str, Any] | None:
        if not cookie:
            return None
        try:
            read: Mapping[str, Any] = self._serializer.loads(cookie)
        except BadData:
            return None
        return read if self._clock().timestamp() < read["until"] else None
