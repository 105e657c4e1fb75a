"""Text for the places where Streamlit reads Markdown (labels, tooltips, toasts, dialog titles), and for file names."""

from __future__ import annotations

import re

from workbench.figures.text import one_line

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LINKING = re.compile(r"(\\[:@]|www\\\.)", re.IGNORECASE)
_LONGEST = 80  # characters of a file name
_WORD_JOINER = "\N{WORD JOINER}"


def plain_markdown(value: object) -> str:
    r"""The text so that Markdown shows it as it is.

    Every punctuation mark is escaped. Streamlit looks for `:material/name:` and `:name:` after the Markdown is read,
    when a backslash is gone, and makes links of addresses (`https://…`, `www.…`, `ann@…`): an invisible joiner after
    each colon, `@` and `www.` keeps it from finding them.

    Example:
        "*a*:b:" -> "\*a\*\:\u2060b\:\u2060"
    """
    return _LINKING.sub(rf"\1{_WORD_JOINER}", _PUNCTUATION.sub(r"\\\1", one_line(value)))


def file_stem(name: str, fallback: str) -> str:
    """A file name without its ending: letters, digits, `_`, `-` and `.` of the name, in lower case."""
    return re.sub(r"[^\w.-]+", "-", name.casefold()).strip("-.")[:_LONGEST] or fallback
