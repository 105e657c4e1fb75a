"""Salts of cookieless visitors: one a day, the same for all processes, gone after 48 hours."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ingest.salts import SALT_BYTES, Salts, destroy_old_salts

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home" / "salts"


def files(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_day_has_one_random_salt(folder):
    salts = Salts(folder)
    salt, former = salts.of(NOON, NOON)
    assert (len(salt), former) == (SALT_BYTES, None)
    assert salts.of(NOON - timedelta(hours=12), NOON + timedelta(hours=11)) == (salt, None)
    assert salts.of(NOON + DAY, NOON + DAY)[0] != salt


def test_the_next_day_knows_the_salt_before(folder):
    salts = Salts(folder)
    first, _ = salts.of(NOON, NOON)
    second, former = salts.of(NOON + DAY, NOON + DAY)
    assert former == first
    assert salts.of(NOON, NOON + DAY) == (first, None), "an event of yesterday that comes today"
    assert salts.of(NOON + DAY, NOON + DAY) == (second, first)


def test_days_are_those_of_utc(folder):
    salts = Salts(folder)
    east = datetime(2026, 6, 16, 1, tzinfo=timezone(timedelta(hours=9)))
    assert salts.of(east, east) == salts.of(NOON, NOON)
    assert files(folder) == ["2026-06-15"]


def test_an_event_of_a_day_without_salt_gets_that_of_today(folder):
    salts = Salts(folder)
    assert salts.of(NOON - DAY, NOON) == salts.of(NOON, NOON)
    assert files(folder) == ["2026-06-15"]


def test_after_48_hours_a_salt_is_gone_from_disk_and_from_memory(folder):
    salts = Salts(folder)
    for day in range(4):
        salts.turn(NOON + day * DAY)
    assert files(folder) == ["2026-06-17", "2026-06-18"]
    assert sorted(salts._known) == [NOON.date() + 2 * DAY, NOON.date() + 3 * DAY]


def test_a_process_that_slept_for_days_knows_no_old_salt(folder):
    salts = Salts(folder)
    salts.turn(NOON)
    assert salts.of(NOON + 9 * DAY, NOON + 9 * DAY)[1] is None
    assert files(folder) == ["2026-06-24"]


def test_several_processes_agree_and_a_restart_changes_nothing(folder):
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: Salts(folder).of(NOON, NOON), range(64)))
    assert len(found) == 1
    assert files(folder) == ["2026-06-15"]


def test_only_the_owner_can_read_them(folder):
    Salts(folder).turn(NOON)
    assert (folder / "2026-06-15").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_job_can_destroy_them_and_touches_nothing_else(folder):
    assert destroy_old_salts(folder, NOON) == 0
    folder.mkdir(parents=True)
    for name in ("2026-06-12", "2026-06-13.0a1b2c3d", "2026-06-13", "2026-06-14", "2026-06-15", "notes.txt", "2026"):
        (folder / name).write_bytes(b"x" * SALT_BYTES)
    assert destroy_old_salts(folder, NOON) == 3
    assert files(folder) == ["2026", "2026-06-14", "2026-06-15", "notes.txt"]


def test_where_the_folder_cannot_be_written_salts_live_in_the_process_and_that_is_said_once(tmp_path, caplog):
    (tmp_path / "salts").write_text("a file, where a folder should be")
    salts = Salts(tmp_path / "salts")
    with caplog.at_level(logging.WARNING):
        first, former = salts.of(NOON, NOON)
        assert (len(first), former, salts.of(NOON, NOON)) == (SALT_BYTES, None, (first, None))
        assert salts.of(NOON + DAY, NOON + DAY)[1] == first
    cannot = [record.getMessage() for record in caplog.records]
    assert [words.partition(" (")[0] for words in cannot] == [
        f"Cannot keep salts in {tmp_path / 'salts'}",
        f"Cannot destroy old salts in {tmp_path / 'salts'}",
    ]


def test_a_damaged_file_is_told_and_replaced_in_memory(folder, caplog):
    folder.mkdir(parents=True)
    (folder / "2026-06-15").write_bytes(b"")
    assert len(Salts(folder).of(NOON, NOON)[0]) == SALT_BYTES
    assert f"{folder / '2026-06-15'} is not a salt" in caplog.text
