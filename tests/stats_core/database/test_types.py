"""Column types: the same value on both engines, and the same refusals."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import String, cast, delete, insert, select, text, type_coerce, update
from sqlalchemy.exc import IntegrityError, StatementError

from stats_core.models import RejectedEvent, StatsDashboard

MOMENT = datetime(2026, 3, 29, 0, 59, 59, 123456, tzinfo=UTC)


def store(database, **given):
    with database.write() as session:
        event = RejectedEvent(**{"received_at": MOMENT, "reason": "bot"} | given)
        session.add(event)
    return event.id


def stored(database, column):
    with database.read() as session:
        return session.scalars(select(column).order_by(RejectedEvent.id)).one()


@pytest.mark.parametrize(
    "moment",
    [
        MOMENT,
        MOMENT.astimezone(ZoneInfo("Europe/Berlin")),
        MOMENT.astimezone(timezone(timedelta(hours=-9, minutes=-30))),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_as_the_same_moment_in_utc(database, moment):
    store(database, received_at=moment)
    found = stored(database, RejectedEvent.received_at)
    assert (found, found.tzinfo) == (moment, UTC)


def test_both_halves_of_a_repeated_hour_stay_two_moments(database):
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=berlin) for fold in (0, 1))
    store(database, received_at=second)
    store(database, received_at=first)
    with database.read() as session:
        found = session.scalars(select(RejectedEvent.received_at).order_by(RejectedEvent.received_at)).all()
    assert found == [first.astimezone(UTC), second.astimezone(UTC)]


def test_a_naive_datetime_is_refused_when_written_and_when_compared(database):
    naive = datetime(2026, 6, 15)  # noqa: DTZ001 - the point of the test
    with pytest.raises(StatementError, match="has no time zone"):
        store(database, received_at=naive)
    with pytest.raises(StatementError, match="has no time zone"), database.read() as session:
        session.execute(select(RejectedEvent).where(RejectedEvent.received_at > naive))


def test_sqlite_keeps_moments_as_text_of_one_width(sqlite_database):
    store(sqlite_database, received_at=MOMENT.replace(microsecond=0))
    with sqlite_database.read() as session:
        received, created = session.execute(text("SELECT received_at, created_at FROM rejected_event")).one()
    assert received == "2026-03-29 00:59:59.000000"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}000", created)


def test_the_server_writes_the_time_where_nobody_gave_one(database):
    store(database)
    with database.read() as session:
        created = session.scalars(select(RejectedEvent.created_at)).one()
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=1)


def test_a_row_that_changes_gets_the_time_of_its_change(database, clock):
    long_ago = clock() - timedelta(days=1)
    with database.write() as session:
        session.add(StatsDashboard(id="dash_1", name="One", created_at=long_ago, updated_at=long_ago))
    with database.write() as session:
        dashboard = session.get_one(StatsDashboard, "dash_1")
        dashboard.name = "Two"
    assert dashboard.created_at == long_ago < dashboard.updated_at
    with database.write() as session:
        session.execute(update(StatsDashboard).values(name="Three", updated_at=clock()))
    with database.read() as session:
        assert session.scalars(select(StatsDashboard.updated_at)).one() == clock()


@pytest.mark.parametrize(
    "document",
    [{}, [], {"a": [1, 2.5, None, True, "ü€🦊", {"b": {}}]}, "text", 0, False, {"big": 2**53}, {"'; DROP TABLE": "--"}],
)
def test_a_document_comes_back_as_it_was(database, document):
    store(database, body=document)
    found = stored(database, RejectedEvent.body)
    assert (found, type(found)) == (document, type(document))


def test_no_document_is_null_and_not_the_json_null(database):
    store(database, body=None)
    with database.read() as session:
        assert session.scalars(select(RejectedEvent.id).where(RejectedEvent.body.is_(None))).all() == [1]


def test_a_document_that_must_be_there_cannot_be_none(database):
    with pytest.raises(IntegrityError), database.write() as session:
        session.execute(insert(StatsDashboard).values(id="dash_1", name="One", metadata_=None))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_know_are_refused(database, number):
    with pytest.raises((StatementError, ValueError), match="not JSON compliant"):
        store(database, body={"number": number})


def test_sqlite_keeps_documents_as_readable_text(sqlite_database):
    store(sqlite_database, body={"name": "Zoë", "n": [1, 2]})
    assert stored(sqlite_database, type_coerce(RejectedEvent.body, String)) == '{"name":"Zoë","n":[1,2]}'


def test_postgresql_keeps_documents_as_jsonb(postgresql_database):
    store(postgresql_database, body={"b": 1, "a": 2})
    assert stored(postgresql_database, cast(RejectedEvent.body, String)) == '{"a": 2, "b": 1}'


def test_keys_are_given_by_the_database_never_twice_and_may_be_big(database):
    assert [store(database), store(database)] == [1, 2]
    with database.write() as session:
        session.execute(delete(RejectedEvent))
    assert store(database) == 3
    assert store(database, id=2**62) == 2**62


def test_rows_inserted_by_statement_get_what_the_model_leaves_open(database):
    with database.write() as session:
        session.execute(insert(StatsDashboard.__table__), [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])
    with database.read() as session:
        found = session.execute(select(StatsDashboard.id, StatsDashboard.metadata_).order_by(StatsDashboard.id)).all()
    assert [tuple(row) for row in found] == [("a", {}), ("b", {})]
