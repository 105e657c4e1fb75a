"""Posts as files: what publishing one would write, and how far its numbers are from those that stand in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

from stats_core.composition import Workbench
from stats_core.errors import ConfigurationError, ExpectedError, InvalidOptionsError, Problem
from workbench.figures.theme import ThemeName
from workbench.figures.views import Canvas
from workbench.publishing.answered import Answered, Note, answered, note
from workbench.publishing.browser import Browser, can_draw
from workbench.publishing.embed import Embed, read_tag
from workbench.publishing.exporting import figure_bytes, write_bytes
from workbench.publishing.page import SCRIPT_NAME, plotly_script
from workbench.publishing.record import (
    NOTHING,
    Published,
    Record,
    moves,
    publish_record,
    read_record,
    settled,
    write_record,
)
from workbench.publishing.sheet import alt_of, read_size
from workbench.publishing.tags import Syntax, Tag, filled
from workbench.publishing.tiptap import Found, fill_document, record_of
from workbench.publishing.written import OWN_LINE, Pictures, figure_text, note_text, table_text, value_text

Format = Literal["auto", "svg", "png", "html"]
Themes = Literal["both", "light", "dark"]

SYNTAX_OF: Final[Mapping[str, Syntax]] = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}
RECORD_SUFFIX: Final = ".panels.json"


@dataclass(frozen=True, slots=True)
class How:
    """How posts are published.

    Attributes:
        folder: Where they go; None = each takes its own place.
        figures: Folder of figures, seen from the post.
        format: Of figures; auto = SVG where there is a browser to draw them, else HTML.
    """

    folder: Path | None = None
    figures: str = "figures"
    format: Format = "auto"
    themes: Themes = "both"

    def suffix(self) -> str:
        """Of a figure's file."""
        if self.format == "auto":
            return ".svg" if can_draw() else ".html"
        return f".{self.format}"


@dataclass(frozen=True, slots=True)
class Post:
    """A post as it would be published; nothing is written before `write`.

    Attributes:
        target: Where it goes.
        before: What stands there; None where nothing does.
        files: Every file with its content, the post among them.
        found: What was found for its tags, in their order.
        record: The numbers that stand in it by now.
    """

    source: Path
    target: Path
    text: str
    before: str | None
    files: Mapping[Path, bytes]
    found: tuple[Found, ...]
    record: Record

    @property
    def notes(self) -> list[Note]:
        """Tags without an answer."""
        return [item for item in self.found if isinstance(item, Note)]

    def changed(self) -> list[Path]:
        """The files that are not there yet, or hold something else."""
        return [file for file, content in self.files.items() if not file.is_file() or file.read_bytes() != content]

    def write(self) -> list[Path]:
        """Write what is not there yet; those are given."""
        return [file for file, content in self.files.items() if write_bytes(file, content)]

    def diff(self) -> str:
        """What would change in the post, line by line."""
        old, new = (self.before or "").splitlines(), self.text.splitlines()
        name = str(self.target)
        return "\n".join(unified_diff(old, new, name, f"{name} (published anew)", lineterm=""))

    def faults(self, tolerance_percent: float) -> list[Problem]:
        """What a check finds: tags without an answer or not published yet, and numbers that moved further."""
        faults = [Problem(str(self.target), why.text) for why in self.notes]
        for item in self.found:
            if isinstance(item, Answered):
                faults += self._moved(item, tolerance_percent)
        return faults

    def _moved(self, found: Answered, tolerance_percent: float) -> list[Problem]:
        known = self.record.get(found.embed.key)
        name = found.title or found.asked.entity
        if known is None:
            return [Problem(str(self.target), f"{name} is not published yet.", "Run workbench publish.")]
        far = [move for move in moves(found, known) if move.percent > tolerance_percent]
        return [Problem(str(self.target), f"{move}.") for move in far]


