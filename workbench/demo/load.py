"""Demo data into the database: all of it or none, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, Table, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from ingest.store import store_events
from stats_core.database import Database
from stats_core.models import (
    AnalyticsSession,
    Base,
    Customer,
    Design,
    Merchant,
    OrderSession,
    Partner,
    Product,
    ProductionRun,
    SalesOrder,
    Store,
    Subscription,
    TeamMember,
    Website,
)
from stats_core.query.zones import day_start
from stats_core.traffic.rollups import chunks, roll
from stats_core.traffic.sessions import GAP, Event
from workbench.demo.business import add_orders, open_shop
from workbench.demo.production import add_production
from workbench.demo.rows import Rows, Waiting
from workbench.demo.shops import shops, workshop
from workbench.demo.traffic import make_traffic

SEED = 7
DAYS = 200
_CHUNK = 20_000
_EVENTS_SHARE = 0.8  # of all the time

OnProgress = Callable[[float | None, str], None]
"""Called with how far it is, from 0 to 1, and what is being done."""


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was done.

    Attributes:
        loaded: Whether anything was; not where the demo data was there already.
        rows: Rows written by table.
    """

    loaded: bool
    rows: Mapping[str, int] = field(default_factory=dict)


def load_demo(
    database: Database,
    *,
    now: datetime,
    seed: int = SEED,
    days: int = DAYS,
    scale: float = 1.0,
    reset: bool = False,
    on_progress: OnProgress = lambda _done, _note: None,
) -> DemoReport:
    """Load the demo data, with sessions and daily figures; nothing where it is there already.

    Equal arguments give equal rows. One transaction: a load that is broken off leaves nothing.

    Args:
        database: Where the tables stand.
        now: The moment the data reaches up to; the last day is as unfinished as it.
        seed: Of everything random.
        days: Local days of traffic and business, the current one included.
        scale: Visits and trade orders as a multiple of the demo's own number.
        reset: Delete what is there of the demo first, with everything added to its merchants and websites; other
            websites stay as they are.
        on_progress: Told about the progress.
    """
    with database.write() as session:
        if _is_there(session):
            if not reset:
                return DemoReport(loaded=False)
            on_progress(None, "deleting the old demo data")
            _clear(session)
        on_progress(0.0, "inventing three shops")
        rows = Rows(_next_ids(session))
        events = _load_shops(session, rows, now=now, seed=seed, days=days, scale=scale, on_progress=on_progress)
        on_progress(_EVENTS_SHARE, "daily figures")
        daily = _roll(session, now=now, days=days)
        sessions = _close_sessions(session, now)
    on_progress(1.0, "done")
    traffic = {"analytics_event": events, "analytics_session": sessions, "analytics_daily_stats": daily}
    return DemoReport(loaded=True, rows={**rows.counts, **traffic})


def _load_shops(
    session: Session, rows: Rows, *, now: datetime, seed: int, days: int, scale: float, on_progress: OnProgress
) -> int:
    """Everything but the daily figures, one shop's traffic at a time; returns how many events that is."""
    starts = {shop.merchant: _first_moment(shop.zone, now, days) for shop in shops()}
    opened = [open_shop(shop, rows, first_day=starts[shop.merchant], now=now) for shop in shops()]
    _insert(session, rows.take())
    events = 0
    for number, item in enumerate(opened):
        traffic = make_traffic(
            item.shop, seed=seed, now=now, days=days, first_product_id=item.first_product_id, scale=scale
        )
        first_day = starts[item.shop.merchant]
        add_orders(item, traffic.checkouts, rows, seed=seed, first_day=first_day, now=now, scale=scale)
        for stored in _store(session, traffic.events):
            done = (number + stored / len(traffic.events)) / len(opened)
            on_progress(_EVENTS_SHARE * done, f"{events + stored:,} events")
        events += len(traffic.events)
    add_production(workshop(), rows, seed=seed, first_day=min(starts.values()), now=now)
    _insert(session, rows.take())
    return events


def _first_moment(zone: ZoneInfo, now: datetime, days: int) -> datetime:
    return day_start(now.astimezone(zone).date() - timedelta(days=days - 1), zone)


def _is_there(session: Session) -> bool:
    merchants = select(Merchant.id).where(Merchant.name.in_([shop.merchant for shop in shops()]))
    websites = select(Website.id).where(Website.id.in_(_website_ids()))
    return any(session.scalar(found.limit(1)) is not None for found in (merchants, websites))


def _clear(session: Session) -> None:
    """Delete the demo's merchants and partners with all that hangs on them, and its websites with their traffic."""
    merchants = select(Merchant.id).where(Merchant.name.in_([shop.merchant for shop in shops()]))
    stores = select(Store.id).where(Store.merchant_id.in_(merchants))
    partners = select(Partner.id).where(Partner.name.in_(workshop().partners))
    designs = select(Design.id).where(Design.partner_id.in_(partners))
    for model in (SalesOrder, OrderSession, Customer, Product):
        session.execute(delete(model).where(model.store_id.in_(stores)))
    session.execute(delete(Website).where(Website.id.in_(_website_ids())))
    for part in (Subscription, TeamMember, Store):
        session.execute(delete(part).where(part.merchant_id.in_(merchants)))
    session.execute(delete(Merchant).where(Merchant.id.in_(merchants)))
    runs = or_(ProductionRun.partner_id.in_(partners), ProductionRun.design_id.in_(designs))
    session.execute(delete(ProductionRun).where(runs))
    session.execute(delete(Design).where(Design.partner_id.in_(partners)))
    session.execute(delete(Partner).where(Partner.id.in_(partners)))


def _next_ids(session: Session) -> dict[str, int]:
    """Per numbered table, the id after the greatest."""
    numbered = [table for table in Base.metadata.sorted_tables if table.primary_key.columns.keys() == ["id"]]
    return {
        table.name: (session.scalar(select(func.max(table.c.id))) or 0) + 1
        for table in numbered
        if isinstance(table.c.id.type, Integer)
    }


def _insert(session: Session, rows: Waiting) -> None:
    for model, values in rows.items():
        table = cast("Table", model.__table__)
        session.execute(insert(table), values)
        if session.connection().dialect.name == "postgresql" and isinstance(table.c.id.type, Integer):
            # We chose the ids: PostgreSQL's own count goes on behind them.
            sequence = func.pg_get_serial_sequence(table.name, "id")
            session.execute(select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery())))


def _store(session: Session, events: Sequence[Event]) -> Iterator[int]:
    """Store the events as a website's own would be; gives how many are."""
    for start in range(0, len(events), _CHUNK):
        chunk = events[start : start + _CHUNK]
        store_events(session, chunk)
        yield start + len(chunk)


def _roll(session: Session, *, now: datetime, days: int) -> int:
    rolled = 0
    for shop in shops():
        today = now.astimezone(shop.zone).date()
        for first, last in chunks(today - timedelta(days=days - 1), today):
            rolled += roll(session, shop.website_id, shop.zone, first, last, rolled_at=now)
    return rolled


def _close_sessions(session: Session, now: datetime) -> int:
    """End the sessions that nothing can be added to any more; returns how many sessions there are."""
    ours = AnalyticsSession.website_id.in_(_website_ids())
    idle = update(AnalyticsSession).where(ours, AnalyticsSession.last_activity_at < now - GAP)
    session.execute(idle.values(ended_at=AnalyticsSession.last_activity_at))
    return session.scalar(select(func.count()).select_from(AnalyticsSession).where(ours)) or 0


def _website_ids() -> list[str]:
    return [shop.website_id for shop in shops()]
