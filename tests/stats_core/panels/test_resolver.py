"""The way of a panel from a stored call to its answer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.errors import (
    DeadlineExceededError,
    ExpectedError,
    InvalidOptionsError,
    Problem,
    ScopeError,
    UnknownNameError,
)
from stats_core.operations.registry import Meta
from stats_core.panels.cache import EXPIRE_S
from stats_core.panels.display import Display
from stats_core.panels.panel import PanelResult, PanelSpec
from stats_core.panels.resolver import address
from stats_core.panels.values import canonical
from stats_core.panels.variables import DashboardContext, Variable

THREADS = 20
WAIT_S = 20
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
ACTIVE = {"entity": "partner", "filters": {"status": "active"}}
CONTEXT = DashboardContext(
    {
        "website": Variable(type="website"),
        "range": Variable(type="range", default={"preset": "30d"}),
        "status": Variable(type="text"),
    }
)


@pytest.fixture
def database(sqlite_database):
    """One engine: what the resolver does is the same over all; `test_seeds` has both."""
    return sqlite_database


def make_panel(options=None, *, context=None, **fields):
    panel = PanelSpec(
        operation_type="tally", operation_options=ACTIVE if options is None else options, cache_ttl_seconds=60
    ).model_copy(update=fields)
    return panel if context is None else panel.on(context)


def refusal(resolve, *args, **kwargs):
    with pytest.raises(ExpectedError) as caught:
        resolve(*args, **kwargs)
    return caught.value


def test_a_panel_gives_its_answer_with_everything_that_explains_it(resolver, hand_clock):
    display = Display(label="Partners")
    result = resolver.resolve_panel(make_panel(display=display))
    assert result == PanelResult(
        data={"value": 2, "rows": [], "row_count": 2, "truncated": False},
        display=display,
        resolved_at=hand_clock(),
        cache_hit=False,
        duration_ms=result.duration_ms,
        row_count=2,
        truncated=False,
        statement=result.statement,
        meta=Meta(unit="rows", definition="Rows there are."),
    )
    assert result.duration_ms > 0
    assert "active" not in result.statement


def test_the_second_answer_comes_from_the_cache_with_its_age(resolver, executions, hand_clock):
    first = resolver.resolve_panel(make_panel())
    hand_clock.move(seconds=12)
    second = resolver.resolve_panel(make_panel())
    assert (first.cache_hit, second.cache_hit) == (False, True)
    assert second.resolved_at == hand_clock() - timedelta(seconds=12)
    assert second.data == first.data
    assert executions.runs == 1


def test_skip_cache_asks_anew_and_keeps_that_for_others(resolver, executions, hand_clock):
    resolver.resolve_panel(make_panel())
    hand_clock.move(seconds=5)
    anew = resolver.resolve_panel(make_panel(), skip_cache=True)
    assert (anew.cache_hit, anew.resolved_at, executions.runs) == (False, hand_clock(), 2)
    assert resolver.resolve_panel(make_panel()).resolved_at == hand_clock()


def test_a_panel_without_a_ttl_is_never_kept(resolver, executions):
    uncached = make_panel(cache_ttl_seconds=None)
    assert [resolver.resolve_panel(uncached).cache_hit for _ in range(2)] == [False, False]
    assert executions.runs == 2


def test_a_changed_panel_shows_no_older_answer(resolver, executions, hand_clock):
    resolver.resolve_panel(make_panel())
    changed = make_panel(updated_at=hand_clock.move(seconds=1))
    assert not resolver.resolve_panel(changed).cache_hit
    assert resolver.resolve_panel(changed).cache_hit
    assert executions.runs == 2


def test_what_is_too_old_can_be_looked_at_until_there_is_a_new_answer(resolver, executions, hand_clock):
    panel = make_panel(updated_at=NOON)
    assert resolver.outdated(panel) is None
    first = resolver.resolve_panel(panel)
    assert resolver.outdated(panel) is None  # it is fresh
    hand_clock.move(seconds=60)
    kept = resolver.outdated(panel)
    assert (kept.data, kept.resolved_at, kept.cache_hit) == (first.data, first.resolved_at, True)
    assert resolver.outdated(make_panel({"entity": "nobody"})) is None
    assert resolver.outdated(make_panel(updated_at=NOON + timedelta(seconds=30))) is None
    assert resolver.outdated(make_panel(cache_ttl_seconds=0)) is None
    assert executions.runs == 1
    hand_clock.move(seconds=EXPIRE_S)  # tomorrow
    assert resolver.outdated(panel) is None


def test_a_label_has_its_text_and_asks_nobody(resolver, executions):
    label = PanelSpec(type="label", display=Display(text="# Hello"))
    result = resolver.resolve_panel(label)
    assert (result.data, result.row_count, result.statement, result.cache_hit) == ({}, 0, "", False)
    assert result.display.text == "# Hello"
    assert executions.runs == 0


def test_a_call_without_a_panel_shares_entries_with_panels(resolver, executions):
    resolver.resolve_panel(make_panel())
    assert resolver.run("tally", ACTIVE, cache_ttl_seconds=60).cache_hit
    assert not resolver.run("tally", ACTIVE).cache_hit
    assert executions.runs == 2


@pytest.mark.parametrize(
    "options",
    [
        {"filters": {"status": "active"}, "entity": "partner"},
        {"entity": "partner", "filters": {"status": "active"}, "groupBy": None},
        {"entity": "partner", "filters": {"status": "active"}, "group_by": None, "limit": 10},
        {"entity": "partner", "filters": {"status": {"$var": "status"}}},
    ],
    ids=["order of keys", "camelCase", "defaults written out", "a variable of that value"],
)
def test_calls_that_ask_the_same_share_one_entry(resolver, executions, options):
    resolver.resolve_panel(make_panel())
    assert resolver.resolve_panel(make_panel(options), variables={"status": "active"}).cache_hit
    assert executions.runs == 1


def test_camel_case_and_snake_case_share_one_entry(resolver, executions):
    for name in ("group_by", "groupBy"):
        resolver.run("tally", {"entity": "partner", name: "status"}, cache_ttl_seconds=60)
    assert executions.runs == 1


@pytest.mark.parametrize(
    "options",
    [
        {"entity": "partner"},
        {"entity": "design", "filters": {"status": "active"}},
        {"entity": "partner", "filters": {"status": ["active"]}},
        {"entity": "partner", "filters": {"status": "active"}, "limit": 11},
        {"entity": "partner", "filters": {"status": "active"}, "range": {"preset": "7d"}},
    ],
    ids=str,
)
def test_calls_that_ask_something_else_do_not(resolver, options):
    resolver.resolve_panel(make_panel())
    assert not resolver.resolve_panel(make_panel(options)).cache_hit


def test_two_scopes_never_share_an_entry(resolver, executions):
    scopes = [PLATFORM, Scope("merchant", 1), Scope("merchant", 2), Scope("store", 1), Scope("store", 2)]
    for hit in (False, True):
        results = [resolver.run("tally", {"entity": "store"}, cache_ttl_seconds=60, scope=scope) for scope in scopes]
        assert [(result.data["value"], result.cache_hit) for result in results] == [
            (3, hit),
            (1, hit),
            (2, hit),
            (1, hit),
            (1, hit),
        ]
    assert executions.runs == len(scopes)


def test_a_scope_without_a_path_is_refused(resolver):
    assert isinstance(refusal(resolver.run, "tally", ACTIVE, scope=Scope("merchant", 1)), ScopeError)


def test_a_relative_range_means_the_same_all_day_and_another_tomorrow(resolver, executions, hand_clock):
    options = {"entity": "partner", "range": {"preset": "7d"}}

    def hit():
        return resolver.run("tally", options, cache_ttl_seconds=86_400 * 7).cache_hit

    assert not hit()
    hand_clock.now = datetime(2026, 6, 15, 23, 59, tzinfo=UTC)
    assert hit()
    hand_clock.now = datetime(2026, 6, 16, 0, 0, tzinfo=UTC)
    assert not hit()
    assert executions.runs == 2


@pytest.mark.parametrize(
    "range_",
    [{"last_days": 7}, {"lastDays": 7}, {"from": "2026-06-09", "to": "2026-06-15"}, {"$var": "range"}],
    ids=str,
)
def test_ranges_of_the_same_dates_share_one_entry(resolver, range_):
    resolver.run("tally", {"entity": "partner", "range": {"preset": "7d"}}, cache_ttl_seconds=60)
    again = {"entity": "partner", "range": range_}
    assert resolver.run("tally", again, cache_ttl_seconds=60, variables={"range": {"preset": "7d"}}).cache_hit


def test_the_same_days_of_another_zone_are_another_entry(resolver, executions):
    options = {"entity": "partner", "range": {"preset": "7d"}}
    resolver.run("tally", options, cache_ttl_seconds=60, timezone="UTC")
    assert not resolver.run("tally", options, cache_ttl_seconds=60, timezone="Asia/Tokyo").cache_hit
    assert not resolver.run("tally", {**options, "timezone": "Asia/Tokyo"}, cache_ttl_seconds=60).cache_hit
    assert [context.__dict__["timezone"] for context in executions.contexts] == ["UTC", "Asia/Tokyo", "UTC"]


@pytest.mark.parametrize(
    ("options", "context", "asked", "zone"),
    [
        ({}, DashboardContext(), None, "UTC"),
        ({"filters": {"session_id": "site_tokyo"}}, DashboardContext(), None, "UTC"),
        ({"filters": {"website_id": "site_tokyo"}}, DashboardContext(), None, "Asia/Tokyo"),
        ({"filters": {"website_id": {"$var": "website"}}}, CONTEXT, None, "Europe/Berlin"),
        ({"filters": {"website_id": ["site_tokyo"]}}, DashboardContext(), None, "UTC"),
        ({"filters": {"website_id": "site_unknown"}}, DashboardContext(), None, "UTC"),
        ({"filters": {"website_id": "site_tokyo"}}, DashboardContext(timezone="Europe/Paris"), None, "Europe/Paris"),
        ({}, DashboardContext(timezone="Europe/Paris"), "Africa/Cairo", "Africa/Cairo"),
    ],
    ids=str,
)
def test_days_are_those_of_the_caller_else_the_dashboard_else_the_website_else_the_workbench(
    resolver, executions, options, context, asked, zone
):
    panel = make_panel({"entity": "analytics_session", **options}).on(context)
    resolver.resolve_panel(panel, variables={"website": "site_berlin"}, timezone=asked)
    assert executions.contexts[0].__dict__["timezone"] == zone


def test_an_operation_gets_the_context_that_flows_build_too(resolver, executions, hand_clock):
    resolver.resolve_panel(make_panel(id="panel_1", dashboard_id="dash_1"))
    resolver.run("tally", ACTIVE)
    stored, preview = (context.__dict__ for context in executions.contexts)
    assert (stored["flow_id"], stored["operation_id"], stored["operation_key"]) == (
        "panel:dash_1",
        "panel_1",
        "panel_1",
    )
    assert stored["execution_id"] == f"panel-render-panel_1-{hand_clock().timestamp() * 1000:.0f}"
    assert preview["flow_id"] == "panel:preview"
    assert stored["data_chain"] == {
        "trigger": {},
        "accountability": {"triggered_by": "stats_panel"},
        "env": {},
        "last": None,
    }


def test_variables_reach_the_options_and_an_unset_one_drops_its_condition(resolver):
    panel = make_panel({"entity": "partner", "filters": {"status": {"$var": "status"}}}, context=CONTEXT)
    values = [{"status": "pending"}, {"status": ["active", "pending"]}, {"status": None}, {}, None]
    assert [resolver.resolve_panel(panel, variables=given).data["value"] for given in values] == [1, 3, 3, 3, 3]


def test_options_of_an_older_version_are_upgraded(resolver):
    panel = make_panel({"table": "partner"}, operation_version=1)
    assert resolver.resolve_panel(panel).data["value"] == 3


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"operation_type": "tallly"},
            Problem("operation_type", "No operation named 'tallly'.", "Did you mean 'tally'?"),
        ),
        (
            {"operation_type": None},
            Problem("operation_type", "A table panel needs an operation.", "Choose one, or make it a label."),
        ),
        (
            {"operation_version": 3},
            Problem(
                "operation_version",
                "The options are of version 3, but tally is known up to version 2.",
                "Update the workbench, or write the options anew.",
            ),
        ),
    ],
    ids=["unknown operation", "no operation", "newer version"],
)
def test_a_call_that_cannot_be_made_says_why(resolver, fields, problem):
    panel = make_panel(**fields)
    assert refusal(resolver.resolve_panel, panel).problems == (problem,)
    assert refusal(resolver.validate, panel).problems == (problem,)


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, "entity"),
        ({"entity": 5}, "entity"),
        ({"entity": "partner", "limit": 0}, "limit"),
        ({"entity": "partner", "groupBy": 5}, "groupBy"),
        ({"entity": "partner", "grupBy": "x"}, "grupBy"),
        ({"entity": "partner", "range": {"lastDays": "x"}}, "range.lastDays"),
        ({"entity": "partner", "range": {"preset": "8d"}}, "range.preset"),
        ({"entity": "partner", "filters": {"status": "{{ $trigger.x }}"}}, "filters.status"),
        ({"entity": "partner", "filters": {"status": {"$var": "stauts"}}}, "filters.status"),
        ({"entity": "partner", "filters": {"status": {"$var": "status", "x": 1}}}, "filters.status"),
    ],
    ids=str,
)
def test_faults_in_options_have_the_path_that_their_author_wrote(resolver, options, path):
    panel = make_panel(options, context=CONTEXT)
    assert [problem.path for problem in refusal(resolver.resolve_panel, panel).problems] == [path]
    assert [problem.path for problem in refusal(resolver.validate, panel).problems] == [path]


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ((5, {}), "operation_type"),
        (("tally", {1: 2}), "operation_options"),
        (("tally", []), "operation_options"),
        (("tally", ACTIVE, -1), "cache_ttl_seconds"),
    ],
    ids=str,
)
def test_a_call_of_a_script_is_checked_too(resolver, call, path):
    operation_type, options, *ttl = call
    error = refusal(resolver.run, operation_type, options, cache_ttl_seconds=ttl[0] if ttl else None)
    assert error.path == path


def test_several_faults_are_told_at_once(resolver):
    error = refusal(resolver.run, "tally", {"limit": 0, "x": 1})
    assert [problem.path for problem in error.problems] == ["entity", "limit", "x"]


def test_an_inverted_range_and_an_unknown_zone_are_refused(resolver):
    inverted = refusal(
        resolver.run, "tally", {"entity": "partner", "range": {"from": "2026-02-01", "to": "2026-01-01"}}
    )
    assert inverted.path == "range.to"
    zone = refusal(resolver.run, "tally", ACTIVE, timezone="Europe/Berln")
    assert (zone.path, "Europe/Berlin" in zone.hint) == ("timezone", True)


def test_validating_finds_an_unknown_entity_without_asking_the_database(resolver, executions):
    error = refusal(resolver.validate, make_panel({"entity": "partnr"}))
    assert isinstance(error, InvalidOptionsError)
    assert error.problems == (Problem("entity", "No entity named 'partnr'.", "Did you mean 'partner'?"),)
    assert executions.runs == 0


def test_a_good_panel_and_a_label_are_valid(resolver):
    resolver.validate(make_panel())
    resolver.validate(PanelSpec(type="label"))


def test_dates_of_a_notebook_are_taken_as_options(resolver):
    asked = {"entity": "partner", "range": {"from": date(2026, 1, 1), "to": date(2026, 6, 1)}}
    assert resolver.run("tally", asked).data["value"] == 3


def test_what_a_caller_does_to_a_result_changes_nothing_for_the_next(resolver):
    panel = make_panel({"entity": "partner", "groupBy": "status"})
    first = resolver.resolve_panel(panel)
    for change in (
        lambda: first.data.update(value=0),
        lambda: first.data["rows"].append({}),
        lambda: first.data["rows"][0].update(n=0),
    ):
        with pytest.raises(TypeError, match=r"copy\.deepcopy"):
            change()
    assert resolver.resolve_panel(panel).data == first.data
    assert first.data["rows"] == [{"status": "active", "n": 2}, {"status": "pending", "n": 1}]


def test_a_result_survives_json(resolver):
    result = resolver.resolve_panel(make_panel({"entity": "partner", "groupBy": "status"}))
    assert PanelResult.model_validate_json(result.model_dump_json()) == result


def test_changing_the_options_after_a_call_asks_something_else(resolver):
    options = {"entity": "partner", "filters": {"status": "active"}}
    assert resolver.run("tally", options, cache_ttl_seconds=60).data["value"] == 2
    options["filters"]["status"] = "pending"
    assert resolver.run("tally", options, cache_ttl_seconds=60).data["value"] == 1


def at_once(resolver, panel):
    def ask(_):
        try:
            return resolver.resolve_panel(panel).data["value"]
        except ExpectedError as error:
            return type(error)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(ask, range(THREADS)))


def test_twenty_threads_on_one_cold_panel_are_one_execution(resolver, executions):
    assert at_once(resolver, make_panel()) == [2] * THREADS
    assert executions.runs == 1


def test_twenty_threads_on_one_broken_panel_are_one_failure(resolver, executions):
    executions.error = DeadlineExceededError("Too slow.")
    assert at_once(resolver, make_panel()) == [DeadlineExceededError] * THREADS
    assert executions.runs == 1


def test_different_panels_do_not_wait_for_each_other(resolver, executions):
    met = threading.Barrier(4)
    executions.before = lambda: met.wait(WAIT_S)
    panels = [make_panel({"entity": "partner", "limit": limit}) for limit in (1, 2, 3, 4)]
    with ThreadPoolExecutor(4) as pool:
        assert [result.data["value"] for result in pool.map(resolver.resolve_panel, panels)] == [3, 3, 3, 3]


def test_a_bug_in_an_operation_travels(resolver, executions):
    executions.error = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        resolver.resolve_panel(make_panel())


def test_an_unknown_entity_is_a_failure_of_the_call(resolver):
    assert isinstance(refusal(resolver.run, "tally", {"entity": "partnr"}), UnknownNameError)


FIELDS = st.sampled_from(["status", "verified", "name", "id"])
TEXTS = st.text("aä%_' ")
VALUES = TEXTS | st.integers() | st.booleans() | st.lists(TEXTS)
QUESTIONS = st.fixed_dictionaries(
    {"entity": st.sampled_from(["partner", "design"])},
    optional={
        "filters": st.dictionaries(FIELDS, VALUES),
        "group_by": FIELDS | st.none(),
        "limit": st.integers(1, 20),
        "range": st.sampled_from([None, {"preset": "7d"}, {"last_days": 8}, {"from": "2026-01-01"}]),
    },
)


def rewritten(options):
    """The same question: keys the other way round, camelCase, and defaults written out."""
    written = {"limit": 10, "group_by": None, "range": None, "filters": {}, **options}
    written["filters"] = dict(reversed(written["filters"].items()))
    written["groupBy"] = written.pop("group_by")
    return dict(reversed(written.items()))


def key_of(resolver, options, **moment):
    call = resolver._question(make_panel(options), {})
    return address(call, **{"now": NOON, "timezone": "UTC", "scope": PLATFORM, **moment})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(QUESTIONS)
def test_a_question_has_one_address_however_it_is_written(resolver, options):
    assert key_of(resolver, options) == key_of(resolver, rewritten(options))
    assert key_of(resolver, options) == key_of(resolver, options, now=NOON + timedelta(hours=11))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(QUESTIONS, QUESTIONS)
def test_different_questions_scopes_and_zones_have_different_addresses(resolver, one, other):
    if canonical(rewritten(one)) != canonical(rewritten(other)):
        assert key_of(resolver, one) != key_of(resolver, other)
    keys = {
        key_of(resolver, one),
        key_of(resolver, one, timezone="Asia/Tokyo"),
        *(key_of(resolver, one, scope=Scope(level, id_)) for level in ("merchant", "store") for id_ in (1, 11)),
    }
    assert len(keys) == 6


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["partner", "status"])
KEYS = (
    st.sampled_from(["entity", "filters", "range", "groupBy", "limit", "$var", "$in", "status", "preset"]) | st.text()
)
DOCUMENTS = st.dictionaries(
    KEYS, st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=10)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_any_options_and_variables_validate_or_say_why_not(resolver, options, variables):
    try:
        resolver.validate(make_panel({"entity": "partner", **options}), variables=variables)
    except InvalidOptionsError as error:
        problems = error.problems
    else:
        problems = ()
    assert all(problem.message for problem in problems)
