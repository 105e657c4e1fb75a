"""What is different between two states of a dashboard: a file and what is stored, or two versions of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["added", "changed", "removed"]
Document = Mapping[str, Any]  # of a dashboard, as `document_of` makes it

_OF_THE_FILE: Final = ("kind", "version", "id", "panels")
_BOX: Final = frozenset({"x", "y", "width", "height"})
_NAMED: Final = 4  # things that a sentence names one by one
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that is different; None where it was or will be absent."""

    kind: Kind
    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class PanelChange:
    """A panel that is different.

    Attributes:
        kind: Whether it comes, goes, or stays and changes.
        path: Its place: `panels[2]` of the state after; of the one before, if it goes.
        panel_id: None for one that has none yet.
        name: Its title; its new one where that changes.
        type: As the name.
        fields: What changes of it (`operation_options.filters.status`); nothing where it comes or goes.
    """

    kind: Kind
    path: str
    panel_id: str | None
    name: str
    type: str
    fields: tuple[FieldChange, ...] = ()

    @property
    def is_move(self) -> bool:
        """Whether nothing but its place and size changes."""
        return self.kind == "changed" and {change.path for change in self.fields} <= _BOX

    @property
    def title(self) -> str:
        """Its name in quotes, or what it is."""
        return repr(self.name) if self.name else f"a {self.type}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that is different; it is false where nothing is.

    Attributes:
        fields: Of the dashboard itself: `name`, `metadata.variables.website`.
        panels: Those that come or change, in their order after; then those that go.
    """

    fields: tuple[FieldChange, ...] = ()
    panels: tuple[PanelChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.panels)

    def __str__(self) -> str:
        """In words, such as `Changed name. Moved 3 panels.` for a person."""
        return " ".join(_sentences(self)) or "Nothing changed."


def difference(before: Document, after: Document) -> Difference:
    """What has to change for `before` to become `after`. Panels are the same where their ids are.

    Args:
        before: A dashboard's document; empty where there is none yet.
        after: A dashboard's document.
    """
    return Difference(
        tuple(_fields(_without(before, _OF_THE_FILE), _without(after, _OF_THE_FILE))),
        tuple(_panels(before.get("panels", ()), after.get("panels", ()))),
    )


def _panels(before: Sequence[Document], after: Sequence[Document]) -> Iterator[PanelChange]:
    stored = {panel["id"]: panel for panel in before if "id" in panel}
    for i, panel in enumerate(after):
        known = stored.get(panel.get("id"))
        if known is None:
            yield _panel("added", i, panel)
        elif fields := tuple(_fields(_without(known, ("id",)), _without(panel, ("id",)))):
            yield _panel("changed", i, panel, fields)
    staying = {panel.get("id") for panel in after}
    for i, panel in enumerate(before):
        if panel.get("id") not in staying:
            yield _panel("removed", i, panel)


def _panel(kind: Kind, at: int, panel: Document, fields: tuple[FieldChange, ...] = ()) -> PanelChange:
    return PanelChange(kind, f"panels[{at}]", panel.get("id"), panel.get("name", ""), panel["type"], fields)


def _fields(before: Document, after: Document, prefix: str = "") -> Iterator[FieldChange]:
    """The leaves that are different: objects are entered, lists are compared as a whole."""
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key, _ABSENT), after.get(key, _ABSENT)
        path = f"{prefix}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping) and old and new:
            yield from _fields(old, new, f"{path}.")
        elif not _equal(old, new):
            yield FieldChange(_kind(old, new), path, _value(old), _value(new))


def _equal(old: Any, new: Any) -> bool:
    """Equal and of one kind: 1 and true are not, 1 and 1.0 are (PostgreSQL does not tell them apart)."""
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _kind(old: Any, new: Any) -> Kind:
    if old is _ABSENT:
        return "added"
    return "removed" if new is _ABSENT else "changed"


def _value(value: Any) -> Any:
    return None if value is _ABSENT else value


def _without(document: Document, keys: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in keys}


# In words


def _sentences(found: Difference) -> Iterator[str]:
    if found.fields:
        yield f"Changed {_listed(_short(change.path) for change in found.fields)}."
    for kind, verb in (("added", "Added"), ("removed", "Removed")):
        if titles := [change.title for change in found.panels if change.kind == kind]:
            yield f"{verb} {_listed(titles)}."
    if changed := [change for change in found.panels if change.kind == "changed" and not change.is_move]:
        yield f"Changed {_listed(_told(change) for change in changed)}."
    if moved := [change for change in found.panels if change.is_move]:
        yield f"Moved {moved[0].title if len(moved) == 1 else f'{len(moved)} panels'}."


def _told(change: PanelChange) -> str:
    return f"{change.title} ({_listed(_short(field.path) for field in change.fields)})"


def _short(path: str) -> str:
    """`metadata.variables.website.default` as `metadata.variables`: the field that a person would name."""
    return ".".join(path.split(".")[:2])


def _listed(names: Iterable[str]) -> str:
    different = list(dict.fromkeys(names))
    shown, more = different[:_NAMED], len(different) - _NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
