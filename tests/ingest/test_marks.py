"""Marks in an agent."""

from __future__ import annotations

from ingest.marks import Marks


def test_words_and_expressions_are_found_anywhere():
    marks = Marks([r"bot(?![a-z])", "spider"], ["(+http"])
    assert [marks.within(text) for text in ("a bot/1", "bottle", "xspider", "x (+http://", "")] == [
        True, False, True, True, False,
    ]  # fmt: skip


def test_what_is_found_can_be_taken_out():
    assert Marks([r"up\.(?:link|browser)", "cubot"]).without("cubot up.link cubot up.linx") == "   up.linx"


def test_no_marks_are_found_in_nothing():
    assert not Marks([]).within("bot")
