"""The example posts, over the three dashboards and a few events."""

from __future__ import annotations

import re

import pytest

from stats_core.composition import open_workbench
from stats_core.panels.seeds import seed
from stats_core.settings import Settings
from workbench.demo.load import load_demo
from workbench.demo.posts import publish_examples
from workbench.publishing.browser import Browser
from workbench.publishing.post import How, read_post


@pytest.fixture
def workbench(sqlite_database, tmp_path, clock):
    with open_workbench(Settings(database_url=sqlite_database.url, home=tmp_path), clock=clock) as workbench:
        yield workbench


def test_the_examples_are_filled_posts_that_can_be_checked(workbench, tmp_path):
    load_demo(workbench.database, now=workbench.clock(), days=3, scale=0.1)
    seed(workbench.dashboards)
    posts = publish_examples(workbench)
    assert [post.name for post in posts] == ["numbers.md", "numbers.html"]
    for file in posts:
        post = read_post(file, workbench, Browser(), How(format="html"))
        assert (len(post.found), post.notes, post.faults(0), post.changed()) == (7, [], [], [])
        numbers = [float(value) for value in re.findall(r'<data [^>]*value="([^"]+)"', post.text)]
        assert len(numbers) == 4
    assert publish_examples(workbench) == []


def test_without_the_dashboards_there_are_no_examples(workbench, tmp_path):
    assert publish_examples(workbench) == []
    assert not (tmp_path / "blog").exists()
