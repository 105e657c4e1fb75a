"""What holds for every route: tokens, the shape of errors, methods, bodies, the OpenAPI document."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from ingest.edits import EventEdits
from stats_core.access.tokens import Tokens
from stats_core.errors import DeadlineExceededError, SourceUnavailableError
from workbench.api import create_api

EVENTS = "/admin/analytics-events"
JSON = {"content-type": "application/json"}
NAMES = {"path", "message", "hint"}


def fault(answer):
    """Status and the one fault of an answer in the shape that all errors have."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json().keys() == {"errors"}
    [only] = answer.json()["errors"]
    assert only.keys() <= NAMES
    return answer.status_code, only


def test_without_a_token_nothing_is_answered(sqlite_bench):
    client = TestClient(create_api(sqlite_bench))
    for method, path in (("GET", EVENTS), ("PUT", f"{EVENTS}/1"), ("GET", "/admin/nothing"), ("PATCH", EVENTS)):
        answer = client.request(method, path)
        assert fault(answer) == (
            401,
            {
                "message": "This wants a token.",
                "hint": "Send Authorization: Bearer TOKEN. Make one with: workbench token create --name NAME "
                "--permission admin.access",
            },
        )
        assert answer.headers["www-authenticate"] == 'Bearer realm="workbench"'


def test_another_token_opens_nothing(sqlite_bench):
    client = TestClient(create_api(sqlite_bench))
    for header in ("Bearer", "Bearer ", "Bearer x", f"Bearer wb_{'A' * 43}", "Bearer wb_\xe9", "Basic x", "x"):
        answer = client.get(EVENTS, headers={"authorization": header.encode("latin-1")})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer realm="workbench"')


def test_a_cookie_or_a_query_is_no_token(sqlite_bench):
    token = Tokens(sqlite_bench.database, sqlite_bench.clock).create("x", ["admin.access"])
    client = TestClient(create_api(sqlite_bench), cookies={"token": token, "authorization": f"Bearer {token}"})
    assert client.get(EVENTS, params={"token": token}).status_code == 401


def test_the_scheme_is_read_in_any_case(sqlite_bench):
    token = Tokens(sqlite_bench.database, sqlite_bench.clock).create("x", ["admin.access"])
    client = TestClient(create_api(sqlite_bench))
    assert client.get(EVENTS, headers={"authorization": f"bEARER  {token} "}).status_code == 200


def test_a_token_without_the_permission_is_told_whom_to_ask(sqlite_bench, client_of):
    assert fault(client_of(sqlite_bench, permissions=()).get(EVENTS)) == (
        403,
        {
            "message": "'0' lacks the permission 'admin.access'.",
            "hint": "Ask the owner of this workbench for a token that has it.",
        },
    )


def test_an_expired_or_revoked_token_opens_nothing(sqlite_bench):
    now = [sqlite_bench.clock()]
    tokens = Tokens(sqlite_bench.database, sqlite_bench.clock)
    headers = {"authorization": f"Bearer {tokens.create('x', ['admin.access'], days=1)}"}
    client = TestClient(create_api(replace(sqlite_bench, clock=lambda: now[0])))
    assert client.get(EVENTS, headers=headers).status_code == 200
    tokens.revoke("x")
    now[0] += timedelta(seconds=1)
    answer = client.get(EVENTS, headers=headers)
    assert fault(answer)[1]["message"] == "This token is unknown, revoked or expired."
    assert answer.headers["www-authenticate"] == 'Bearer realm="workbench", error="invalid_token"'


def test_what_is_not_there_says_so(sqlite_client):
    for path in ("/admin", "/admin/", "/admin/nothing", f"{EVENTS}/", f"{EVENTS}/1/2", "/"):
        assert fault(sqlite_client.get(path)) == (
            404,
            {"message": f"There is nothing at {path}.", "hint": "See /admin/docs for what there is."},
        )


