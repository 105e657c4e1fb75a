"""The daily figures of the days that writers have marked in `dirty_day`: what `docs/design/0013` is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import Delete, Table, Update, bindparam, delete, select, update
from sqlalchemy.orm import Session

from stats_core.database import Database
from stats_core.errors import SourceUnavailableError
from stats_core.ids import ulid
from stats_core.models import DirtyDay, Website
from stats_core.query.zones import find_zone
from stats_core.traffic.daily import Day, figures
from stats_core.traffic.rollups import Failure, RollupReport, lock, replace, runs
from stats_core.traffic.steps import Stopping, never

_TABLE = cast("Table", DirtyDay.__table__)
_KEY = tuple(_TABLE.primary_key)
_DAY = attrgetter("website_id", "date")


def roll_up_dirty(database: Database, *, clock: Callable[[], datetime], stopping: Stopping = never) -> RollupReport:
    """Bring the marked days up to date; where none is marked, this is one look into an index.

    A mark is deleted in the transaction that writes its day's row, so whatever stops this on its way, the next run goes
    on. Several at once do no harm. A website that cannot be rolled up keeps its marks and is in the report.

    Args:
        database: Where the tables stand.
        clock: Gives `rolled_at`.
        stopping: Says whether to leave the rest for the next run.

    Raises:
        SourceUnavailableError: The database is away.
    """
    with database.read() as session:
        if session.scalar(select(_TABLE.c.date).limit(1)) is None:
            return RollupReport(0, 0)
    claim = f"rollup {ulid()}"
    with database.write() as session:
        claimed = _claim(session, claim)
    websites = days = 0
    failures: list[Failure] = []
    for website_id, dirty in claimed.items():
        try:
            for first, last in runs(dirty):
                if stopping():
                    return RollupReport(websites, days, tuple(failures))
                days += _roll(database, website_id, first, last, claim=claim, clock=clock)
            websites += 1
        except SourceUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one website spoils no other's figures
            failures.append(Failure.of(website_id, error))
    return RollupReport(websites, days, tuple(failures))


def _claim(session: Session, claim: str) -> dict[str, list[date]]:
    """Make the marks there are ours, one for each day; return the days by website.

    Marks of other claims too: whoever lost a mark on the way writes nothing for its day. A mark that a writer is just
    writing again is left to the next run: nobody waits for anybody.
    """
    found = session.execute(select(*_KEY).order_by(*_KEY).with_for_update(skip_locked=True)).all()
    by_day = [list(marks) for _, marks in groupby(found, key=_DAY)]
    _each(session, update(_TABLE).values(writer=claim), (marks[0] for marks in by_day))
    _each(session, delete(_TABLE), (mark for marks in by_day for mark in marks[1:]))
    days: dict[str, list[date]] = {}
    for mark, *_ in by_day:
        days.setdefault(mark.website_id, []).append(mark.date)
    return days


def _each(session: Session, statement: Update | Delete, marks: Iterable[Any]) -> None:
    """Run the statement on each of these marks."""
    keys = [{f"this_{column.name}": value for column, value in zip(_KEY, mark, strict=True)} for mark in marks]
    if keys:
        this = (column == bindparam(f"this_{column.name}", type_=column.type) for column in _KEY)
        session.execute(statement.where(*this), keys)


def _roll(
    database: Database, website_id: str, first: date, last: date, *, claim: str, clock: Callable[[], datetime]
) -> int:
    """Count in a snapshot, where nobody waits for us, and write what of it is still ours to write."""
    with database.read() as session:
        timezone = session.scalar(select(Website.timezone).where(Website.id == website_id))
        if timezone is None:  # deleted meanwhile, with its marks
            return 0
        days = figures(session, website_id, find_zone(timezone), first, last)
    with database.write() as session:
        pruned_before = lock(session, website_id)
        ours = _release(session, website_id, first, last, claim)
        dates = [day for day in ours if pruned_before is None or day >= pruned_before]
        rows = _of(days, dates)
        replace(session, website_id, dates, rows, rolled_at=clock())
    return len(rows)


def _release(session: Session, website_id: str, first: date, last: date, claim: str) -> list[date]:
    """Delete our marks on these days; return the days that still had one."""
    ours = (_TABLE.c.website_id == website_id, _TABLE.c.date.between(first, last), _TABLE.c.writer == claim)
    return list(session.scalars(delete(_TABLE).where(*ours).returning(_TABLE.c.date)))


def _of(days: Sequence[Day], dates: Sequence[date]) -> list[Day]:
    return [day for day in days if day["date"] in dates]
