"""Who reads a dashboard: the platform all of them, tenants those that are meant for them."""

from __future__ import annotations

import pytest

from stats_core.catalog.scope import PLATFORM, Scope
from stats_core.errors import InvalidOptionsError, NotFoundError, ScopeError
from stats_core.panels.audience import DashboardsFor, dashboards_under
from stats_core.panels.dashboard import audience_of
from stats_core.panels.dashboards import Dashboards
from stats_core.panels.panel import PanelSpec

TENANT = Scope("merchant", 1)


@pytest.mark.parametrize(
    ("metadata", "audience"),
    [
        ({}, "platform"),
        ({"audience": "tenant"}, "tenant"),
        ({"audience": ["tenant"]}, "platform"),
        ({"audience": None}, "platform"),
    ],
    ids=str,
)
def test_what_is_not_written_as_it_should_be_is_the_platforms_alone(metadata, audience):
    assert audience_of(metadata) == audience


def test_an_audience_that_there_is_not_is_refused(dashboards):
    with pytest.raises(InvalidOptionsError) as caught:
        dashboards.create("x", metadata={"audience": "tenants"})
    assert caught.value.path == "metadata.audience"


def test_tenants_read_what_is_meant_for_them_and_change_nothing(dashboards):
    label = PanelSpec(type="label")
    ours = dashboards.create("Ours", panels=[label])
    yours = dashboards.create("Yours", panels=[label], metadata={"audience": "tenant"})
    platform, tenant = DashboardsFor(dashboards, PLATFORM), DashboardsFor(dashboards, TENANT)
    assert [item.name for item in platform.list().items] == ["Ours", "Yours"]
    assert ([item.name for item in tenant.list().items], tenant.list().total) == (["Yours"], 1)
    assert tenant.list(q="ours").total == 1
    assert platform.get(ours.id) == ours
    assert tenant.get(yours.id) == yours
    assert tenant.panel(yours.panels[0].id) == yours.panels[0]
    for read in (lambda: tenant.get(ours.id), lambda: tenant.panel(ours.panels[0].id), lambda: tenant.get("dash_x")):
        with pytest.raises(NotFoundError):
            read()
    assert platform.changeable().get(ours.id) == ours
    with pytest.raises(ScopeError, match="Ask the owner of this workbench"):
        tenant.changeable()


def test_for_a_caller_without_a_name_for_the_scope_the_scope_is_asked_with_every_call(dashboards):
    ours = dashboards.create("Ours")
    yours = dashboards.create("Yours", metadata={"audience": "tenant"})
    scope = TENANT
    mine = dashboards_under(dashboards, lambda: scope, lambda: "laptop")
    assert [item.name for item in mine.list(q="", limit=5).items] == ["Yours"]
    assert mine.get(yours.id) == yours
    assert mine.export_yaml(yours.id) == dashboards.export_yaml(yours.id)
    for read in (mine.get, mine.export_yaml):
        with pytest.raises(NotFoundError):
            read(ours.id)
    reading = {"list", "get", "panel", "export_yaml"}
    for name in (name for name in dir(Dashboards) if not name.startswith("_") and name not in reading):
        with pytest.raises(ScopeError, match="a tenant reads them"):
            getattr(mine, name)
    scope = PLATFORM
    assert [item.name for item in mine.list().items] == ["Ours", "Yours"]
    assert mine.update(ours.id, name="Theirs").name == "Theirs"
    assert dashboards.history(ours.id)[0].author == "laptop"