def test_a_method_that_is_not_answered_is_told_which_are(sqlite_client):
    for path, methods in ((EVENTS, "GET, HEAD, OPTIONS, POST"), (f"{EVENTS}/1", "DELETE, GET, HEAD, OPTIONS, PUT")):
        answer = sqlite_client.patch(path)
        assert fault(answer) == (
            405,
            {"message": "PATCH is not answered here.", "hint": "See /admin/docs for what is."},
        )
        assert answer.headers["allow"] == methods
        answer = sqlite_client.options(path, headers={"authorization": ""})
        assert (answer.status_code, answer.headers["allow"], answer.content) == (204, methods, b"")
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert sqlite_client.options("/admin/nothing").status_code == 404


def test_head_is_get_without_the_body(sqlite_client):
    got, head = sqlite_client.get(EVENTS), sqlite_client.head(EVENTS)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
    assert sqlite_client.head(f"{EVENTS}/1").status_code == 404


NO_OBJECTS = [
    (b"", "'body' is missing."),
    (b"{", "The body is no JSON: Expecting property name enclosed in double quotes."),
    (b"{} {}", "The body is no JSON: Extra data."),
    (b"\xff", "The body is no JSON: it is not UTF-8."),
    (b'{"metadata": {"a": NaN}}', "The body is no JSON: NaN is no number of JSON."),
    (b'{"metadata": {"a": -Infinity}}', "The body is no JSON: -Infinity is no number of JSON."),
    (b'{"os": "a", "os": "b"}', "The body is no JSON: the key 'os' comes twice."),
    (b'{"\\ud800": 1}', "The body is no JSON: a key has a lone surrogate."),
    (b"[" * 100_000, "The body is no JSON: it is nested too deeply."),
    (b'{"a": ' + b"9" * 5_000 + b"}", "The body is no JSON: a number is too long."),
    (b"[]", "The body must be a JSON object."),
    (b"null", "The body must be a JSON object."),
    (b'"text"', "The body must be a JSON object."),
]


def test_a_body_that_is_no_json_object_is_told_why(sqlite_client):
    for body, message in NO_OBJECTS:
        status, only = fault(sqlite_client.put(f"{EVENTS}/1", content=body, headers=JSON))
        assert (status, only["message"]) == (422, message)


