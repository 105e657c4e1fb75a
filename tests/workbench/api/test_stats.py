"""`/admin/stats/*`: dashboards, panels, answers and operations, over both engines."""

from __future__ import annotations

import pytest

from stats_core.models import Partner, SalesOrder
from stats_core.panels.seeds import seed

DASHBOARDS, PANELS = "/admin/stats/dashboards", "/admin/stats/panels"
COUNT = {"entity": "partner", "aggregate": {"fn": "count"}}
METRIC = {"name": "Partners", "type": "metric", "operation_type": "aggregate_data", "operation_options": COUNT}
VARIABLES = {"variables": {"status": {"type": "text", "default": "active"}}}


@pytest.fixture
def partners(bench):
    with bench.database.write() as session:
        session.add_all(
            Partner(name=name, status=status, verified=True)
            for name, status in (("A", "active"), ("B", "active"), ("C", "inactive"))
        )


def create(client, name="Shop", **fields):
    answer = client.post(DASHBOARDS, json={"name": name, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def faults(answer, status=422):
    assert answer.status_code == status, answer.text
    return [(fault.get("path"), fault["message"]) for fault in answer.json()["errors"]]


def test_a_dashboard_is_created_read_changed_copied_and_deleted(client):
    answer = client.post(
        DASHBOARDS, json={"name": "Shop", "metadata": VARIABLES, "panels": [METRIC, {"type": "label"}]}
    )
    created = answer.json()
    one = f"{DASHBOARDS}/{created['id']}"
    assert (answer.status_code, answer.headers["location"]) == (201, one)
    assert (created["name"], created["description"], created["metadata"]) == ("Shop", None, VARIABLES)
    assert [panel["type"] for panel in created["panels"]] == ["metric", "label"]
    assert client.get(one).json() == created

    changed = client.put(one, json={"description": "All of it.", "color": "#123456"}).json()
    assert changed == {**created, "description": "All of it.", "color": "#123456", "updated_at": changed["updated_at"]}

    answer = client.post(f"{one}/duplicate")
    copy = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{DASHBOARDS}/{copy['id']}")
    assert (copy["name"], len(copy["panels"])) == ("Shop (copy)", 2)
    assert not {panel["id"] for panel in copy["panels"]} & {panel["id"] for panel in created["panels"]}

    answer = client.delete(one)
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (client.get(one), client.put(one, json={}), client.delete(one), client.post(f"{one}/duplicate")):
        assert faults(gone, 404) == [(None, f"There is no dashboard {created['id']!r}.")]
    assert client.get(f"{PANELS}/{created['panels'][0]['id']}").status_code == 404


def test_dashboards_are_searched_and_come_in_parts(client, bench):
    seed(bench.dashboards)
    create(client, "zebra", description="about partners")
    listed = client.get(DASHBOARDS, params={"limit": 2, "offset": 1}).json()
    assert ([item["name"] for item in listed["items"]], listed["total"]) == (
        ["Partners & Production", "Website Traffic"],
        4,
    )
    assert (listed["limit"], listed["offset"]) == (2, 1)
    found = client.get(DASHBOARDS, params={"q": "PARTNERS"}).json()["items"]
    assert [item["name"] for item in found] == ["JYT Overview", "Partners & Production", "zebra"]
    assert faults(client.get(DASHBOARDS, params={"query": "x"})) == [("query", "There is no parameter 'query' here.")]


def test_a_panel_is_put_on_a_dashboard_changed_and_taken_away(client):
    dashboard = create(client)
    answer = client.post(
        f"{DASHBOARDS}/{dashboard['id']}/panels", json={**METRIC, "x": 50, "width": 1, "display": {"label": "all"}}
    )
    panel = answer.json()
    one = f"{PANELS}/{panel['id']}"
    assert (answer.status_code, answer.headers["location"]) == (201, one)
    assert {name: panel[name] for name in ("x", "y", "width", "operation_version", "display", "dashboard_id")} == {
        "x": 10,  # clamped into the grid
        "y": 0,
        "width": 2,
        "operation_version": 1,
        "display": {"label": "all"},
        "dashboard_id": dashboard["id"],
    }
    assert client.get(one).json() == panel
    changed = client.put(one, json={"name": "Everybody", "cache_ttl_seconds": 60}).json()
    assert changed == {**panel, "name": "Everybody", "cache_ttl_seconds": 60, "updated_at": changed["updated_at"]}
    assert client.get(f"{DASHBOARDS}/{dashboard['id']}").json()["panels"] == [changed]
    assert client.delete(one).status_code == 204
    for gone in (client.get(one), client.put(one, json={}), client.delete(one), client.post(f"{one}/data")):
        assert faults(gone, 404) == [(None, f"There is no panel {panel['id']!r}.")]


def test_what_does_not_validate_is_refused_with_its_place_and_stored_nowhere(client):
    dashboard = create(client, panels=[METRIC])
    one = f"{PANELS}/{dashboard['panels'][0]['id']}"
    wrong = {**METRIC, "operation_options": {"entity": "parter", "aggregate": {"fn": "count"}}}
    unknown = "No entity named 'parter'."
    for answer, path in (
        (client.post(f"{DASHBOARDS}/{dashboard['id']}/panels", json=wrong), "operation_options.entity"),
        (client.put(one, json={"operation_options": wrong["operation_options"]}), "operation_options.entity"),
        (client.post(DASHBOARDS, json={"name": "x", "panels": [METRIC, wrong]}), "panels[1].operation_options.entity"),
        (client.post(f"{PANELS}/preview", json=wrong), "entity"),
    ):
        assert faults(answer) == [(path, unknown)]
        assert answer.json()["errors"][0]["hint"] == "Did you mean 'partner'?"
    assert faults(client.put(one, json={"nme": "x"})) == [("nme", "There is no field 'nme' here.")]
    assert faults(client.put(one, json={"dashboard_id": "x"}))[0][0] == "dashboard_id"
    assert faults(client.put(one, json={"type": "pie"}))[0][0] == "type"
    assert faults(client.put(one, json={"display": {"colour": "red"}})) == [
        ("display.colour", "There is no field 'colour' here.")
    ]
    assert faults(client.put(one, json={"name": "\x00"}))[0][0] == "name"
    assert (
        faults(client.put(one, json={"operation_options": {**COUNT, "filters": {"name": "\x00"}}}))[0][0]
        == "operation_options.filters.name"
    )
    assert (
        faults(client.put(one, json={"operation_options": {**COUNT, "filters": {"name": "{{ x }}"}}}))[0][0]
        == "operation_options.filters.name"
    )
    assert faults(client.post(DASHBOARDS, json={"name": " "}))[0][0] == "name"
    assert (
        faults(client.post(DASHBOARDS, json={"name": "x", "metadata": {"audience": "all"}}))[0][0]
        == "metadata.audience"
    )
    assert client.get(f"{DASHBOARDS}/{dashboard['id']}").json() == dashboard
    assert client.get(DASHBOARDS).json()["total"] == 1


def test_ids_that_cannot_be_are_no_bug(client):
    for one in (f"{DASHBOARDS}/%00", f"{PANELS}/%00", f"{DASHBOARDS}/{'x' * 2_000}"):
        assert faults(client.get(one))[0][0] == "id"
    assert client.get(f"{PANELS}/preview").status_code == 404
    assert client.options(f"{PANELS}/preview").headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST, PUT"


def test_a_panel_is_answered_from_the_cache_until_it_changes(client, bench, partners):
    panel = create(client, panels=[{**METRIC, "cache_ttl_seconds": 60, "display": {"label": "all"}}])["panels"][0]
    one = f"{PANELS}/{panel['id']}"
    first, again = client.post(f"{one}/data").json(), client.post(f"{one}/data").json()
    assert first["data"] == {"value": 3, "row_count": 3, "truncated": False}
    assert (first["cache_hit"], again["cache_hit"]) == (False, True)
    assert again == {**first, "cache_hit": True, "duration_ms": again["duration_ms"]}
    assert first.keys() == {
        "data",
        "display",
        "resolved_at",
        "cache_hit",
        "duration_ms",
        "row_count",
        "truncated",
        "statement",
        "meta",
    }
    with bench.database.write() as session:
        session.add(Partner(name="D", status="active", verified=True))
    assert client.post(f"{one}/data", json={}).json()["data"]["value"] == 3
    assert client.post(f"{one}/data", params={"skip_cache": True}).json()["data"]["value"] == 4
    assert faults(client.post(f"{one}/data", params={"skipcache": True})) == [
        ("skipcache", "There is no parameter 'skipcache' here.")
    ]


def test_variables_choose_what_a_panel_answers(client, partners):
    question = {**METRIC, "operation_options": {**COUNT, "filters": {"status": {"$var": "status"}}}}
    dashboard = create(client, metadata=VARIABLES, panels=[question])
    data = f"{PANELS}/{dashboard['panels'][0]['id']}/data"

    def value(**body):
        return client.post(data, json=body).json()["data"]["value"]

    assert (value(), value(variables={"status": "inactive"}), value(variables={"status": None})) == (2, 1, 3)
    assert faults(client.post(data, json={"variables": {"status": {"$ne": 1}}}))[0][0] == "variables.status"
    assert faults(client.post(data, json={"variable": {}})) == [("variable", "There is no field 'variable' here.")]
    assert faults(client.post(data, json={"timezone": "Berlin"}))[0][1] == "No time zone named 'Berlin'."


def test_a_preview_answers_a_draft_and_stores_nothing(client, partners):
    dashboard = create(client, metadata=VARIABLES)
    before = client.get(f"{DASHBOARDS}/{dashboard['id']}").json()
    assert client.post(f"{PANELS}/preview", json=METRIC).json()["data"]["value"] == 3
    draft = {
        **METRIC,
        "operation_options": {**COUNT, "filters": {"status": {"$var": "status"}}},
        "dashboard_id": dashboard["id"],
    }
    assert client.post(f"{PANELS}/preview", json=draft).json()["data"]["value"] == 2
    chosen = {**draft, "variables": {"status": "inactive"}, "timezone": "Europe/Berlin"}
    assert client.post(f"{PANELS}/preview", json=chosen).json()["data"]["value"] == 1
    assert faults(client.post(f"{PANELS}/preview", json={**draft, "dashboard_id": "dash_x"}), 404)
    assert faults(client.post(f"{PANELS}/preview", json={"type": "bar"})) == [
        ("operation_type", "A bar panel needs an operation.")
    ]
    assert client.post(f"{PANELS}/preview", json={"type": "label", "display": {"text": "*Hi*"}}).json()["data"] == {}
    assert client.get(f"{DASHBOARDS}/{dashboard['id']}").json() == before


def test_every_seeded_panel_is_answered(client, bench):
    seed(bench.dashboards)
    for summary in client.get(DASHBOARDS).json()["items"]:
        for panel in client.get(f"{DASHBOARDS}/{summary['id']}").json()["panels"]:
            answer = client.post(f"{PANELS}/{panel['id']}/data")
            assert answer.status_code == 200, answer.text


def test_tenants_read_the_dashboards_that_are_meant_for_them_with_their_own_figures(bench, client_of):
    platform, anna, bob = (client_of(bench, merchant=number) for number in (None, 1, 2))
    with bench.database.write() as session:
        for store, orders in ((1, 2), (2, 3)):
            session.add_all(
                SalesOrder(store_id=store, status="PAID", customer_name="x", total_cents=1, currency="USD")
                for _ in range(orders)
            )
    orders = {
        **METRIC,
        "operation_options": {"entity": "sales_order", "aggregate": {"fn": "count"}},
        "cache_ttl_seconds": 60,
    }
    secret = create(platform, "Ours", panels=[orders])
    shared = create(platform, "Yours", panels=[orders], metadata={"audience": "tenant"})
    assert platform.get(DASHBOARDS).json()["total"] == 2
    data = f"{PANELS}/{shared['panels'][0]['id']}/data"
    assert [client.post(data).json()["data"]["value"] for client in (platform, anna, bob, anna)] == [5, 2, 3, 2]
    for client, own in ((anna, 2), (bob, 3)):
        listed = client.get(DASHBOARDS).json()
        assert ([item["name"] for item in listed["items"]], listed["total"]) == (["Yours"], 1)
        assert client.get(f"{DASHBOARDS}/{shared['id']}").json() == shared
        assert client.get(f"{PANELS}/{shared['panels'][0]['id']}").json() == shared["panels"][0]
        assert client.post(f"{PANELS}/preview", json=orders).json()["data"]["value"] == own
        hidden = f"{PANELS}/{secret['panels'][0]['id']}"
        for answer in (
            client.get(f"{DASHBOARDS}/{secret['id']}"),
            client.get(hidden),
            client.post(f"{hidden}/data"),
            client.post(f"{PANELS}/preview", json={**orders, "dashboard_id": secret["id"]}),
        ):
            assert faults(answer, 404)[0][1].startswith("There is no ")
        yours = f"{DASHBOARDS}/{shared['id']}"
        panel = f"{PANELS}/{shared['panels'][0]['id']}"
        for answer in (
            client.post(DASHBOARDS, json={"name": "x"}),
            client.put(yours, json={"name": "x"}),
            client.delete(yours),
            client.post(f"{yours}/duplicate"),
            client.post(f"{yours}/panels", json=orders),
            client.put(panel, json={"name": "x"}),
            client.delete(panel),
        ):
            assert faults(answer, 403) == [(None, "Dashboards are the platform's: a tenant reads them.")]
        unscoped = client.post(f"{PANELS}/preview", json=METRIC)
        assert faults(unscoped, 403)
    assert platform.get(f"{DASHBOARDS}/{shared['id']}").json() == shared


def test_operations_are_listed_with_the_schema_of_their_options(client):
    listed = client.get("/admin/stats/operations").json()
    assert [item["type"] for item in listed["items"]] == [
        "read_data",
        "aggregate_data",
        "time_series",
        "aggregate_product_analytics",
    ]
    assert (listed["total"], listed["limit"], listed["offset"]) == (4, 50, 0)
    aggregate = listed["items"][1]
    assert (aggregate["title"], aggregate["category"], aggregate["version"]) == ("Aggregate", "data", 1)
    schema = aggregate["options_schema"]
    assert {"entity", "aggregate", "group_by", "fetch_limit"} <= schema["properties"].keys()
    assert all(field["description"] for field in schema["properties"].values())
    assert {"from", "to", "last_days", "preset"} == schema["$defs"]["Range"]["properties"].keys()
    assert client.get("/admin/stats/operations", params={"limit": 1, "offset": 3}).json()["items"] == [
        listed["items"][3]
    ]
