"""Streamlit's cookies, made to travel as ours do: below the path of a proxy, and by https alone where there is https.

One of them says who is signed in by the organisation's login, and Streamlit gives it to all of the host, by http too.
"""

from __future__ import annotations

from starlette.types import Message, Send


def narrowing(send: Send, *, path: str, secure: bool) -> Send:
    """Sends the same answers, whose cookies for the whole host are for `path`, and `Secure` where that is wanted."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name, narrowed(value, path=path, secure=secure) if name.lower() == b"set-cookie" else value)
                for name, value in message.get("headers", ())
            ]
            message = {**message, "headers": headers}
        await send(message)

    return sent


def narrowed(cookie: bytes, *, path: str, secure: bool) -> bytes:
    """A `Set-Cookie` header: its value stays, and of its attributes a path that is not the root's."""
    value, *attributes = (part.strip() for part in cookie.split(b";"))
    attributes = [b"Path=" + path.encode() if part.lower() == b"path=/" else part for part in attributes]
    if secure and b"secure" not in {part.lower() for part in attributes}:
        attributes.append(b"Secure")
    return b"; ".join([value, *attributes])
