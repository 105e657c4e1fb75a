"""From what a browser sends to what is stored: who sent it, from where, with what; never the address or the agent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from ingest.agents import MAX_AGENT, Agent, parse_agent
from ingest.arrivals import Arrival, Reason
from ingest.clients import Client, Clients, Peer, RawHeaders
from ingest.country import Countries
from ingest.hosts import bare_host
from ingest.payload import Page, Payload
from ingest.referrers import NO_CAMPAIGN, Source, classify, read_campaign
from ingest.salts import Salts
from ingest.sites import Site
from ingest.visitors import VisitorHasher, visitor_hash
from stats_core.traffic.sessions import Event

_HASHERS = 4096  # websites whose hash is kept ready
_SESSION = "session"  # keeps hashes of session ids apart from those of visitors
_RANDOM_BYTES = 10
_ORIGIN = 512  # characters of the header that are read

# Pages that a browser loads before anybody has asked for them.
_AHEAD = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_AHEAD_WORDS = (b"prefetch", b"preview", b"prerender")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a request, as its headers and its connection tell. It is used in memory and stored nowhere.

    Attributes:
        agent_text: As the visitor hash takes it.
        country: What a trusted proxy says.
        host: Of the page that sent it, as `bare_host` writes it; empty where the browser does not tell.
        unwanted: Why nothing that this sender sends may be stored, not even as a refused body.
    """

    client: Client
    agent_text: str
    agent: Agent
    country: str | None
    host: str
    unwanted: Reason | None


class Enricher:
    """Makes arrivals of payloads.

    Args:
        secret: Key of the visitor hashes.
        country_header: Header in which a trusted proxy names the country; empty for none.
    """

    def __init__(
        self, *, secret: bytes, salts: Salts, countries: Countries, clients: Clients, country_header: str
    ) -> None:
        self._secret = secret
        self._hasher = lru_cache(maxsize=_HASHERS)(lambda website_id: VisitorHasher(secret, website_id))
        self._salts = salts
        self._countries = countries
        self._clients = clients
        self._country_header = country_header.lower().encode("latin-1", "replace")

    def sender(self, peer: Peer, headers: RawHeaders) -> Sender:
        """Who sent the request with these headers."""
        named = dict(headers)
        client = self._clients.find(peer, headers)
        agent_text = named.get(b"user-agent", b"")[:MAX_AGENT].decode("latin-1")
        agent = parse_agent(agent_text)
        country = named.get(self._country_header) if client.is_forwarded else None
        return Sender(
            client=client,
            agent_text=agent_text,
            agent=agent,
            country=None if country is None else country.decode("latin-1"),
            host=_origin_host(named.get(b"origin", b"")[:_ORIGIN]),
            unwanted=_unwanted(named, agent),
        )

    def arrival(self, payload: Payload, page: Page, sender: Sender, site: Site | None, now: datetime) -> Arrival:
        """The event as it is stored.

        Args:
            payload: What the browser sent.
            page: That of the payload.
            sender: Who sent it.
            site: Its website; None where we know none of that id, so that it can be stored once there is one.
            now: When it came in, aware.
        """
        timestamp = now - timedelta(milliseconds=payload.age_ms) if payload.age_ms else now
        visitor_id, former_visitor_id = self._visitor(payload, sender, timestamp, now)
        source = self._source(payload, page, sender, site)
        campaign = read_campaign(page.query) if page.query else NO_CAMPAIGN
        agent = sender.agent
        event = Event(
            website_id=payload.website_id,
            event_id=payload.event_id or _new_id(now),
            session_id=self._session(payload),
            visitor_id=visitor_id,
            event_type=payload.event_type,
            pathname=page.pathname,
            timestamp=timestamp,
            event_name=payload.event_name,
            referrer=source.referrer,
            referrer_source=source.source,
            referrer_medium=source.medium,
            country=self._countries.find(sender.client.address, sender.country, payload.timezone),
            device_type=agent.device_type,
            browser=agent.browser,
            os=agent.os,
            utm_source=campaign.source,
            utm_medium=campaign.medium,
            utm_campaign=campaign.name,
            metadata=payload.metadata or {},
        )
        return Arrival(event, former_visitor_id)

    def hashed(self, website_id: str, field: str, value: str) -> str:
        """A keyed hash of the `visitor_id` or `session_id` that a client sent, bound to the website."""
        hasher = self._hasher(website_id)
        return hasher(_SESSION, value) if field == "session_id" else hasher(value)

    def _session(self, payload: Payload) -> str:
        """As the client named it, so that an order can name it too; hashed where it is the visitor's id."""
        session_id = payload.session_id or ""
        if session_id and session_id == payload.visitor_id:
            return self.hashed(payload.website_id, "session_id", session_id)
        return session_id

    def _visitor(self, payload: Payload, sender: Sender, timestamp: datetime, now: datetime) -> tuple[str, str | None]:
        """Who the visitor is, and under which name the server knew it the day before.

        Without an id of its own it is whoever has this address and agent on the day of the event.
        """
        if payload.visitor_id:
            return self.hashed(payload.website_id, "visitor_id", payload.visitor_id), None
        person = (payload.website_id, sender.client.address, sender.agent_text)
        salt, former_salt = self._salts.of(timestamp, now)
        former = None if former_salt is None else visitor_hash(self._secret + former_salt, *person)
        return visitor_hash(self._secret + salt, *person), former

    @staticmethod
    def _source(payload: Payload, page: Page, sender: Sender, site: Site | None) -> Source:
        """Visits from the site's own hosts are direct, and so are those from the page's own."""
        own_hosts = site.own_hosts if site is not None else frozenset[str]()
        if payload.referrer and (host := host_of(page, sender)) not in own_hosts:
            own_hosts |= {host}
        return classify(payload.referrer, own_hosts, page.query)


def host_of(page: Page, sender: Sender) -> str:
    """The host of the event's page: the payload says it, else the browser's `Origin`; empty where nobody does."""
    return bare_host(page.hostname).rstrip(".") if page.hostname else sender.host


def _unwanted(headers: Mapping[bytes, bytes], agent: Agent) -> Reason | None:
    if headers.get(b"dnt") == b"1" or headers.get(b"sec-gpc") == b"1":
        return Reason.DO_NOT_TRACK
    if agent.is_bot or any(name in headers and _is_ahead(headers[name]) for name in _AHEAD):
        return Reason.BOT
    return None


def _is_ahead(purpose: bytes) -> bool:
    return any(word in purpose.lower() for word in _AHEAD_WORDS)


@lru_cache(maxsize=_HASHERS)
def _origin_host(origin: bytes) -> str:
    """`https://www.example.com:8080` → `example.com`; empty for `null` and for what is none."""
    try:
        return bare_host(urlsplit(origin.decode("latin-1")).hostname or "")
    except ValueError:
        return ""


def _new_id(now: datetime) -> str:
    """32 hexadecimal characters, sorted by time: rows that come together stand together in the index."""
    return f"{int(now.timestamp() * 1000):012x}{os.urandom(_RANDOM_BYTES).hex()}"
