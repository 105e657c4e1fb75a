"""Lines of a log into events: what the line says, who sent it, where from and with what."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import lru_cache
from typing import Self

from ingest.agents import MAX_AGENT, UNKNOWN_AGENT, Agent, parse_agent
from ingest.hosts import bare_host, is_among
from ingest.logs.formats import LogLine, read_line
from ingest.logs.lines import TOO_LONG
from ingest.logs.occurrences import Occurrences
from ingest.logs.options import ImportOptions
from ingest.logs.reasons import LeftOut, Refused
from ingest.logs.requests import Request, read_request
from ingest.referrers import NO_CAMPAIGN, classify, read_campaign
from ingest.visitors import VisitorHasher
from stats_core.traffic.sessions import Event

Outcome = Event | LeftOut | Refused

_VISITORS = 16_384  # hashes remembered
_KEY_BYTES = 8
_ID_BYTES = 16


class EventReader:
    """Events of one website out of the lines of one file.

    Args:
        own_hosts: The site's hosts, `*.example.com` for all below one: visits from them are direct.
        allowed_hosts: Hosts whose lines count, in a log that names them, written likewise; empty for any.
    """

    def __init__(
        self,
        website_id: str,
        secret: bytes,
        *,
        own_hosts: Collection[str] = (),
        allowed_hosts: Collection[str] = (),
        options: ImportOptions | None = None,
    ) -> None:
        self._website_id = website_id
        self._options = options or ImportOptions()
        self._own_hosts = frozenset(map(bare_host, own_hosts))
        self._allowed_hosts = frozenset(map(bare_host, allowed_hosts))
        self._visitor = lru_cache(maxsize=_VISITORS)(VisitorHasher(secret, website_id))
        self._key = hashlib.sha256(secret).digest()
        self._occurrences = Occurrences()
        self._has_agents = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._occurrences.close()

    def read(self, line: bytes) -> Outcome:
        """The event of a line without its end, or why there is none. Any bytes give an answer."""
        if line is TOO_LONG:
            return Refused.TOO_LONG
        fields = read_line(line)
        if isinstance(fields, Refused):
            return fields
        request = read_request(fields.request)
        if request is None:
            return LeftOut.BROKEN_REQUEST
        if fields.agent is None:
            agent = UNKNOWN_AGENT
        else:
            agent = parse_agent(fields.agent)
            self._has_agents = True
        return self._left_out(fields, request, agent) or self._event(line, fields, request, agent)

    def lacks_fields(self, line: bytes) -> bool:
        """Whether a file's last line was cut where a shorter format ends: the lines before it named their agents."""
        fields = read_line(line)
        return self._has_agents and isinstance(fields, LogLine) and fields.agent is None

    def _left_out(self, fields: LogLine, request: Request, agent: Agent) -> LeftOut | None:
        options = self._options
        if not options.keep_bots and fields.agent is not None and (agent.is_bot or not agent.is_browser):
            return LeftOut.BOT
        if not options.counts_method(request.method):
            return LeftOut.METHOD
        if not options.counts_status(fields.status):
            return LeftOut.STATUS
        if request.is_asset and not options.keep_assets:
            return LeftOut.ASSET
        if fields.host and self._allowed_hosts and not is_among(bare_host(fields.host), self._allowed_hosts):
            return LeftOut.FOREIGN_HOST
        return None

    def _event(self, line: bytes, fields: LogLine, request: Request, agent: Agent) -> Event:
        visitor = self._visitor(fields.address, (fields.agent or "")[:MAX_AGENT])
        source = classify(fields.referrer, self._own_hosts, request.query)
        campaign = read_campaign(request.query) if request.query else NO_CAMPAIGN
        return Event(
            website_id=self._website_id,
            event_id=self._event_id(line, fields),
            session_id=visitor,  # a log knows no sessions: the gap rule alone cuts a visitor's events
            visitor_id=visitor,
            event_type="pageview",
            pathname=request.pathname,
            timestamp=fields.time,
            referrer=source.referrer,
            referrer_source=source.source,
            referrer_medium=source.medium,
            device_type=agent.device_type,
            browser=agent.browser,
            os=agent.os,
            utm_source=campaign.source,
            utm_medium=campaign.medium,
            utm_campaign=campaign.name,
        )

    def _event_id(self, line: bytes, fields: LogLine) -> str:
        """The same for the n-th line of this content in every file. Keyed, since the content holds the address."""
        content = hashlib.blake2b(line, digest_size=_ID_BYTES, key=self._key, person=b"log line")
        digest = content.digest()
        nth = self._occurrences.count(fields.time, int.from_bytes(digest[:_KEY_BYTES]))
        if nth > 1:
            content.update(b"\n%d" % nth)  # no line holds a line feed
        return content.hexdigest()
