"""Databases that change while the workbench runs: replaced, overwritten, emptied and locked files."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from stats_core.catalog.files import SharedFile
from stats_core.errors import SourceUnavailableError

FAR_TOO_LATE_S = 20  # of a machine under load; the file's lock would be waited for for ever


def fill(file: Path, number: int) -> Path:
    """A database file with one table of so many rows."""
    if file.suffix == ".duckdb":
        with duckdb.connect(file) as connection:
            connection.execute(f"CREATE TABLE thing AS SELECT range AS id FROM range({number})")
        return file
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE thing (id INTEGER)")
        connection.executemany("INSERT INTO thing VALUES (?)", [(n,) for n in range(number)])
    connection.close()
    return file


@pytest.fixture(params=["sqlite", "duckdb"])
def file(request, tmp_path):
    """A database of 10 rows."""
    return fill(tmp_path / f"shop.{request.param}", 10)


@pytest.fixture
def count(file, attach, ask):
    """How many rows the workbench sees."""
    catalog = attach(f"{file.suffix[1:]}:///{file}", "thing", pool_size=4)
    statement = select(func.count()).select_from(catalog.entity("thing").table)
    return lambda **call: ask(catalog, "shop", statement, **call).rows[0][0]


def test_a_file_that_is_replaced_is_read_at_once(file, count):
    assert count() == 10
    fill(file.with_stem("new"), 99).replace(file)
    assert [count(), count()] == [99, 99]


def test_a_link_that_points_elsewhere_is_followed(tmp_path, file, attach, ask):
    link = tmp_path / f"link{file.suffix}"
    link.symlink_to(file)
    catalog = attach(f"{file.suffix[1:]}:///{link}", "thing")
    statement = select(func.count()).select_from(catalog.entity("thing").table)
    assert ask(catalog, "shop", statement).rows == [(10,)]
    link.unlink()
    link.symlink_to(fill(file.with_stem("new"), 99))
    assert ask(catalog, "shop", statement).rows == [(99,)]


def test_a_file_that_is_written_over_in_place_is_read_at_once(file, count):
    assert count() == 10
    shutil.copyfile(fill(file.with_stem("new"), 2000), file)
    assert count() == 2000


def test_a_file_that_was_empty_or_away_for_a_while_answers_again(file, count):
    kept = shutil.copyfile(file, file.with_stem("kept"))
    file.write_bytes(b"")
    with pytest.raises(SourceUnavailableError):
        count()
    shutil.copyfile(kept, file)
    assert count() == 10
    file.rename(file.with_stem("moved"))
    with pytest.raises(SourceUnavailableError, match="The source 'shop' is away"):
        count()
    file.with_stem("moved").rename(file)
    assert count() == 10


def test_while_calls_read_the_old_file_of_duckdb_new_calls_wait(tmp_path):
    file = fill(tmp_path / "shop.duckdb", 10)
    engine = create_engine(f"duckdb:///{file}", connect_args={"read_only": True})
    shared = SharedFile(engine, file)
    rows = []

    def ask() -> None:
        with shared.held(FAR_TOO_LATE_S), engine.connect() as connection:
            rows.append(connection.exec_driver_sql("SELECT count(*) FROM thing").scalar_one())

    with shared.held(0), engine.connect() as connection:
        fill(file.with_stem("new"), 99).replace(file)
        with pytest.raises(PoolTimeoutError, match="has changed"), shared.held(0.01):
            pass
        waiting = [threading.Thread(target=ask) for _ in range(3)]
        for thread in waiting:
            thread.start()
        assert connection.exec_driver_sql("SELECT count(*) FROM thing").scalar_one() == 10
    for thread in waiting:
        thread.join()
    assert rows == [99] * 3
    engine.dispose()


def test_a_locked_file_is_told_within_the_deadline(tmp_path, attach, ask):
    file = fill(tmp_path / "shop.db", 10)
    catalog = attach(f"sqlite:///{file}", "thing")
    statement = select(func.count()).select_from(catalog.entity("thing").table)
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    with pytest.raises(SourceUnavailableError) as caught:
        ask(catalog, "shop", statement, deadline_s=0.1)
    assert time.monotonic() - started < FAR_TOO_LATE_S
    assert caught.value.message == "The source 'shop' is locked by another program that writes to it."
    writer.close()
    assert ask(catalog, "shop", statement).rows == [(10,)]


def test_a_file_that_is_written_all_the_time_is_read(tmp_path, attach, ask):
    file = fill(tmp_path / "shop.db", 0)
    catalog = attach(f"sqlite:///{file}", "thing", pool_size=1)
    statement = select(func.count()).select_from(catalog.entity("thing").table)
    writer = sqlite3.connect(file, isolation_level=None)
    for number in range(50):
        writer.execute("INSERT INTO thing VALUES (1)")
        assert ask(catalog, "shop", statement).rows == [(number + 1,)]
    writer.close()
