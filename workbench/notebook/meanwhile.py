"""What happened to a panel between the moment it was opened and the one it is pinned: nobody's work is written over."""

from __future__ import annotations

from dataclasses import dataclass

from stats_core.panels.dashboard import Dashboard
from stats_core.panels.panel import PanelSpec


@dataclass(frozen=True, slots=True)
class Clash:
    """Why a pin has to ask first.

    Attributes:
        words: What happened, for people.
        theirs: What stands on the dashboard; None where nothing does any more.
    """

    words: str
    theirs: PanelSpec | None


def clash(dashboard: Dashboard, known: PanelSpec | None, name: str) -> Clash | None:
    """What a pin would write over, or bring back, unseen; None where it can go ahead.

    Args:
        dashboard: Where it goes, as it is stored now.
        known: The stored panel as its author saw it last; None for a new one.
        name: Of what is pinned.
    """
    if known is not None and known.dashboard_id == dashboard.id:
        return _changed(next((panel for panel in dashboard.panels if panel.id == known.id), None), known)
    theirs = next((panel for panel in dashboard.panels if name and panel.name == name), None)
    if theirs is None:
        return None
    return Clash(f"{dashboard.name} has a panel named {name} already. Nothing is pinned yet.", theirs)


def _changed(theirs: PanelSpec | None, known: PanelSpec) -> Clash | None:
    if theirs is None:
        words = "Somebody else deleted this panel, or moved it to another dashboard. What you have here is not lost."
        return Clash(words, None)
    if theirs.updated_at == known.updated_at:
        return None
    when = f" ({theirs.updated_at:%Y-%m-%d %H:%M} UTC)" if theirs.updated_at else ""
    words = f"Somebody else changed this panel{when}. Nothing is pinned yet, and what you have here is not lost."
    return Clash(words, theirs)
