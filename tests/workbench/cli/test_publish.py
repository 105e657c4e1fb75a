"""`publish`, `figure` and `panel`: what a blog and a script call."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from stats_core.composition import open_workbench
from stats_core.errors import SourceUnavailableError
from stats_core.models import Partner
from stats_core.panels.seeds import seed
from stats_core.settings import Settings
from workbench.cli.figure import watched
from workbench.publishing.answered import answered
from workbench.publishing.embed import Embed


@pytest.fixture
def board(database, tmp_path):
    """The ids of the seeded panels by dashboard and name, over three partners of the last three days."""
    now = datetime.now(UTC)
    with database.write() as session:
        session.add_all(
            Partner(name="Ann", status=status, verified=True, created_at=now - timedelta(days=ago))
            for ago, status in enumerate(("active", "active", "pending"))
        )
    with open_workbench(Settings(database_url=database.url, home=tmp_path)) as workbench:
        return {panel.name: panel.id for made in seed(workbench.dashboards) for panel in made.panels}


@pytest.fixture
def run(workbench, database):
    return lambda *arguments: workbench(*arguments, "--database", database.url)


def test_panels_are_listed_for_people_and_for_pipes(run, board):
    answer = run("panel", "list", "--json")
    assert {panel["name"]: panel["id"] for panel in json.loads(answer.out)} == board
    assert f"{board['Total partners']}  metric  Total partners" in run("panel", "list").out


def test_a_panel_is_asked_with_variables(run, board):
    asked = ("--range", "2020-01-01..2020-01-02", "--variable", "website=nobody", "--timezone", "Asia/Tokyo")
    answer = run("panel", "resolve", board["Daily pageviews"], "--csv", *asked)
    assert list(csv.reader(io.StringIO(answer.out))) == [["date", "value"], ["2020-01-01", "0"], ["2020-01-02", "0"]]
    for wrong in (("--variable", "website"), ("--range", "soon"), ("--timezone", "Mars/Base")):
        answer = run("panel", "resolve", board["Daily pageviews"], *wrong)
        assert (answer.code, answer.out, answer.err[:7]) == (2, "", "error: ")


def test_a_post_is_shown_published_and_checked(run, board, tmp_path):
    post = tmp_path / "post.md"
    text = f"{{{{ panel {board['Total partners']} }}}} partners\n"
    post.write_text(text)
    shown = run("publish", "post.md", "--diff")
    assert (shown.code, "+<data data-panel=" in shown.out, post.read_text()) == (0, True, text)
    dry = run("publish", "post.md", "--dry-run")
    assert (dry.code, dry.out.split(), post.read_text()) == (0, ["post.md", "post.md.panels.json"], text)
    unpublished = run("publish", "post.md", "--check")
    assert (unpublished.code, "is not published yet" in unpublished.err) == (2, True)
    assert run("publish", "post.md").out == dry.out
    assert (run("publish", "post.md").out, run("publish", "post.md", "--diff").out) == ("", "")
    checked = run("publish", "post.md", "--check")
    assert (checked.code, checked.err) == (0, "1 panels in 1 posts are as they were published.\n")


def test_a_check_fails_for_numbers_that_moved_too_far(run, board, database, tmp_path):
    (tmp_path / "post.md").write_text(f"{{{{ panel {board['Total partners']} }}}}\n")
    run("publish", "post.md")
    with database.write() as session:
        session.add(Partner(name="Bob", status="active", verified=True))
    moved = run("publish", "post.md", "--check")
    assert (moved.code, moved.err) == (2, "error: post.md: Total partners: 3 → 4 (33.3 %).\n")
    assert run("publish", "post.md", "--check", "--tolerance", "34").code == 0


def test_a_post_with_an_unknown_panel_is_published_and_the_command_fails(run, board, tmp_path):
    (tmp_path / "post.html").write_text(f"<p>{{{{ panel panel_no }}}} {{{{ panel {board['Total partners']} }}}}</p>\n")
    answer = run("publish", "post.html", "-o", "public")
    assert (answer.code, answer.err) == (2, "error: public/post.html: There is no panel 'panel_no'.\n")
    assert ">3</data>" in (tmp_path / "public" / "post.html").read_text()


@pytest.mark.parametrize(
    "wrong",
    [("publish", "post.txt"), ("publish", "no.md"), ("publish", "post.txt", "--format", "gif"), ("publish", "x")],
)
def test_what_cannot_be_published_is_one_line(run, board, tmp_path, wrong):
    (tmp_path / "post.txt").write_text("")
    answer = run(*wrong)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)


def test_a_figure_is_a_file_and_its_name_the_result(run, board, tmp_path):
    answer = run("figure", board["Partners by status"], "-o", "out/figure.html", "--title", "Who", "--range", "7d")
    assert (answer.code, answer.out) == (0, "out/figure.html\n")
    assert "<h2>Who</h2>" in (tmp_path / "out" / "figure.html").read_text()
    wrong = ([board["Partners by status"], "-o", "x.gif"], ["panel_no", "-o", "x.svg"])
    for arguments in (*wrong, [*wrong[0][:2], "x.html", "--theme", "pink"], [*wrong[0][:2], "x.html", "--size", "9"]):
        answer = run("figure", *arguments)
        assert (answer.code, answer.out, answer.err[:7]) == (2, "", "error: ")


def test_watching_draws_what_changed_and_says_what_went_wrong_once(sqlite_database, tmp_path, capsys):
    with open_workbench(Settings(database_url=sqlite_database.url, home=tmp_path)) as workbench:
        panel = {
            "operation_type": "aggregate_data",
            "operation_options": {"entity": "partner", "aggregate": {"fn": "count"}},
        }
        embed = Embed(**panel)
        steps = iter(["nothing", "add", "away", "away", "nothing", "end"])
        state = {"away": False}

        def ask():
            if state["away"]:
                raise SourceUnavailableError("The database is away.")
            return answered(embed, workbench)

        def pause(_seconds):
            step = next(steps)
            if step == "end":
                raise KeyboardInterrupt
            state["away"] = step == "away"
            if step == "add":
                with sqlite_database.write() as session:
                    session.add(Partner(name="Bob", status="active", verified=True))

        seen = []
        with suppress(KeyboardInterrupt):
            for found in watched(ask, pause):
                seen.append(found.value)  # noqa: PERF401 - what came before the interruption counts
        assert seen == [0, 1]
    assert capsys.readouterr().err == "error: The database is away.\n"
