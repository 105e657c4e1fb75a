"""Waiting for an event, but not for ever: what background tasks do between two turns."""

from __future__ import annotations

import asyncio


async def happens(event: asyncio.Event, *, within_s: float) -> bool:
    """Whether the event is set before so many seconds are over."""
    try:
        await asyncio.wait_for(event.wait(), within_s)
    except TimeoutError:
        return False
    return True
