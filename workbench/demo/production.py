"""Partners, their designs, and the runs in which these are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

import numpy as np

from stats_core.models import Design, Partner, ProductionRun
from workbench.demo.drawing import pick, stream
from workbench.demo.rows import Rows
from workbench.demo.shops import Workshop

_DAY = timedelta(days=1)
_DESIGNS, _DRAWN_BEFORE = 96, 150 * _DAY  # how many; since when before the first day
_RUNS = (2.6, 2.4, 2.5, 2.2, 1.9, 0.7, 0.2)  # a day, Monday first
_QUANTITIES = (25, 50, 60, 80, 100, 150, 200, 300)
_PARTNER_STATUSES = {"active": 70.0, "pending": 17.0, "inactive": 13.0}
_VERIFIED = {"active": 0.86, "pending": 0.1, "inactive": 0.5}
_DESIGN_STATUSES = {"approved": 52.0, "in_review": 18.0, "draft": 20.0, "archived": 10.0}
_RUN_STATUSES: tuple[tuple[int, Mapping[str, float]], ...] = (  # from this age in days on: weights
    (25, {"completed": 90, "cancelled": 8, "in_progress": 2}),
    (6, {"completed": 36, "in_progress": 58, "cancelled": 6}),
    (0, {"planned": 56, "in_progress": 42, "cancelled": 2}),
)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A design as runs need it."""

    design_id: int
    partner_id: int
    at: datetime


def add_production(workshop: Workshop, rows: Rows, *, seed: int, first_day: datetime, now: datetime) -> None:
    """Add partners, designs and runs; the runs are spread over all days up to now."""
    partners = _add_partners(workshop, rows, stream(seed, "partners"), first_day)
    designs = _add_designs(workshop, rows, stream(seed, "designs"), partners, first_day, now)
    rng = stream(seed, "runs")
    for number in range((now - first_day).days + 1):
        day = first_day + number * _DAY
        for _ in range(rng.poisson(_RUNS[day.weekday()])):
            _add_run(rows, rng, designs, day + timedelta(seconds=int(rng.integers(7 * 3600, 18 * 3600))), now)


def _add_partners(workshop: Workshop, rows: Rows, rng: np.random.Generator, first_day: datetime) -> list[int]:
    """The partners; returned are those who draw."""
    drawing = []
    for name in workshop.partners:
        status = _draw(_PARTNER_STATUSES, rng)
        joined = first_day - _DRAWN_BEFORE - int(rng.integers(10, 400)) * _DAY
        verified = bool(rng.random() < _VERIFIED[status])
        partner = rows.add(Partner, name=name, status=status, verified=verified, created_at=joined, updated_at=joined)
        drawing += [partner] if status != "pending" else []
    return drawing


def _add_designs(
    workshop: Workshop, rows: Rows, rng: np.random.Generator, partners: list[int], first_day: datetime, now: datetime
) -> list[_Drawn]:
    """The designs, oldest first."""
    names = rng.permutation([f"{motif} {piece}" for motif, piece in product(workshop.motifs, workshop.pieces)])
    since = first_day - _DRAWN_BEFORE
    ages = np.sort(rng.integers(0, int((now - since).total_seconds()), _DESIGNS)).tolist()
    designs = []
    for name, age_s in zip(names[:_DESIGNS].tolist(), ages, strict=True):
        at, partner = since + timedelta(seconds=age_s), partners[int(rng.integers(len(partners)))]
        status = _draw(_DESIGN_STATUSES, rng)
        design = rows.add(Design, name=name, partner_id=partner, status=status, created_at=at, updated_at=at)
        designs.append(_Drawn(design, partner, at))
    return designs


def _add_run(rows: Rows, rng: np.random.Generator, designs: list[_Drawn], planned: datetime, now: datetime) -> None:
    weights = next((weights for days, weights in _RUN_STATUSES if (now - planned).days >= days), None)
    known = [design for design in designs if design.at < planned]
    design, quantity = known[int(rng.integers(len(known)))], int(rng.choice(_QUANTITIES))
    if weights is None:  # later today
        return
    rows.add(
        ProductionRun,
        partner_id=design.partner_id,
        design_id=design.design_id,
        status=_draw(weights, rng),
        quantity=quantity,
        created_at=planned,
        updated_at=planned,
    )


def _draw(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    return list(weights)[int(pick(rng, list(weights.values()), 1)[0])]
