"""A figure of a notebook as a file, as posts have it: with title, alternative text and source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.publishing.answered import answered
from workbench.publishing.browser import Browser
from workbench.publishing.embed import read_embed
from workbench.publishing.exporting import figure_bytes, write_bytes

if TYPE_CHECKING:
    from workbench.figures.theme import ThemeName
    from workbench.notebook.panel import Panel


def saved(panel: Panel, file: Path, *, size: str, theme: ThemeName, **words: str | None) -> Path:
    """The file, written; HTML needs no browser.

    Args:
        panel: What is shown.
        file: Its suffix is the format: `.html`, `.svg` or `.png`.
        size: post, wide, square, social, or 800x450.
        theme: Of pictures; HTML has both.
        words: title and alt, where they are not the panel's own.

    Raises:
        ExpectedError: The panel has no answer, or there is no such format or size, or no browser for a picture.
    """
    found = answered(read_embed(_embed(panel, size, words)), panel.setting.workbench)
    with Browser() as browser:
        write_bytes(file, figure_bytes(found, file.suffix, browser, theme=theme))
    return file


def _embed(panel: Panel, size: str, words: dict[str, str | None]) -> dict[str, Any]:
    given = {name: text for name, text in words.items() if text is not None}
    document: dict[str, Any] = {"size": size, "variables": dict(panel.variables), **given}
    spec = panel.spec
    if spec.id is not None:
        return {"panel_id": spec.id, **document}
    return {
        "operation_type": spec.operation_type,
        "operation_options": spec.operation_options,
        "display": spec.display.model_dump(mode="json", exclude_defaults=True),
        "type": spec.type,
        **({"title": spec.name} if spec.name else {}),
        **document,
    }
