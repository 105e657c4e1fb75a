"""What the OpenAPI document promises is kept, for requests that fit it and for requests that do not (schemathesis)."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from ingest.edits import EventEdits
from ingest.event_fields import NewEvent
from ingest.store import verify
from stats_core.panels.panel import PanelSpec
from workbench.api.app import OPENAPI

QUESTION = {
    "type": "metric",
    "operation_type": "aggregate_data",
    "operation_version": None,
    "operation_options": {"entity": "partner", "aggregate": {"fn": "count"}},
}
FEW, MANY = 10, 100


def keep_promises_of(client, bench, mode, examples):
    schema = schemathesis.openapi.from_asgi(OPENAPI, client.app)
    schema.config.update(headers={"Authorization": client.headers["authorization"]})
    for found in schema.get_all_operations():
        operation = found.ok()
        # Half of the requests are about something that is there, as long as it is.
        there = operation.as_strategy(mode, path_parameters=stored(operation.path, bench)).map(at_home)
        bounded = settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        bounded(given(operation.as_strategy(mode) | there)(check))()
    assert list(verify(bench.database)) == []
    assert bench.dashboards.check() == ()


def stored(path, bench):
    """The id of something new, of the kind that the path is about."""
    if "{id}" not in path:
        return {}
    if path.startswith("/admin/analytics-events"):
        event = NewEvent(website_id="a", event_type="pageview", pathname="/", visitor_id="V", session_id="S")
        return {"id": EventEdits(bench.database, bench.clock).create(event, merchant_id=None).id}
    dashboard = bench.dashboards.create("Stored", panels=[PanelSpec(**QUESTION)])
    return {"id": dashboard.id if "/dashboards/" in path else dashboard.panels[0].id}


def at_home(case):
    """The same about a website that is there, now; and with a question that can be answered."""
    if isinstance(case.body, dict):
        if case.operation.path.startswith("/admin/analytics-events"):
            case.body = {**case.body, "website_id": "a"}
            case.body.pop("timestamp", None)
        elif "operation_type" in case.body:
            case.body = {**case.body, **QUESTION}
    return case


def check(case):
    # Rules that a schema cannot say (a moment to come, a website that is not there) refuse documents that fit it.
    excluded = [positive_data_acceptance]
    if case.operation.path.startswith("/admin/stats"):  # numbers may be text there, as in files and notebooks
        excluded.append(negative_data_rejection)
    case.call_and_validate(excluded_checks=excluded)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_one_that_the_document_names(sqlite_client, sqlite_bench, mode):
    keep_promises_of(sqlite_client, sqlite_bench, mode, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_to_very_many_requests_is_one_that_the_document_names(client, bench, mode):
    keep_promises_of(client, bench, mode, MANY)
