"""The database's plan of a panel: on both engines, under the caller's scope, and without an answer."""

from __future__ import annotations

import pytest

from stats_core.catalog.scope import Scope
from stats_core.errors import InvalidOptionsError, ScopeError
from stats_core.panels.panel import PanelSpec

STORES = {"type": "metric", "operation_type": "tally", "operation_options": {"entity": "store"}}


def panel(**changes):
    """A panel of the small operation."""
    return PanelSpec.model_validate(STORES | changes)


def test_a_plan_is_of_the_statement_of_the_answer(resolver):
    answer = resolver.resolve_panel(panel())
    found = resolver.plan(panel())
    assert found.statement == answer.statement
    assert "store" in found.text
    assert resolver.plan(PanelSpec(type="label")) is None


def test_a_plan_sees_what_its_caller_may_see(resolver):
    of_one = resolver.plan(panel(), scope=Scope("merchant", 1))
    assert of_one.statement == resolver.resolve_panel(panel(), scope=Scope("merchant", 1)).statement
    assert of_one.statement != resolver.plan(panel()).statement
    assert resolver.under(lambda: Scope("merchant", 1)).plan(panel()) == of_one
    with pytest.raises(ScopeError):
        resolver.plan(panel(operation_options={"entity": "partner"}), scope=Scope("merchant", 1))


def test_a_panel_that_does_not_validate_has_no_plan(resolver):
    with pytest.raises(InvalidOptionsError):
        resolver.plan(panel(operation_options={"entity": "store", "colour": "red"}))
