"""`workbench publish`: numbers, tables and figures into posts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stats_core.errors import ConfigurationError, InvalidOptionsError, Problem
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import say, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.publishing.post import Post

FORMATS, THEMES = ("auto", "svg", "png", "html"), ("both", "light", "dark")


def publish(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Posts: Markdown, HTML or Tiptap's JSON.")],
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write them there; default: in their places.")
    ] = None,
    figures: Annotated[
        str, typer.Option("--figures", metavar="DIR", help="Folder of figures beside each post.")
    ] = "figures",
    format_: Annotated[
        str, typer.Option("--format", help="Of figures: svg, png or html; auto: svg where there is a browser.")
    ] = "auto",
    theme: Annotated[
        str, typer.Option("--theme", help="Of figures: light, dark, or both by the reader's screen.")
    ] = "both",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print what would change, and write nothing.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail where a number moved; write nothing.")] = False,
    tolerance: Annotated[
        float, typer.Option("--tolerance", metavar="PERCENT", min=0, help="How far a number may move in a check.")
    ] = 0.0,
    database: DatabaseOption = None,
) -> None:
    """Fill posts with the numbers of their panels. What was filled is filled again; nothing else is touched."""
    from workbench.publishing.browser import Browser
    from workbench.publishing.post import How, read_post

    how = How(folder, figures, _chosen("format", format_, FORMATS), _chosen("theme", theme, THEMES))  # type: ignore[arg-type]
    with opened(database) as workbench, Browser() as browser:
        posts = [read_post(file, workbench, browser, how) for file in files]
    if check:
        _check(posts, tolerance)
    elif diff:
        _tell_diffs(posts)
    else:
        _write(posts, dry_run=dry_run)


def _chosen(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ConfigurationError(f"--{name} is {value!r}.", hint=f"Choose one of {', '.join(known)}.")
    return value


def _check(posts: Sequence[Post], tolerance: float) -> None:
    if faults := [fault for post in posts for fault in post.faults(tolerance)]:
        raise InvalidOptionsError(faults)
    say(f"{sum(len(post.found) for post in posts)} panels in {len(posts)} posts are as they were published.")


def _tell_diffs(posts: Sequence[Post]) -> None:
    for post in posts:
        if lines := post.diff():
            tell(lines)
    _complain(posts)


def _write(posts: Sequence[Post], *, dry_run: bool) -> None:
    for post in posts:
        for file in post.changed() if dry_run else post.write():
            tell(str(file))
    _complain(posts)


def _complain(posts: Sequence[Post]) -> None:
    """Posts with notes in them are published, but not as their writers meant."""
    if notes := [Problem(str(post.target), note.text) for post in posts for note in post.notes]:
        raise InvalidOptionsError(notes)
