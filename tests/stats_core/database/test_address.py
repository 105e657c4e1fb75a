"""Database URLs: what is accepted, what is refused, and that no password is shown."""

from __future__ import annotations

import pytest

from stats_core.database.address import parse_address, shown
from stats_core.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("sqlite:////var/x.db", "sqlite:////var/x.db"),
        ("sqlite+pysqlite:////var/x.db", "sqlite:////var/x.db"),
        ("sqlite:///./a/../x.db", "sqlite:///{here}/x.db"),
        ("postgres://u:p@h:5/d", "postgresql+psycopg://u:p@h:5/d"),
        ("postgresql://u:p@h/d?host=/run", "postgresql+psycopg://u:p@h/d?host=%2Frun"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    ],
)
def test_addresses_are_made_canonical(given, canonical, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    url = parse_address(given).render_as_string(hide_password=False)
    assert url == canonical.format(here=tmp_path)
    assert parse_address(url).render_as_string(hide_password=False) == url


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "The database URL cannot be read."),
        ("workbench.db", "The database URL cannot be read."),
        ("postgresql://u:ge@geheim:x@h/d", "The database URL cannot be read."),
        ("mysql://u:geheim@h/d", "The workbench cannot keep its tables in 'mysql'."),
        ("postgresql+asyncpg://u:geheim@h/d", "The workbench cannot keep its tables in 'postgresql+asyncpg'."),
        ("duckdb:///x.db", "The workbench cannot keep its tables in 'duckdb'."),
        ("sqlite://x.db", "An SQLite URL has a path and no host."),
        ("sqlite://", "The workbench needs an SQLite file with no options"),
        ("sqlite:///:memory:", "The workbench needs an SQLite file with no options"),
        ("sqlite:///file:x?mode=memory&uri=true", "The workbench needs an SQLite file with no options"),
        ("sqlite:///x.db?timeout=1", "The workbench needs an SQLite file with no options"),
    ],
)
def test_other_addresses_are_refused_with_a_way_out(given, message):
    with pytest.raises(ConfigurationError) as caught:
        parse_address(given)
    assert caught.value.message.startswith(message)
    assert caught.value.hint
    assert "geheim" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_an_address_is_shown_without_its_password():
    url = parse_address("postgresql://reader:geheim@db:5433/shop?password=geheim&sslkey=geheim")
    assert shown(url) == "postgresql+psycopg://reader:***@db:5433/shop"
