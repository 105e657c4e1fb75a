"""Who tries tokens that are no good has to wait, and holds nobody up whose token is."""

from __future__ import annotations

from starlette.testclient import TestClient

from stats_core.access.permissions import ADMIN_ACCESS
from stats_core.access.tokens import Tokens
from workbench.api import create_api
from workbench.attempts import Attempts

WRONG = "wb_" + "x" * 43
PATH = "/admin/stats/operations"


def test_a_client_may_fail_some_times_a_minute(sqlite_bench):
    tokens = Tokens(sqlite_bench.database, sqlite_bench.clock)
    known, fresh = tokens.create("known", [ADMIN_ACCESS]), tokens.create("fresh", [ADMIN_ACCESS])
    api = create_api(sqlite_bench, tokens=tokens, attempts=Attempts(sqlite_bench.clock, most=3))
    stranger = TestClient(api, client=("192.0.2.1", 5000))
    elsewhere = TestClient(api, client=("192.0.2.2", 5000))

    def status(client, token):
        return client.get(PATH, headers={"authorization": f"Bearer {token}"}).status_code

    assert status(stranger, known) == 200
    assert [status(stranger, WRONG) for _ in range(4)] == [401, 401, 401, 429]
    answer = stranger.get(PATH, headers={"authorization": f"Bearer {fresh}"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.json() == {
        "errors": [{"message": "Too many tokens were tried from here.", "hint": "Wait 60 seconds."}]
    }
    assert (status(stranger, known), status(elsewhere, fresh)) == (200, 200)
    assert stranger.get(PATH).status_code == 401