def test_a_body_that_does_not_say_it_is_json_is_not_read(sqlite_client):
    """A page of another site can send these without being asked by the browser whether it may."""
    for kind in ({}, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"}):
        assert fault(sqlite_client.post(EVENTS, content=b'{"a": 1}', headers=kind)) == (
            415,
            {"message": "The body is not JSON by its Content-Type.", "hint": "Send Content-Type: application/json."},
        )


def test_a_body_that_is_too_large_is_not_read_to_its_end(sqlite_client):
    sent = 0

    def chunks():
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 100_000

    for body in (b" " * 1_048_577, chunks()):
        assert fault(sqlite_client.post(EVENTS, content=body, headers=JSON)) == (
            413,
            {"message": "The body is larger than 1,048,576 bytes."},
        )
    assert sqlite_client.post(EVENTS, content=b" " * 1_048_576, headers=JSON).status_code == 422


def test_who_has_no_token_is_refused_before_the_body_is_read(sqlite_client):
    answer = sqlite_client.post(EVENTS, content=b"{" * 2_000_000, headers={**JSON, "authorization": ""})
    assert answer.status_code == 401


def test_an_unknown_name_is_answered_with_the_nearest(sqlite_client):
    assert fault(sqlite_client.get(EVENTS, params={"webiste_id": "a"})) == (
        422,
        {
            "path": "webiste_id",
            "message": "There is no parameter 'webiste_id' here.",
            "hint": "Did you mean 'website_id' or 'visitor_id'?",
        },
    )
    assert fault(sqlite_client.put(f"{EVENTS}/1", json={"pathnme": "/"})) == (
        422,
        {"path": "pathnme", "message": "There is no field 'pathnme' here.", "hint": "Did you mean 'pathname'?"},
    )
    assert fault(sqlite_client.put(f"{EVENTS}/1", json={"created_at": "x"})) == (
        422,
        {"path": "created_at", "message": "'created_at' is given by the server.", "hint": "Leave it out."},
    )


def test_every_fault_is_told_at_once(sqlite_client):
    answer = sqlite_client.post(EVENTS, json={"website_id": "", "event_type": "click", "metadata": {"a": []}, "nme": 1})
    assert answer.status_code == 422
    assert [(only["path"], only["message"]) for only in answer.json()["errors"]] == [
        ("website_id", "String should have at least 1 character."),
        ("event_type", "Input should be 'pageview' or 'custom_event'."),
        ("pathname", "'pathname' is missing."),
        ("visitor_id", "'visitor_id' is missing."),
        ("session_id", "'session_id' is missing."),
        ("metadata", "The value of 'a' cannot be a property."),
        ("nme", "There is no field 'nme' here."),
    ]


def raising(error):
    def raises(*_args, **_kwargs):
        raise error

    return raises


def test_a_bug_says_nothing_about_the_inside(sqlite_client, monkeypatch):
    monkeypatch.setattr(EventEdits, "list", raising(RuntimeError("secret")))
    answer = sqlite_client.get(EVENTS)
    assert (answer.status_code, answer.json()) == (
        500,
        {"errors": [{"message": "Something is wrong in the workbench.", "hint": "Its log says more."}]},
    )


def test_a_database_that_does_not_answer_is_no_bug(sqlite_client, monkeypatch):
    for error, status in (
        (SourceUnavailableError("The database is away.", hint="Wait."), 503),
        (DeadlineExceededError("It took too long."), 504),
        (OperationalError("SELECT secret", {}, Exception("gone")), 503),
    ):
        monkeypatch.setattr(EventEdits, "list", raising(error))
        answer = sqlite_client.get(EVENTS)
        assert fault(answer)[0] == status
        assert "secret" not in answer.text
        assert (answer.headers.get("retry-after") == "5") == (status == 503)


def test_a_database_that_is_away_while_the_token_is_looked_up_is_no_bug(sqlite_client, monkeypatch):
    monkeypatch.setattr(Tokens, "authenticate", raising(SourceUnavailableError("The database is away.", hint="Wait.")))
    assert fault(sqlite_client.get(EVENTS)) == (503, {"message": "The database is away.", "hint": "Wait."})


def test_the_openapi_document_is_public_and_documents_every_answer(sqlite_bench):
    document = TestClient(create_api(sqlite_bench)).get("/admin/openapi.json").json()
    for path, operations in document["paths"].items():
        assert path.startswith("/admin/")
        for operation in operations.values():
            assert operation["security"] == [{"HTTPBearer": []}]
            assert operation["description"]
            documented = operation["responses"].keys()
            assert {"401", "403", "422", "500", "503"} <= documented
            assert "404" in documented or "{" not in path
            assert ({"413", "415"} <= documented) == ("requestBody" in operation)
            for status, response in operation["responses"].items():
                if status >= "400":
                    schema = response["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Faults"}
            assert all(parameter["description"] for parameter in operation.get("parameters", ()))
    ids = [operation["operationId"] for operations in document["paths"].values() for operation in operations.values()]
    assert len(ids) == len(set(ids))


def test_the_reference_page_names_every_route_and_loads_nothing(sqlite_bench):
    client = TestClient(create_api(sqlite_bench))
    answer = client.get("/admin/docs")
    page = answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    for path in client.get("/admin/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in page
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", page)
    assert set(re.findall(r'href="([^"]*)"', page)) == {"openapi.json"}


def test_what_a_client_made_up_is_told_back_as_text_that_can_be_sent(sqlite_client):
    answer = sqlite_client.put(f"{EVENTS}/1", content=json.dumps({"metadata": {"a": "\ud800"}}), headers=JSON)
    assert fault(answer)[0] == 422
    assert fault(sqlite_client.get("/admin/%ED%A0%80"))[0] == 404
