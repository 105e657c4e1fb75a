"""Settings: where they come from, what is refused, and the secret."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stats_core.errors import ConfigurationError, InvalidOptionsError, Problem
from stats_core.settings import FormulaSettings, Settings

HINT = "Set it in workbench.toml or the environment."


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("WORKBENCH_CONFIG", *(f"WORKBENCH_{field.upper()}" for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)


def problems(**given):
    with pytest.raises(InvalidOptionsError) as caught:
        Settings.load(**given)
    return caught.value.problems


def test_with_nothing_said_the_defaults_hold():
    settings = Settings.load()
    assert settings.database_url == "sqlite:///./.workbench/workbench.db"
    assert (settings.home, settings.timezone, settings.deadline_s) == (Path(".workbench"), "UTC", 30.0)
    assert settings.sources == {}


def test_arguments_win_over_the_environment_which_wins_over_the_file(monkeypatch):
    Path("workbench.toml").write_text('timezone = "Asia/Tokyo"\ndeadline_s = 1\ncache_entries = 10\n')
    monkeypatch.setenv("WORKBENCH_DEADLINE_S", "2")
    monkeypatch.setenv("WORKBENCH_CACHE_ENTRIES", "20")
    settings = Settings.load(cache_entries=30)
    assert (settings.timezone, settings.deadline_s, settings.cache_entries) == ("Asia/Tokyo", 2.0, 30)


def test_an_empty_environment_variable_is_one_that_is_not_set(monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE_URL", "")
    monkeypatch.setenv("WORKBENCH_TIMEZONE", "")
    settings = Settings.load()
    assert (settings.cache_url, settings.timezone) == (None, "UTC")


def test_a_source_is_read_from_the_file_with_its_entities():
    Path("workbench.toml").write_text(
        """
        [sources.shop]
        url = "postgresql://reader:${SHOP_PASSWORD}@db/shop"
        tables = ["orders", "lines"]

        [sources.shop.entities.lines]
        date_field = "sold_on"
        hidden = ["card"]
        fields.revenue = "quantity * price"
        fields.weight = { expression = "grams / 1000", unit = "kg" }
        measures.turnover = { expression = "sum(revenue)", unit = "EUR", definition = "All that was sold." }
        relations.order = { entity = "orders", field = "order_id" }
        scope = { merchant = "order.merchant_id" }
        """
    )
    shop = Settings.load().sources["shop"]
    # What stands in ${…} is the business of whoever opens the source: settings keep it as it was written.
    assert (shop.url, shop.tables) == ("postgresql://reader:${SHOP_PASSWORD}@db/shop", ("orders", "lines"))
    lines = shop.entities["lines"]
    assert lines.fields == {
        "revenue": FormulaSettings(expression="quantity * price"),
        "weight": FormulaSettings(expression="grams / 1000", unit="kg"),
    }
    assert lines.measures["turnover"].unit == "EUR"
    assert (lines.relations["order"].references, lines.scope) == ("id", {"merchant": "order.merchant_id"})


def test_sources_may_stand_in_the_environment_as_json(monkeypatch):
    monkeypatch.setenv("WORKBENCH_SOURCES", json.dumps({"shop": {"url": "sqlite:///x.db", "tables": ["a"]}}))
    assert Settings.load().sources["shop"].tables == ("a",)


def test_an_environment_variable_that_is_no_json_is_refused_without_quoting_it(monkeypatch):
    monkeypatch.setenv("WORKBENCH_SOURCES", '{"shop": {"url": "postgresql://u:geheim@db"')
    with pytest.raises(ConfigurationError, match=r"sources.*JSON") as caught:
        Settings.load()
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            'timezon = "UTC"',
            Problem("timezon", "There is no such setting.", "Did you mean 'timezone'?"),
        ),
        (
            '[sources.shop]\nurl = "sqlite:///x"\ntables = []\ndeadline = 3',
            Problem("sources.shop.deadline", "There is no such setting.", "Did you mean 'deadline_s'?"),
        ),
        (
            '[sources.s]\nurl = "x"\ntables = []\n[sources.s.entities.e.fields.f]\nexpression = "1"\nunits = "kg"',
            Problem("sources.s.entities.e.fields.f.units", "There is no such setting.", "Did you mean 'unit'?"),
        ),
        (
            '[sources.shop]\nurl = "sqlite:///x"',
            Problem("sources.shop.tables", "Field required.", HINT),
        ),
        (
            'timezone = "Europe"',
            Problem("timezone", "'Europe' is no IANA time zone; names look like Europe/Berlin.", HINT),
        ),
        (
            "deadline_s = 0",
            Problem("deadline_s", "Input should be greater than 0.", HINT),
        ),
        (
            'cache_entries = "many"',
            Problem("cache_entries", "Input should be a valid integer, unable to parse string as an integer.", HINT),
        ),
    ],
)
def test_a_wrong_file_is_refused_with_the_path_of_the_key(text, problem):
    Path("workbench.toml").write_text(text)
    assert problems() == (problem,)


@pytest.mark.parametrize(
    "zone", ["", "Europe", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "a" * 300, "UTC\0"]
)
def test_no_time_zone_is_refused_in_words(zone):
    (problem,) = problems(timezone=zone)
    assert problem.path == "timezone"
    assert "is no IANA time zone" in problem.message


def test_every_fault_of_a_file_is_named_at_once():
    Path("workbench.toml").write_text('timezone = "Nowhere"\ncache_megabytes = 0\ncolour = "red"')
    assert [problem.path for problem in problems()] == ["timezone", "cache_megabytes", "colour"]


@pytest.mark.parametrize("content", [b"timezone = UTC", b"[sources", b"timezone = '\xff\xfe'"])
def test_a_file_that_is_no_toml_is_refused_by_name(content):
    Path("workbench.toml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"^workbench\.toml is no valid TOML: "):
        Settings.load()


def test_workbench_config_names_another_file(monkeypatch):
    Path("elsewhere.toml").write_text('timezone = "Asia/Tokyo"')
    Path("workbench.toml").write_text('timezone = "Europe/Berlin"')
    monkeypatch.setenv("WORKBENCH_CONFIG", "elsewhere.toml")
    assert Settings.load().timezone == "Asia/Tokyo"


def test_a_workbench_config_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setenv("WORKBENCH_CONFIG", "gone.toml")
    with pytest.raises(ConfigurationError) as caught:
        Settings.load()
    assert str(caught.value) == (
        "WORKBENCH_CONFIG names gone.toml, which is no file. Correct the path or unset the variable."
    )


def test_passwords_and_keys_are_not_shown_with_the_settings():
    source = {"shop": {"url": "postgresql://u:geheim@db/shop", "tables": []}}
    url = "postgresql://u:geheim@db/x"
    settings = Settings.load(secret_key="geheim", database_url=url, cache_url="redis://:geheim@c", sources=source)
    assert "geheim" not in repr(settings)


def test_the_secret_is_the_key_that_was_set():
    assert Settings.load(secret_key="given").secret() == b"given"
    assert not Path(".workbench").exists()


def test_a_secret_is_made_once_and_only_its_owner_may_read_it():
    first = Settings.load().secret()
    assert len(bytes.fromhex(first.decode())) == 32
    assert Settings.load().secret() == first
    assert [path.name for path in Path(".workbench").iterdir()] == ["secret"]
    assert Path(".workbench/secret").stat().st_mode & 0o777 == 0o600


def test_an_empty_secret_is_refused_rather_than_used():
    Path(".workbench").mkdir()
    Path(".workbench/secret").write_text("\n")
    with pytest.raises(ConfigurationError, match=r"is empty\. Delete the file"):
        Settings.load().secret()


def test_a_secret_that_can_be_neither_read_nor_made_says_what_to_do():
    Path("home").write_text("a file")
    with pytest.raises(ConfigurationError, match="can be neither read nor made: File exists") as caught:
        Settings.load(home=Path("home")).secret()
    assert caught.value.path == "home"


def test_processes_that_start_at_once_agree_on_one_secret(repository):
    program = "import sys; from stats_core.settings import Settings; print(Settings.load().secret().decode())"
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env={"PYTHONPATH": str(repository)})
        for _ in range(4)
    ]
    answers = {process.communicate(timeout=60)[0] for process in started}
    assert len(answers) == 1
    assert [path.name for path in Path(".workbench").iterdir()] == ["secret"]