def read_post(file: Path, workbench: Workbench, browser: Browser, how: How) -> Post:
    """The post with its numbers as they are now.

    Raises:
        ConfigurationError: A file cannot be read, or a picture is wanted and there is no browser.
        InvalidOptionsError: It is neither Markdown, HTML nor a Tiptap document.
    """
    target = (how.folder or file.parent) / file.name
    text = _read(file)
    before = text if target == file else _read(target) if target.is_file() else None
    if file.suffix == ".json":
        return _tiptap(file, target, text, before, workbench, browser, how)
    if (syntax := SYNTAX_OF.get(file.suffix)) is None:
        hint = "Posts are .md, .html, or .json as Tiptap's editor.getJSON() gives it."
        raise InvalidOptionsError([Problem(str(file), f"{file.suffix or file.name!r} is no post.", hint)])
    record_file = target.with_name(target.name + RECORD_SUFFIX)
    record = read_record(_read(record_file), str(record_file)) if record_file.is_file() else NOTHING
    writer = _Writer(workbench, browser, how, syntax, target, record)
    written = filled(text, syntax, writer)
    now = {item.embed.key: publish_record(item) for item in writer.found if isinstance(item, Answered)}
    files = {**writer.files, target: written.encode()}
    if now or record:
        files[record_file] = write_record(now).encode()
    return Post(file, target, written, before, files, tuple(writer.found), record)


@dataclass
class _Writer:
    """Writes what stands for a tag, and keeps what it found and the files it needs."""

    workbench: Workbench
    browser: Browser
    how: How
    syntax: Syntax
    target: Path
    record: Record
    found: list[Found] = field(default_factory=list)
    files: dict[Path, bytes] = field(default_factory=dict)

    def __call__(self, tag: Tag) -> str:
        outcome = self._outcome(tag)
        self.found.append(outcome)
        if isinstance(outcome, Note):
            return note_text(outcome, self.syntax, alone=tag.alone)
        if outcome.mode == "value":
            return value_text(outcome)
        if outcome.mode == "table":
            return table_text(outcome, self.syntax)
        return figure_text(outcome, self.pictures(outcome), self.syntax)

    def _outcome(self, tag: Tag) -> Found:
        embed: Embed | None = None
        try:
            embed = read_tag(tag.words)
            read_size(embed.size)
            found = settled(answered(embed, self.workbench), self.record, self.workbench)
        except ExpectedError as error:
            return note(error, embed)
        return found if tag.alone or found.mode == "value" else Note(embed, (Problem("", OWN_LINE),))

    def pictures(self, found: Answered) -> Pictures:
        """The files of a figure, kept to be written, by their addresses."""
        suffix = self.how.suffix()
        stem = f"{_slug(found.title) or 'figure'}-{found.embed.key[:8]}"
        alt = alt_of(found, found.view(Canvas()))
        if suffix == ".html":
            script = self.target.parent / self.how.figures / SCRIPT_NAME
            self.files.setdefault(script, plotly_script().encode())
            return Pictures(
                self._file(f"{stem}.html", figure_bytes(found, suffix, self.browser, script=SCRIPT_NAME)), alt=alt
            )
        light, dark = (
            self._picture(found, stem, suffix, theme) if self.how.themes in {"both", theme} else ""
            for theme in ("light", "dark")
        )
        return Pictures(light or dark, dark if light else "", alt)

    def _picture(self, found: Answered, stem: str, suffix: str, theme: ThemeName) -> str:
        name = f"{stem}{'-dark' if theme == 'dark' else ''}{suffix}"
        return self._file(name, figure_bytes(found, suffix, self.browser, theme=theme))

    def _file(self, name: str, content: bytes) -> str:
        """Keep a file to be written; gives its address, seen from the post."""
        self.files[self.target.parent / self.how.figures / name] = content
        return quote(f"{self.how.figures}/{name}" if self.how.figures not in {"", "."} else name)


def _tiptap(
    file: Path, target: Path, text: str, before: str | None, workbench: Workbench, browser: Browser, how: How
) -> Post:
    document = _json(file, text)
    record = record_of(_json(target, before)) if before is not None else NOTHING
    writer = _Writer(workbench, browser, how, "html", target, record)

    def fill(embed: Embed, _known: Published | None) -> Found:
        return settled(answered(embed, workbench), record, workbench)

    written, found = fill_document(document, fill, writer.pictures)
    out = json.dumps(written, ensure_ascii=False, indent=_indent(text)) + "\n"
    return Post(file, target, out, before, {**writer.files, target: out.encode()}, tuple(found), record)


def _json(file: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        hint = "Give what editor.getJSON() gives."
        raise InvalidOptionsError([Problem(str(file), f"This is no JSON: {error}.", hint)]) from error


def _indent(text: str) -> int | None:
    """Of the document as it is; None where it stands in one line."""
    found = re.match(r"\{\r?\n( +)", text)
    return len(found[1]) if found else None


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ConfigurationError(f"{file} cannot be read: {why}.", hint="Give posts: .md, .html or .json.") from error


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-")
