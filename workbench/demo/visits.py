"""Visits to a demo website: when, by whom and from where, and which pages they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from stats_core.query.zones import day_start
from workbench.demo.audience import LANDING, LEAVES_AT_ONCE, origin_weights, origins
from workbench.demo.drawing import SECOND, Flags, Floats, Ints, microseconds, pick, stream
from workbench.demo.shops import Shop
from workbench.demo.site import LEAVE, Kind, Site, steps

_MAX_PAGES = 24
_READING_S, _SPREAD, _LONGEST_S = 38.0, 1.0, 1500.0  # median time on a page, sigma of its logarithm, the most
_PAUSES, _PAUSE_S = 0.012, (2000.0, 6000.0)  # share of steps after a long pause: the same tab, but a new session
_RETURNING, _REMEMBERED = 0.34, 900.0  # share of visits by known visitors; how many newer ones came since, mostly
_GROWTH, _NOISE = (0.80, 1.18), 0.07
_PEAK_DAYS, _YEAR_DAYS = 26, 365
_HOURS = (11, 7, 4, 3, 3, 6, 15, 28, 40, 48, 52, 53, 54, 52, 51, 52, 54, 58, 64, 72, 76, 70, 50, 26)  # weights


@dataclass(frozen=True, slots=True)
class Visits:
    """One entry per visit, as they begin: microseconds since 1970, number of the visitor, place of the origin."""

    start: Ints
    visitor: Ints
    origin: Ints


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry per page seen, by visit and then in time (microseconds since 1970)."""

    visit: Ints
    page: Ints
    kind: Ints
    time: Ints

    @property
    def first(self) -> Flags:
        """Whether it is the visit's first."""
        changes: Flags = np.diff(self.visit, prepend=-1) != 0
        return changes

    @property
    def last(self) -> Flags:
        """Whether it is the visit's last."""
        changes: Flags = np.diff(self.visit, append=-1) != 0
        return changes


def day_weights(shop: Shop, dates: Sequence[date], rng: np.random.Generator) -> Floats:
    """How busy each day is: growth, season, weekday and chance; about 1 in all."""
    apart = np.array([abs(day.timetuple().tm_yday - shop.peak_day) for day in dates])
    apart = np.minimum(apart, _YEAR_DAYS - apart)
    season = 1 + shop.peak_weight * np.exp(-((apart / _PEAK_DAYS) ** 2))
    weekday = np.array([shop.weekdays[day.weekday()] for day in dates])
    weights: Floats = np.linspace(*_GROWTH, len(dates)) * season * weekday * rng.lognormal(0, _NOISE, len(dates))
    return weights


def draw_visits(shop: Shop, dates: list[date], scale: float, seed: int) -> Visits:
    """The visits of these days, each from its origin."""
    rng = stream(seed, shop.merchant, "visits")
    by_origin = origin_weights(shop, origins(shop), dates)
    busy = shop.visits_per_day * scale * day_weights(shop, dates, rng) * by_origin.sum(axis=1)
    day = np.repeat(np.arange(len(dates)), rng.poisson(busy))
    midnights = np.array([microseconds(day_start(date_, shop.zone)) for date_ in dates])
    seconds = pick(rng, _HOURS, len(day)) * 3600 + rng.random(len(day)) * 3600
    start = midnights[day] + (seconds * SECOND).astype(np.int64)
    order = np.argsort(start, kind="stable")
    cumulated = np.cumsum(by_origin, axis=1)[day[order]]
    origin = (rng.random(len(day))[:, None] * cumulated[:, -1:] >= cumulated).sum(axis=1)
    return Visits(start[order], _draw_visitors(len(day), rng), origin)


def _draw_visitors(visits: int, rng: np.random.Generator) -> Ints:
    """New ones numbered as they come; those who return came not long ago, mostly."""
    new = rng.random(visits) >= _RETURNING
    new[:1] = True
    latest = np.cumsum(new) - 1
    back = rng.exponential(_REMEMBERED, visits).astype(np.int64)
    visitors: Ints = np.where(new, latest, np.maximum(latest - back, 0))
    return visitors


def walk(shop: Shop, site: Site, visits: Visits, rng: np.random.Generator) -> Seen:
    """Where the visits go, all at once, page by page."""
    mediums = [origin.source.medium for origin in origins(shop)]
    weights = np.array([[LANDING[medium].get(kind, 0.0) for kind in Kind] for medium in mediums])
    landing = np.cumsum(weights, axis=1)[visits.origin]
    kind = (rng.random(len(visits.start))[:, None] * landing[:, -1:] >= landing).sum(axis=1)
    leaves = rng.random(len(visits.start)) < np.array([LEAVES_AT_ONCE[medium] for medium in mediums])[visits.origin]
    following = steps()
    visit, page = np.arange(len(visits.start)), site.draw_pages(kind, rng)
    time = visits.start
    found = [(visit, page, kind, time)]
    for number in range(1, _MAX_PAGES):
        rows = following[kind]
        # Leaving is the last column: on the first page it is drawn apart, so that bounces follow the medium.
        limit = rows[:, LEAVE - 1] if number == 1 else rows[:, LEAVE]
        kind = ((rng.random(len(visit)) * limit)[:, None] >= rows).sum(axis=1)
        stays = ~leaves if number == 1 else kind != LEAVE
        visit, kind, before = visit[stays], kind[stays], page[stays]
        page = site.draw_pages(kind, rng)
        page = np.where(page == before, site.other_page(page), page)
        time = time[stays] + _reading_time(kind, rng)
        found.append((visit, page, kind, time))
    visit, page, kind, time = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.argsort(visit, kind="stable")
    return Seen(visit[order], page[order], kind[order], time[order])


def _reading_time(kind: Ints, rng: np.random.Generator) -> Ints:
    """Microseconds on the page before."""
    seconds = np.clip(rng.lognormal(np.log(_READING_S), _SPREAD, len(kind)), 2, _LONGEST_S)
    pauses = (rng.random(len(kind)) < _PAUSES) & (kind < Kind.CART)
    seconds = np.where(pauses, rng.uniform(*_PAUSE_S, len(kind)), seconds)
    return (seconds * SECOND).astype(np.int64)
