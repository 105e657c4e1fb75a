"""Sessions as a pure fold of events.

Nothing else in the house makes a session: the writer, the log import, replay and `verify` all fold, so the order of
events, repeated ones and late ones cannot make a session wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Any, Literal

EventType = Literal["pageview", "custom_event"]

GAP_S = 1800
"""Seconds without an event after which the next one starts a new session; exactly this many still continues."""

GAP = timedelta(seconds=GAP_S)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, enriched: a row of `analytics_event` before it has a number.

    Attributes:
        event_id: Tells events of a website apart; two events of one id are one event.
        session_id: Whose events may form a session; the gap rule cuts them.
        timestamp: When it happened; aware.
        metadata: Flat JSON document of a custom event's properties.
    """

    website_id: str
    event_id: str
    session_id: str
    visitor_id: str
    event_type: EventType
    pathname: str
    timestamp: datetime
    event_name: str | None = None
    referrer: str | None = None
    referrer_source: str | None = None
    referrer_medium: str | None = None
    country: str | None = None
    device_type: str | None = None
    browser: str | None = None
    os: str | None = None
    user_agent: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Session:
    """Events of one website and session id without a gap: a row of `analytics_session`.

    The landing event is the first pageview, or the first event where there is no pageview: it gives entry page, source,
    country and device. The exit page is that of the last pageview (or event).

    Attributes:
        visitor_id: Of the first event.
        pageviews: Events of type pageview.
        events: All events, pageviews included.
    """

    website_id: str
    session_id: str
    visitor_id: str
    started_at: datetime
    last_activity_at: datetime
    entry_page: str
    exit_page: str
    pageviews: int
    events: int
    referrer: str | None
    referrer_source: str | None
    referrer_medium: str | None
    country: str | None
    device_type: str | None
    browser: str | None
    os: str | None

    @property
    def duration_seconds(self) -> int:
        """Whole seconds from the first to the last event."""
        return (self.last_activity_at - self.started_at) // _SECOND

    @property
    def is_bounce(self) -> bool:
        """Exactly one pageview and no custom event."""
        return self.pageviews == self.events == 1


_SECOND = timedelta(seconds=1)
_IN_TIME = attrgetter("timestamp", "event_id")  # the id makes the order of simultaneous events the same everywhere


def fold(events: Iterable[Event]) -> list[Session]:
    """The sessions of `events`: any order, any repetition, any number of websites and session ids.

    A gap of more than `GAP_S` starts a new session; midnight does not. Of two events of one website with the same event
    id the first given counts, as in the table.

    Returns:
        Sorted by website, session id and start.
    """
    unique: dict[tuple[str, str], Event] = {}
    for event in events:
        unique.setdefault((event.website_id, event.event_id), event)
    threads: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in unique.values():
        threads[event.website_id, event.session_id].append(event)
    return [_session(run) for key in sorted(threads) for run in _runs(threads[key])]


def splice(parts: Iterable[Session]) -> list[Session]:
    """The sessions of one website and session id from folds of parts of its events, without reading the events again.

    Args:
        parts: In time and apart: each starts after the one before it has ended, as `apart` says. Those at most `GAP_S`
            from each other become one.
    """
    sessions: list[Session] = []
    for part in parts:
        if sessions and part.started_at - sessions[-1].last_activity_at <= GAP:
            sessions[-1] = _joined(sessions[-1], part)
        else:
            sessions.append(part)
    return sessions


def apart(parts: Sequence[Session]) -> bool:
    """Whether each part starts after the one before it has ended.

    Parts that share a moment are not: simultaneous events are ordered by their ids, which a session does not keep.
    """
    return all(earlier.last_activity_at < later.started_at for earlier, later in pairwise(parts))


def _joined(earlier: Session, later: Session) -> Session:
    """The session of two parts, the one wholly before the other."""
    landing = earlier if earlier.pageviews or not later.pageviews else later
    leaving = later if later.pageviews or not earlier.pageviews else earlier
    return Session(
        website_id=earlier.website_id,
        session_id=earlier.session_id,
        visitor_id=earlier.visitor_id,
        started_at=earlier.started_at,
        last_activity_at=later.last_activity_at,
        entry_page=landing.entry_page,
        exit_page=leaving.exit_page,
        pageviews=earlier.pageviews + later.pageviews,
        events=earlier.events + later.events,
        referrer=landing.referrer,
        referrer_source=landing.referrer_source,
        referrer_medium=landing.referrer_medium,
        country=landing.country,
        device_type=landing.device_type,
        browser=landing.browser,
        os=landing.os,
    )


def _runs(thread: list[Event]) -> Iterator[list[Event]]:
    """`thread`, in time, cut where the gap is too long."""
    thread.sort(key=_IN_TIME)
    start, last = 0, thread[0].timestamp
    for place, event in enumerate(thread):
        if event.timestamp - last > GAP:
            yield thread[start:place]
            start = place
        last = event.timestamp
    yield thread[start:]


def _session(run: list[Event]) -> Session:
    first, last = run[0], run[-1]
    views = [event for event in run if event.event_type == "pageview"]
    landing, leaving = (views[0], views[-1]) if views else (first, last)
    return Session(
        website_id=first.website_id,
        session_id=first.session_id,
        visitor_id=first.visitor_id,
        started_at=first.timestamp,
        last_activity_at=last.timestamp,
        entry_page=landing.pathname,
        exit_page=leaving.pathname,
        pageviews=len(views),
        events=len(run),
        referrer=landing.referrer,
        referrer_source=landing.referrer_source,
        referrer_medium=landing.referrer_medium,
        country=landing.country,
        device_type=landing.device_type,
        browser=landing.browser,
        os=landing.os,
    )
