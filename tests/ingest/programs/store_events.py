"""Store events of a few visitors through the writer, and print each one's id when it is answered for.

`store_events.py URL SPOOL SEED FIRST LAST`: events number FIRST to LAST of the history that SEED makes. It begins when
a line comes on standard input. A line of output is `id outcome`; what stands there whole was answered.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from ingest.arrivals import Arrival
from ingest.writer import EventWriter, NowhereToStoreError, Pace
from stats_core.database import Database
from stats_core.traffic.sessions import Event

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALLERS = 32
PACE = Pace(patience_s=0.3, check_s=0.05, retry_s=0.05, longest_retry_s=0.5, rescan_s=0.2)


def history(seed: int, first: int, last: int) -> Iterator[Arrival]:
    """Events of twenty visitors: some name their sessions, some do not, some come late."""
    for number in range(first, last):
        rng = Random(f"{seed}-{number}")
        visitor = f"visitor-{rng.randrange(20)}"
        event = Event(
            website_id="site_a",
            event_id=f"{seed}-{number}",
            session_id=rng.choice(["", f"session-{rng.randrange(20)}"]),
            visitor_id=visitor,
            event_type=rng.choice(["pageview", "custom_event"]),
            pathname=f"/{number}",
            timestamp=START + timedelta(seconds=number * 5 - rng.choice([0, 0, 0, 900])),
        )
        yield Arrival(replace(event, event_name="e" if event.event_type == "custom_event" else None))


async def store_all(writer: EventWriter, arrivals: Iterator[Arrival]) -> None:
    async def call() -> None:
        for arrival in arrivals:
            try:
                outcome = await writer.store(arrival)
            except NowhereToStoreError:
                continue
            os.write(1, f"{arrival.event.event_id} {outcome}\n".encode())

    await asyncio.gather(*(call() for _ in range(CALLERS)))


if __name__ == "__main__":
    url, folder, seed, first, last = sys.argv[1:]
    with Database(url) as database, EventWriter(database, Path(folder), pace=PACE) as opened:
        os.write(1, b"ready\n")
        sys.stdin.readline()
        asyncio.run(store_all(opened, history(int(seed), int(first), int(last))))
