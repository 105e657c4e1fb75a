"""`workbench website add`, `list` and `snippet`."""

from __future__ import annotations

import pytest

from stats_core.traffic.websites import list_websites

HOSTS = "Write it like shop.example.com, or *.example.com for all hosts below one."


def test_a_website_is_added_and_listed(workbench, database):
    added = workbench(
        "website", "add", "https://www.Example.com/", "--name", "[Shop]", "--timezone", "Europe/Berlin",
        "--database", database.url,
    )  # fmt: skip
    website_id = added.out.strip()
    assert added.code == 0
    assert added.err.splitlines() == [
        f"Added example.com. Its log: workbench import-logs access.log --website {website_id}",
        f'Its pages: <script src="http://127.0.0.1:8501/analytics.js" data-website-id="{website_id}" defer></script>',
    ]
    listed = workbench("website", "list", "--database", database.url)
    assert [line.split() for line in listed.out.splitlines()] == [
        ["id", "domain", "name", "timezone", "store", "allowed", "hostnames", "kept"],
        [website_id, "example.com", "[Shop]", "Europe/Berlin", "any", "for", "ever"],
    ]
    assert [site.id for site in list_websites(database)] == [website_id]


def test_whose_events_are_taken_and_how_long_they_are_kept_can_be_said_and_changed(workbench, database, monkeypatch):
    def website(*arguments):
        answer = workbench("website", *arguments, "--database", database.url)
        assert answer.code == 0, answer.err
        (site,) = list_websites(database)
        return answer, (site.name, site.allowed_hostnames, site.retention_days)

    add = ("add", "example.com", "--id", "main", "--allow", "*.Example.org", "--allow", "https://www.Müller.de/")
    hosts = ["*.example.org", "xn--mller-kva.de"]
    assert website(*add, "--retention-days", "30")[1] == ("example.com", hosts, 30)
    assert website("set", "main", "--retention-days", "0", "--name", "Main")[1] == ("Main", hosts, 0)
    answer, stored = website("set", "main", "--allow", "b.example", "--retention-default", "--name", " ")
    assert stored == ("example.com", ["b.example"], None)
    assert answer.out.splitlines()[1].split()[-3:] == ["b.example", "for", "ever"]
    assert answer.err == "`workbench prune --dry-run` says what would be deleted.\n"
    monkeypatch.setenv("WORKBENCH_ANALYTICS_RETENTION_DAYS", "90")
    answer, stored = website("set", "main", "--allow-any")
    assert stored == ("example.com", [], None)
    assert answer.out.splitlines()[1].split()[-3:] == ["any", "90", "days"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["main"], "Nothing is to be changed. `workbench website set --help` says what can be."),
        (["mian", "--name", "x"], "website: There is no website 'mian'. Did you mean 'main'?"),
        (["main", "--allow", "a", "--allow-any"], "--allow and --allow-any exclude each other. Choose one."),
        (
            ["main", "--retention-days", "1", "--retention-default"],
            "--retention-days and --retention-default exclude each other. Choose one.",
        ),
        (
            ["main", "--allow", "a b"],
            f"allowed_hostnames: 'a b' is no host name. {HOSTS}",
        ),
        (
            ["main", "--retention-days", "36501"],
            "retention_days: 36501 is not between 0 and 36500. Use 0 to keep everything.",
        ),
    ],
)
def test_a_change_that_cannot_be_made_is_one_readable_line(workbench, sqlite_database, arguments, said):
    url = sqlite_database.url
    workbench("website", "add", "example.com", "--id", "main", "--database", url)
    answer = workbench("website", "set", *arguments, "--database", url)
    assert (answer.code, answer.out, answer.err) == (2, "", f"error: {said}\n")


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


def test_the_snippet_names_the_public_address(workbench, sqlite_database, monkeypatch):
    url = sqlite_database.url
    workbench("website", "add", "example.com", "--id", "main", "--database", url)
    monkeypatch.setenv("WORKBENCH_PUBLIC_URL", "https://stats.example.com/")
    answer = workbench("website", "snippet", "main", "--database", url)
    assert answer.out == (
        '<script src="https://stats.example.com/analytics.js" data-website-id="main" defer></script>\n'
    )
    assert answer.err == "Paste it before </head> on every page of example.com.\n"
    cookieless = workbench("website", "snippet", "main", "--cookieless", "--database", url)
    assert cookieless.out == (
        '<script src="https://stats.example.com/analytics.js" data-website-id="main" data-storage="none" defer>'
        "</script>\n"
    )


def test_a_snippet_below_a_path_says_where_events_go(workbench, sqlite_database, monkeypatch):
    url = sqlite_database.url
    workbench("website", "add", "example.com", "--id", "main", "--database", url)
    monkeypatch.setenv("WORKBENCH_PUBLIC_URL", "https://example.com/stats")
    assert workbench("website", "snippet", "main", "--database", url).out == (
        '<script src="https://example.com/stats/analytics.js" data-website-id="main" '
        'data-api="https://example.com/stats/web/analytics/track" defer></script>\n'
    )


def test_a_snippet_that_only_this_machine_could_use_says_so(workbench, sqlite_database):
    url = sqlite_database.url
    workbench("website", "add", "example.com", "--id", "main", "--database", url)
    answer = workbench("website", "snippet", "main", "--database", url)
    assert answer.err.splitlines()[1] == (
        "Only this machine reaches http://127.0.0.1:8501. Set WORKBENCH_PUBLIC_URL to the address that visitors reach."
    )


def test_a_snippet_of_an_unknown_website_names_the_nearest(workbench, sqlite_database):
    url = sqlite_database.url
    workbench("website", "add", "example.com", "--id", "main", "--database", url)
    answer = workbench("website", "snippet", "mian", "--database", url)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "error: website: There is no website 'mian'. Did you mean 'main'?\n"
