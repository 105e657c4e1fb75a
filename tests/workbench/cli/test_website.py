"""`workbench website add` and `list`."""

from __future__ import annotations

from stats_core.traffic.websites import list_websites


def test_a_website_is_added_and_listed(workbench, database):
    added = workbench(
        "website", "add", "https://www.Example.com/", "--name", "[Shop]", "--timezone", "Europe/Berlin",
        "--database", database.url,
    )  # fmt: skip
    website_id = added.out.strip()
    assert added.code == 0
    assert added.err == f"Added example.com. Its log: workbench import-logs access.log --website {website_id}\n"
    listed = workbench("website", "list", "--database", database.url)
    assert [line.split() for line in listed.out.splitlines()] == [
        ["id", "domain", "name", "timezone", "store"],
        [website_id, "example.com", "[Shop]", "Europe/Berlin"],
    ]
    assert [site.id for site in list_websites(database)] == [website_id]


def test_an_id_can_be_given_once(workbench, sqlite_database):
    url = sqlite_database.url
    assert workbench("website", "add", "example.com", "--id", "main", "--database", url).out == "main\n"
    again = workbench("website", "add", "example.org", "--id", "main", "--database", url)
    assert (again.code, again.out) == (2, "")
    assert (
        again.err
        == "error: id: There is a website 'main' already: example.com. Choose another id, or use that website.\n"
    )


def test_no_websites_yet_says_how_to_add_one(workbench, sqlite_database):
    answer = workbench("website", "list", "--database", sqlite_database.url)
    assert answer.code == 0
    assert "workbench website add" in answer.err
