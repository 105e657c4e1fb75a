"""Tags in texts: where a panel shall stand in Markdown or HTML, and what publishing put there.

    {{ panel panel_01J9… }}                         in a line: its number
    {{ panel panel_01J9… figure size=wide }}        alone on a line: a figure, or a table
    ```panel                                        the same in a fence, which may hold a call as JSON
    {"operation_type": "aggregate_data", …}
    ```

What stands for a tag keeps the tag's words, so that it can be filled again. Code, comments and front matter stay as
they are.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Syntax = Literal["markdown", "html"]
Write = Callable[["Tag"], str]

_ENDS = r"\n[ \t\r]*\n|<!-- panel |<data data-panel="  # a tag that is not closed by then is none
_TAG = r"\{\{[ \t]*panel(?=[\s{}])"
# A beginning whose end was deleted is a comment like others: it must not reach to the end of the next one.
_BLOCK = r"^[ \t]*(?P<whole><!-- panel (?P<block>[^\n]*?) -->\r?\n(?:(?!^[ \t]*<!-- panel ).)*?^[ \t]*<!-- /panel -->)"
_INLINE = r'<data data-panel="(?P<inline>[^"]*)"[^>]*>.*?</data>'
_COMMENT = r"<!--.*?(?:-->|\Z)"  # one that never ends hides all that follows
_CODE = r"(?i:<(?P<code>pre|code|script|style|textarea)\b.*?</(?P=code)>)"
_MARKDOWN: Final = re.compile(
    r"\A---\r?\n.*?\n---\r?\n"
    r"|^ {0,3}(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)\n(?P<body>.*?)(?:^ {0,3}(?P=fence)[`~]*[ \t\r]*$|\Z)"
    rf"|{_BLOCK}|{_INLINE}|{_COMMENT}|{_CODE}"
    r"|(?P<ticks>`+)(?!`)(?:(?!\n[ \t\r]*\n).)*?(?<!`)(?P=ticks)(?!`)"
    rf"|(?P<tag>{_TAG})",
    re.DOTALL | re.MULTILINE,
)
_HTML: Final = re.compile(
    rf"{_BLOCK}|{_INLINE}|{_COMMENT}|{_CODE}|(?P<tag>{_TAG})",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag in a text.

    Attributes:
        words: What its author wrote in it.
        alone: Whether nothing else stands on its line, as figures and tables want.
    """

    words: str
    alone: bool


def filled(text: str, syntax: Syntax, write: Write) -> str:
    """The text with every tag, and what stood for one, replaced by what `write` gives; all else is the same."""
    pieces: list[str] = []
    done = 0
    for start, end, tag in _tags(text, syntax):
        pieces += [text[done:start], _marked(tag, write(tag))]
        done = end
    return "".join([*pieces, text[done:]])


def _tags(text: str, syntax: Syntax) -> Iterator[tuple[int, int, Tag]]:
    """Each with where it starts and ends."""
    pattern, at = _MARKDOWN if syntax == "markdown" else _HTML, 0
    while (found := pattern.search(text, at)) is not None:
        at = max(found.end(), at + 1)
        named = found.groupdict()
        if named["tag"] is not None:
            if (place := _words(text, found.end())) is not None:
                words, at = place
                yield found.start(), at, Tag(words, _alone(text, found.start(), at))
        elif named["block"] is not None:
            yield found.start("whole"), at, Tag(_read(named["block"]), alone=True)
        elif named["inline"] is not None:
            yield found.start(), at, Tag(_read(named["inline"]), _alone(text, found.start(), at))
        elif (named.get("info") or "").strip() == "panel":
            yield found.start(), at, Tag(_in_fence(named["body"]), alone=True)


def _words(text: str, start: int) -> tuple[str, int] | None:
    """What stands before the closing braces, and where they end; None where they never close."""
    spaces = len(text[start:]) - len(text[start:].lstrip())
    if text[start + spaces : start + spaces + 1] == "{":
        try:
            _, end = json.JSONDecoder().raw_decode(text, start + spaces)
        except (ValueError, RecursionError):
            end = start
        if (closing := re.compile(r"\s*\}\}").match(text, end)) is not None and end > start:
            return text[start + spaces : end], closing.end()
    closed = re.compile(rf"((?:(?!{_ENDS}).)*?)\}}\}}", re.DOTALL).match(text, start)
    return (closed[1].strip(), closed.end()) if closed else None


def _in_fence(body: str) -> str:
    words = body.strip()
    tag = re.fullmatch(rf"{_TAG}(.*)\}}\}}", words, re.DOTALL)
    return tag[1].strip() if tag else words


def _alone(text: str, start: int, end: int) -> bool:
    before = text[text.rfind("\n", 0, start) + 1 : start]
    after = text[end : stop if (stop := text.find("\n", end)) >= 0 else len(text)]
    return not before.strip() and not after.strip()


def _marked(tag: Tag, written: str) -> str:
    """What stands for the tag, with the tag's words: several lines in comments, a few words in an element."""
    if written.startswith("<data"):
        return written.replace("<data", f'<data data-panel="{_kept(tag.words, quote=True)}"', 1)
    return f"<!-- panel {_kept(tag.words)} -->\n{written}\n<!-- /panel -->"


def _kept(words: str, *, quote: bool = False) -> str:
    """The words as they can stand in a comment or an attribute: nothing in them ends it."""
    escaped = html.escape(words, quote=quote).replace("--", "&#45;&#45;").replace("\n", "&#10;")
    return escaped.replace("{{", "&#123;{").replace("`", "&#96;")


def _read(kept: str) -> str:
    return html.unescape(kept)
