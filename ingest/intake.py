"""The way of a tracked body to the writer: stored, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from ingest.arrivals import Arrival, Reason, Refusal, pack
from ingest.clients import Peer, RawHeaders
from ingest.enrich import Enricher, Sender, host_of
from ingest.limiter import RateLimiter
from ingest.payload import MAX_BODY, Page, Payload, cleaned, faults, parse
from ingest.referrers import locate
from ingest.sites import Site, Sites
from ingest.spam import is_spam
from ingest.writer import EventWriter


@dataclass(frozen=True)
class Intake:
    """Takes what clients send.

    Attributes:
        clock: Gives the current moment, aware.
    """

    sites: Sites
    enricher: Enricher
    limiter: RateLimiter
    writer: EventWriter
    clock: Callable[[], datetime]

    async def take(self, body: bytes, peer: Peer, headers: RawHeaders) -> None:
        """Store the event, or count why not; afterwards it is done.

        Raises:
            NowhereToStoreError: The event is good, and neither the database nor the spool can take it.
        """
        verdict = await self._judge(body, self.enricher.sender(peer, headers))
        if isinstance(verdict, Refusal):
            self.writer.refuse(verdict)
        else:
            await self.writer.store(verdict)

    def refuse(self, reason: Reason, detail: str) -> None:
        """Count what cannot be read as an event, of whichever website."""
        self.writer.refuse(Refusal(self.clock(), reason, detail=detail))

    async def _judge(self, body: bytes, sender: Sender) -> Arrival | Refusal:
        now = self.clock()
        if len(body) > MAX_BODY:
            return Refusal(now, Reason.TOO_LARGE, detail=f"The body has more than {MAX_BODY} bytes.")
        try:
            document = parse(body)
        except ValueError:
            return Refusal(now, Reason.NOT_JSON, detail="The body is no JSON.")
        if not isinstance(document, dict):
            return Refusal(now, Reason.INVALID, detail="The body is no JSON object.")
        try:
            payload = Payload.model_validate(document)
        except ValidationError as error:
            return self._invalid(document, sender, faults(error), now)
        site = self.sites.find(payload.website_id) or await self.sites.find_new(payload.website_id)
        return self._weigh(payload, sender, site, now)

    def _invalid(self, document: dict[str, Any], sender: Sender, detail: str, now: datetime) -> Refusal:
        named = document.get("website_id")
        website_id = named if isinstance(named, str) else ""
        if sender.unwanted:
            kept = None
        else:
            kept = {"payload": cleaned(document, lambda field, value: self.enricher.hashed(website_id, field, value))}
        return Refusal(now, Reason.INVALID, website_id if self.sites.find(website_id) else "", detail, kept)

    def _weigh(self, payload: Payload, sender: Sender, site: Site | None, now: datetime) -> Arrival | Refusal:
        website_id = site.id if site is not None else ""
        if sender.unwanted:
            return Refusal(now, sender.unwanted, website_id)
        page = payload.page()
        arrival = self.enricher.arrival(payload, page, sender, site, now)
        refused = self._refused(payload, page, sender, site)
        if refused is None:
            return arrival
        reason, detail = refused
        kept = self._with_hashed_session(arrival, payload)
        body = {"arrival": pack(kept), "hostname": host_of(page, sender)}  # a replay asks for the host again
        return Refusal(now, reason, website_id, detail, body)

    def _with_hashed_session(self, arrival: Arrival, payload: Payload) -> Arrival:
        """Of what is refused no id of the client's is kept; replayed, it is a session of its own."""
        if not payload.session_id:
            return arrival
        session_id = self.enricher.hashed(payload.website_id, "session_id", payload.session_id)
        return replace(arrival, event=replace(arrival.event, session_id=session_id))

    def _refused(self, payload: Payload, page: Page, sender: Sender, site: Site | None) -> tuple[Reason, str] | None:
        """What counts against a limit would otherwise be stored: made-up events do not take the place of others."""
        if site is None:
            return Reason.UNKNOWN_WEBSITE, "There is no website of this id."
        if not site.allows(host := host_of(page, sender)):
            words = "not one of the website's allowed hostnames" if host else "not named, and the website has a list"
            return Reason.FOREIGN_HOSTNAME, f"The page's hostname is {words}."
        if payload.referrer and is_spam(locate(payload.referrer)[1]):
            return Reason.SPAM, "The referrer is known for made-up visits."
        limit = self.limiter.refusal(sender.client.network, site.id)
        return None if limit is None else (limit, "More events came within a minute than the limit allows.")
