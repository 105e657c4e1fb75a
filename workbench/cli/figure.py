"""`workbench figure`: a panel as a picture or a page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stats_core.errors import ConfigurationError, ExpectedError
from workbench.cli.asking import PanelArgument, RangeOption, TimezoneOption, VariableOption, read_variables
from workbench.cli.opening import DatabaseOption, opened
from workbench.cli.talk import complain, tell

if TYPE_CHECKING:
    from workbench.publishing.answered import Answered

EVERY_S = 2.0


def figure(
    panel: PanelArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="A .svg, .png or .html file.")],
    title: Annotated[str | None, typer.Option("--title", help="Above it; default: the panel's name.")] = None,
    alt: Annotated[str | None, typer.Option("--alt", help="The figure in words; default: from its numbers.")] = None,
    size: Annotated[str, typer.Option("--size", help="post, wide, square, social, or 800x450.")] = "post",
    theme: Annotated[str, typer.Option("--theme", help="light or dark; HTML has both.")] = "light",
    fonts: Annotated[str, typer.Option("--fonts", help="Of an SVG: system, or embedded (230 kB).")] = "system",
    scale: Annotated[float, typer.Option("--scale", min=0.5, max=4, help="Pixels of a PNG per px.")] = 2.0,
    range_: RangeOption = None,
    variables: VariableOption = None,
    timezone: TimezoneOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Draw it again when it changes, until Ctrl-C.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Draw a panel for print: with title, words for those who do not see it, and its source. Prints the file's name."""
    from stats_core.panels.finding import find_panel
    from workbench.publishing.answered import answered
    from workbench.publishing.browser import Browser
    from workbench.publishing.embed import read_embed
    from workbench.publishing.exporting import figure_bytes, write_bytes

    for name, value, known in (("theme", theme, {"light", "dark"}), ("fonts", fonts, {"system", "embedded"})):
        if value not in known:
            raise ConfigurationError(f"--{name} is {value!r}.", hint=f"Choose {' or '.join(sorted(known))}.")
    asked = {"variables": read_variables(variables, range_), "timezone": timezone, "title": title, "alt": alt}
    dressed = {"theme": theme, "scale": scale, "embedded": fonts == "embedded"}
    with opened(database) as workbench, Browser() as browser, suppress(KeyboardInterrupt):
        stored = find_panel(workbench.dashboards, panel).id
        embed = read_embed({"panel_id": stored, "mode": "figure", "size": size, **asked})
        once = iter((answered(embed, workbench),))
        for found in watched(lambda: answered(embed, workbench), time.sleep) if watch else once:
            content = figure_bytes(found, output.suffix, browser, **dressed)  # type: ignore[arg-type]
            write_bytes(output, content)
            tell(str(output))


def watched(ask: Callable[[], Answered], pause: Callable[[float], None]) -> Iterator[Answered]:
    """Each answer that is unlike the one before, for ever. What goes wrong is said, once, and tried again."""
    before: object = None
    said = ""
    while True:
        try:
            found = ask()
        except ExpectedError as error:
            if said != str(error):
                complain(error)
            said = str(error)
        else:
            now, said = (found.panel, found.asked.hash, found.data), ""
            if before != now:
                yield found
            before = now
        pause(EVERY_S)
