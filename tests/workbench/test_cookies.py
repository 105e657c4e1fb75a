"""Cookies of the pages stay below our path and travel by https alone."""

from __future__ import annotations

import pytest

from workbench.cookies import narrowed


@pytest.mark.parametrize(
    ("cookie", "path", "secure", "expected"),
    [
        (b"a=b; Path=/; HttpOnly", "/stats", True, b"a=b; Path=/stats; HttpOnly; Secure"),
        (b"a=b;path=/;httponly", "/stats", False, b"a=b; Path=/stats; httponly"),
        (b"a=b; Path=/; secure", "/", True, b"a=b; Path=/; secure"),
        (b"a=b; Path=/other; SameSite=lax", "/stats", False, b"a=b; Path=/other; SameSite=lax"),
        (b'a="path=/"; Max-Age=0', "/stats", True, b'a="path=/"; Max-Age=0; Secure'),
    ],
)
def test_a_cookie_keeps_all_but_a_path_and_a_way_that_are_too_wide(cookie, path, secure, expected):
    assert narrowed(cookie, path=path, secure=secure) == expected
