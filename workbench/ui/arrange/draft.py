"""An arrangement that is not saved yet: its steps, which can be undone and done again, and what the editor said.

The editor in the browser proposes; `stats_core.panels.layout` says where panels then stand, and that is drawn.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from stats_core.panels.layout import Box, arrange
from stats_core.panels.panel import PanelSpec

Boxes = Mapping[str, Box]  # by panel id

log = logging.getLogger(__name__)


class Message(BaseModel):
    """What the editor says: that panels were moved, with all their boxes, or what a key asked for.

    Attributes:
        number: Counts up, so that each is taken once: the editor repeats those it has no answer to.
        did: What was done.
        boxes: x, y, width and height by panel id, for "move".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    number: int
    did: Literal["move", "undo", "redo", "leave"]
    boxes: Mapping[str, Sequence[int]] = {}


_MESSAGES = TypeAdapter(list[Message])


def read_messages(value: Any) -> list[Message]:
    """The messages in the editor's state; none where it is not what our editor sends."""
    try:
        return _MESSAGES.validate_python(value or [])
    except ValidationError:
        log.warning("The editor of arrangements sent what cannot be read", exc_info=True)
        return []


@dataclass(frozen=True, slots=True)
class Draft:
    """Arrangements of one dashboard's panels, one after the other.

    Attributes:
        steps: The stored one first, then one per step.
        at: Index of the one that is shown.
        taken: Number of the last message that is in here.
    """

    steps: tuple[Boxes, ...]
    at: int = 0
    taken: int = 0

    @property
    def stored(self) -> Boxes:
        """Where it began."""
        return self.steps[0]

    @property
    def boxes(self) -> Boxes:
        """Where panels stand in it now."""
        return self.steps[self.at]

    @property
    def changed(self) -> bool:
        """Whether there is anything to save."""
        return self.boxes != self.stored

    @property
    def can_redo(self) -> bool:
        """Whether a step was undone."""
        return self.at + 1 < len(self.steps)

    def moved(self, boxes: Boxes) -> Draft:
        """One step further; what was undone is gone. The same draft if nothing stands elsewhere."""
        if boxes == self.boxes:
            return self
        return replace(self, steps=(*self.steps[: self.at + 1], boxes), at=self.at + 1)

    def undone(self) -> Draft:
        """One step back, if there is one."""
        return replace(self, at=max(self.at - 1, 0))

    def redone(self) -> Draft:
        """One step forward again, if one was undone."""
        return replace(self, at=min(self.at + 1, len(self.steps) - 1))

    def anew(self, stored: Boxes) -> Draft:
        """Nothing changed from what is stored."""
        return Draft((stored,), taken=self.taken)

    def heard(self, messages: Iterable[Message], panels: Sequence[PanelSpec]) -> Draft:
        """With what the editor said since the last time."""
        draft = self
        for message in messages:
            if message.number > draft.taken:
                draft = replace(_followed(draft, message, panels), taken=message.number)
        return draft


def _followed(draft: Draft, message: Message, panels: Sequence[PanelSpec]) -> Draft:
    match message.did:
        case "move":
            boxes = {panel_id: Box(*four) for panel_id, four in message.boxes.items() if len(four) == 4}  # noqa: PLR2004 - x, y, w, h
            return draft.moved(settled(panels, {**draft.boxes, **boxes}))
        case "undo":
            return draft.undone()
        case "redo":
            return draft.redone()
        case "leave":
            return draft


def boxes_of(panels: Iterable[PanelSpec]) -> Boxes:
    """Where the panels are stored."""
    return {panel.id or "": Box(panel.x, panel.y, panel.width, panel.height) for panel in panels}


def settled(panels: Sequence[PanelSpec], boxes: Boxes) -> Boxes:
    """Where the panels stand if they are to stand in these boxes; exactly there if that can be drawn."""
    stored = boxes_of(panels)
    ids = list(stored)
    placed = arrange([(panel.type, boxes.get(at, stored[at])) for at, panel in zip(ids, panels, strict=True)])
    return dict(zip(ids, placed, strict=True))


def placed(panels: Sequence[PanelSpec], boxes: Boxes) -> tuple[PanelSpec, ...]:
    """The panels in these boxes, in reading order; one without a box stays, if nothing pushes it down."""
    at = settled(panels, boxes)
    moved = [
        panel.model_copy(update={"x": box.x, "y": box.y, "width": box.width, "height": box.height})
        for panel, box in zip(panels, at.values(), strict=True)
    ]
    return tuple(sorted(moved, key=lambda panel: (panel.y, panel.x, panel.id)))
