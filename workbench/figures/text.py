"""Text that came from data, made safe for where it goes: nothing in it can become markup."""

from __future__ import annotations

import html
import re
from typing import Any

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
NULL = "\N{EN DASH}"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Control characters, the bidi overrides that reorder what follows them, and lone surrogates (no UTF-8 exists for them).
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


def one_line(value: Any) -> str:
    """The value as one line of showable text; a null is a dash."""
    if value is None:
        return NULL
    return _UNSHOWABLE.sub(REPLACEMENT, _SPACES.sub(" ", str(value)))


def showable(text: str) -> str:
    """The text with its lines kept and what no screen can show replaced."""
    return _UNSHOWABLE.sub(REPLACEMENT, text)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, the last an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: max(limit - 1, 1)].rstrip() + ELLIPSIS


def plotly_text(value: Any, limit: int | None = None) -> str:
    """For titles, ticks, names, annotations and custom data: Plotly reads a subset of HTML in all of them.

    Example:
        "<a href=x>&" -> "&lt;a href=x&gt;&amp;"
    """
    line = one_line(value)
    return html.escape(line if limit is None else shortened(line, limit), quote=False)


def html_text(value: Any) -> str:
    """For HTML, in elements and in quoted attributes."""
    return html.escape(one_line(value), quote=True)


def humanised(name: str) -> str:
    """A field's name as a heading: "partner.created_at" -> "Partner created at"."""
    words = one_line(name).replace(".", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]
