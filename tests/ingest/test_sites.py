"""The websites in memory: never a query per event, and never a wait for a database that is away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event as on
from sqlalchemy import update

from ingest.sites import Site, Sites
from stats_core.database import Database
from stats_core.models import Website

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def moving():
    return Clock()


def add_website(database, website_id="site_a", domain="example.com", allowed=(), timezone="UTC"):
    site = Website(id=website_id, name=domain, domain=domain, timezone=timezone, allowed_hostnames=list(allowed))
    with database.write() as session:
        session.add(site)


def count_queries(database):
    queries = []
    on.listen(database.engine, "before_cursor_execute", lambda *given: queries.append(given[2]))
    return queries


def test_a_site_knows_its_hosts_as_they_are_compared(database, moving):
    add_website(
        database, domain="Example.com", allowed=["www.Shop.example.com", "localhost:3000"], timezone="Asia/Tokyo"
    )
    add_website(database, "site_b", "b.example")
    sites = Sites(database, moving)
    sites.read()
    hosts = frozenset({"example.com", "shop.example.com", "localhost"})
    assert sites.find("site_a") == Site("site_a", "Asia/Tokyo", hosts, hosts)
    assert sites.find("site_b") == Site("site_b", "UTC", frozenset({"b.example"}), frozenset())
    assert sites.find("SITE_A") is None


@pytest.mark.parametrize(
    ("allowed", "hostname", "expected"),
    [
        ([], "anything.example", True),
        ([], "", True),
        (["shop.example.com"], "shop.example.com", True),
        (["shop.example.com"], "example.com", True),  # its own domain
        (["shop.example.com"], "blog.example.com", False),
        (["shop.example.com"], "evilexample.com", False),
        (["shop.example.com"], "example.com.evil.example", False),
        (["shop.example.com"], "", False),
        (["*.example.com"], "a.b.example.com", True),
        (["*.example.com"], "evilexample.com", False),
    ],
)
def test_a_list_of_hostnames_allows_these_and_the_domain_itself(sqlite_database, moving, allowed, hostname, expected):
    add_website(sqlite_database, allowed=allowed)
    sites = Sites(sqlite_database, moving)
    sites.read()
    assert sites.find("site_a").allows(hostname) is expected


def test_a_new_website_is_found_at_once_and_invented_ones_cost_a_query_a_second(database, moving):
    sites = Sites(database, moving)
    sites.read()
    add_website(database)
    queries = count_queries(database)

    async def visit():
        first = await sites.find_new("site_a")
        invented = await asyncio.gather(*(sites.find_new(f"invented_{number}") for number in range(500)))
        asked = len(queries)
        moving.now += timedelta(seconds=1)
        await asyncio.gather(*(sites.find_new(f"invented_{number}") for number in range(500)))
        return first, set(invented), asked, len(queries)

    first, invented, asked, asked_later = asyncio.run(visit())
    assert (first.id, invented) == ("site_a", {None})
    assert asked_later == 2 * asked


def test_changes_are_noticed_by_the_task_in_the_background(database, moving, monkeypatch):
    monkeypatch.setattr("ingest.sites.REFRESH_S", 0.001)
    add_website(database)
    sites = Sites(database, moving)
    sites.read()
    with database.write() as session:
        session.execute(update(Website).values(allowed_hostnames=["shop.example.com"]))

    async def refresh():
        closing = asyncio.Event()
        task = asyncio.create_task(sites.keep_fresh(closing))
        async with asyncio.timeout(10):
            while not sites.find("site_a").allowed_hostnames:  # noqa: ASYNC110 - what is waited for is no event
                await asyncio.sleep(0.001)
        closing.set()
        await task

    asyncio.run(refresh())
    assert sites.find("site_a").allowed_hostnames == {"example.com", "shop.example.com"}


def test_while_the_database_is_away_what_was_known_is_served(postgresql, postgresql_template, moving, caplog):
    with postgresql.database(template=postgresql_template) as url:
        database = Database(url)
        add_website(database)
        sites = Sites(database, moving)
        sites.read()
        known = sites.find("site_a")
        database.close()
    sites.read()
    sites.read()
    assert sites.find("site_a") == known
    assert asyncio.run(sites.find_new("other")) is None
    assert [record.getMessage() for record in caplog.records] == [
        "The websites cannot be read (SourceUnavailableError); those known stay known."
    ]
