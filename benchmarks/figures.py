"""How long a figure takes, from an answer that is there to a file, and how much longer with a browser for each.

    .venv/bin/python benchmarks/figures.py [--rounds 5]

A line of 90 days, bars over dates and bars over names, each as SVG, PNG (2 pixels per px), HTML, and as a node of a
Tiptap document. One Chromium draws all of them; its start is measured apart. Where there is none, only what needs none
is measured.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from stats_core.composition import open_workbench
from stats_core.models import Partner
from stats_core.settings import Settings
from workbench.figures.views import Canvas
from workbench.publishing.answered import Answered, answered
from workbench.publishing.browser import Browser, can_draw, find_browser
from workbench.publishing.embed import Embed
from workbench.publishing.exporting import figure_bytes
from workbench.publishing.tiptap import described

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAYS = 90
COUNT = {"entity": "partner", "aggregate": {"fn": "count"}}
PER_DAY = COUNT | {"date_field": "created_at", "range": {"last_days": DAYS}}
FIGURES = (
    ("line, 90 days", Embed(operation_type="time_series", operation_options=PER_DAY, type="line", mode="figure")),
    ("bars, 90 days", Embed(operation_type="time_series", operation_options=PER_DAY, type="bar", mode="figure")),
    (
        "bars, 3 names",
        Embed(operation_type="aggregate_data", operation_options=COUNT | {"group_by": "status"}, mode="figure"),
    ),
)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The median of the rounds."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    drawn = can_draw()
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        settings = Settings(database_url=f"sqlite:///{folder}/figures.db", home=Path(folder))
        with open_workbench(settings, clock=lambda: NOW, migrate=True) as workbench:
            with workbench.database.write() as session:
                session.add_all(
                    Partner(
                        name="Ann",
                        status=("active", "pending", "inactive")[number % 3],
                        verified=True,
                        created_at=NOW - timedelta(days=number % DAYS),
                    )
                    for number in range(3000)
                )
            found = [(name, answered(embed, workbench)) for name, embed in FIGURES]
        if drawn:
            started = time.perf_counter()
            figure_bytes(found[0][1], ".svg", browser)
            print(f"start of the browser and first figure: {time.perf_counter() - started:.2f} s\n")
        else:
            print("no browser here: SVG and PNG are left out\n")
        print(f"{'figure':16}{'view ms':>9}{'tiptap ms':>11}{'html ms':>9}{'svg ms':>9}{'png ms':>9}{'alone/svg':>11}")
        for name, item in found:
            works = [lambda item=item: item.view(Canvas()), lambda item=item: described(item)]
            works += [
                lambda item=item, suffix=suffix: figure_bytes(item, suffix, browser)
                for suffix in (".html", *((".svg", ".png") if drawn else ()))
            ]
            taken = [seconds(work, rounds) for work in works]
            line = f"{name:16}" + "".join(
                f"{time_s * 1000:{width}.1f}" for time_s, width in zip(taken, (9, 11, 9, 9, 9), strict=False)
            )
            print(line + (f"{seconds(partial(alone, item), 1) / taken[3]:11.1f}" if drawn else ""))


def alone(item: Answered) -> bytes:
    """The same chart by kaleido with a browser of its own, as `figure.to_image()` does it."""
    import kaleido

    figure = item.view(Canvas()).figure
    return kaleido.calc_fig_sync(figure, opts={"format": "svg"}, kopts={"mathjax": False, "path": find_browser()})


if __name__ == "__main__":
    main()
