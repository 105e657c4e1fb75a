"""The whole way with the real operations: whatever is asked, an answer or an error that a person can read."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stats_core.catalog.catalog import build_catalog
from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.errors import ExpectedError
from stats_core.panels.cache import memory_cache
from stats_core.panels.operations import OPERATIONS, build_registry
from stats_core.panels.panel import PanelSpec
from stats_core.panels.resolver import Resolver
from stats_core.settings import Settings

NAMES = [
    "partner",
    "partner.status",
    "status",
    "name",
    "verified",
    "created_at",
    "website_id",
    "timestamp",
    "pageviews",
]
NAMES += ["analytics_event", "analytics_daily_stats", "sales_order", "count", "sum", "bounce_rate", "day", "hour", "id"]
KEYS = ["$in", "$eq", "$and", "$or", "$not", "$between", "$like", "$gt", "$var", "fn", "field", "measure", "from", "to"]
KEYS += ["preset", "last_days", "lastDays", "direction", "website_id", "status", "verified", "metadata.plan"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([*NAMES, "2026-01-01", "7d", "Europe/Berlin", "'; DROP TABLE partner; --", "{{ x }}", "%", "a\0"])
    | st.text(max_size=5)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
FILTERS = st.dictionaries(st.sampled_from([*NAMES, *KEYS]), ANYTHING, max_size=3)
AGGREGATES = (
    st.sampled_from([{"fn": "count"}, {"fn": "sum", "field": "pageviews"}, {"measure": "pageviews"}]) | ANYTHING
)
RANGES = st.sampled_from([{"preset": "7d"}, {"preset": "all"}, {"from": "2026-02-01", "to": "2026-01-01"}]) | ANYTHING
OPTIONS = st.fixed_dictionaries(
    {"entity": st.sampled_from(["partner", "analytics_event", "analytics_daily_stats", "website"]) | SCALARS},
    optional={
        "filters": FILTERS | ANYTHING,
        "aggregate": AGGREGATES,
        "range": RANGES,
        "date_field": st.sampled_from(["created_at", "timestamp", "date"]) | ANYTHING,
        "groupBy": st.sampled_from(["status", "website_id", ["status", "name"]]) | ANYTHING,
        "precision": st.sampled_from(["day", "month"]) | ANYTHING,
        "fields": ANYTHING,
        "sort": ANYTHING,
        "limit": st.integers(-1, 5) | ANYTHING,
        "timezone": st.sampled_from(["Asia/Kathmandu"]) | ANYTHING,
        "fill_gaps": ANYTHING,
        "x": ANYTHING,
    },
)
VARIABLES = st.dictionaries(st.sampled_from(["website", "range", "status"]), ANYTHING, max_size=2)


@pytest.fixture
def database(sqlite_database):
    """One engine: the operations have fuzz tests of their own on both."""
    return sqlite_database


@pytest.fixture
def resolver(filled, hand_clock):
    return Resolver(
        catalog=build_catalog(Settings(), filled),
        registry=build_registry(),
        cache=memory_cache(clock=hand_clock, entries=100, megabytes=1),
        clock=hand_clock,
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.sampled_from([operation.type for operation in OPERATIONS]), OPTIONS, VARIABLES, st.booleans())
def test_any_call_gives_json_or_an_expected_error_and_what_is_valid_can_be_asked(
    resolver, operation_type, options, variables, scoped
):
    panel = PanelSpec(operation_type=operation_type, operation_options=options)
    outcomes = []
    scope = Scope("merchant", 1) if scoped else PLATFORM
    for ask in (
        lambda: resolver.resolve_panel(panel, variables=variables, scope=scope),
        lambda: resolver.resolve_panel(panel, variables=variables),
        lambda: resolver.validate(panel, variables=variables),
    ):
        try:
            outcomes.append(ask())
        except ExpectedError as error:
            outcomes.append(error)
    for outcome in outcomes[:2]:
        if isinstance(outcome, ExpectedError):
            assert all(problem.message for problem in outcome.problems)
        else:
            assert json.loads(json.dumps(outcome.data, allow_nan=False)) == outcome.data
            assert "DROP" not in outcome.statement
    assert isinstance(outcomes[1], ExpectedError) or outcomes[2] is None
