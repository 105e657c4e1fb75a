"""The dashboards and panels that are stored: each change is validated, drawn without overlaps, and one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from stats_core import ids
from stats_core.database import Database
from stats_core.errors import ConflictError, ExpectedError, InvalidOptionsError, NotFoundError, Problem, nearest
from stats_core.models import StatsDashboard, StatsPanel
from stats_core.panels import history
from stats_core.panels.dashboard import (
    NAME_LENGTH,
    RANGE,
    Audience,
    Dashboard,
    DashboardFields,
    DashboardSummary,
    Page,
    audience_of,
    checked_fields,
    context_of,
    metadata_problems,
)
from stats_core.panels.dashboard_file import (
    DashboardFile,
    document_in,
    document_of,
    dumped,
    file_problems,
    raw_panels,
    to_yaml,
)
from stats_core.panels.difference import Difference, difference
from stats_core.panels.display import Display
from stats_core.panels.layout import Box, arrange, free_row
from stats_core.panels.panel import PanelSpec, PanelType
from stats_core.panels.resolver import Resolver
from stats_core.panels.values import model_problems, plain, under
from stats_core.panels.variables import DashboardContext, Variable, references

MAX_LIMIT = 500
COPY = " (copy)"
_CREATING: Final = 0x5747_6461_7368_0001  # PostgreSQL's lock of those who look whether a name is there, then create it
_FIXED = ("id", "dashboard_id", "updated_at")  # of a panel: not the caller's to change
_CALL = frozenset({"type", "operation_type", "operation_version", "operation_options"})
_BOX = ("x", "y", "width", "height")
_OUTSIDE_OPTIONS = ("operation_type", "operation_version", "variables.")  # problems of these are not in the options

RowT = TypeVar("RowT", StatsDashboard, StatsPanel)


@dataclass(frozen=True, slots=True)
class StoredProblem:
    """What is wrong with something stored; no panel where it is the dashboard itself."""

    dashboard_id: str
    dashboard_name: str
    problem: Problem
    panel_id: str | None = None
    panel_name: str | None = None

    def __str__(self) -> str:
        panel = f", panel {self.panel_name!r} ({self.panel_id})" if self.panel_id else ""
        return f"Dashboard {self.dashboard_name!r} ({self.dashboard_id}){panel}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What importing a file would do.

    Attributes:
        name: Of the dashboard in the file.
        dashboard_id: Of the stored dashboard that changes; None where a new one is made.
        difference: What would change; nothing where it is false.
    """

    name: str
    dashboard_id: str | None
    difference: Difference


class Dashboards:
    """CRUD of dashboards and panels, their YAML files, and their last versions: every change here is recorded.

    Args:
        database: Where they are stored.
        resolver: Says whether a panel's options are valid.
        clock: Gives the current moment, aware.
        author: Who makes the changes, as far as that is known.
    """

    def __init__(
        self, database: Database, resolver: Resolver, clock: Callable[[], datetime], *, author: str | None = None
    ) -> None:
        self._database, self._resolver, self._clock, self._author = database, resolver, clock, author

    def by(self, author: str | None) -> Dashboards:
        """The same dashboards, changed in this name."""
        return Dashboards(self._database, self._resolver, self._clock, author=author)

    # Dashboards

    def list(
        self, q: str | None = None, limit: int = 50, offset: int = 0, *, audience: Audience | None = None
    ) -> Page[DashboardSummary]:
        """Dashboards by name whose name or description contains `q`, in whatever case; of one audience, or of all.

        Raises:
            InvalidOptionsError: limit is not 1 to 500, or offset negative.
        """
        _check_page(limit, offset)
        # Sorted and searched here: the engines differ in both (SQLite folds ASCII only), and dashboards are few.
        found = sorted(self._summaries(q or "", audience), key=lambda item: (item.name.casefold(), item.name, item.id))
        return Page(items=tuple(found[offset : offset + limit]), total=len(found), limit=limit, offset=offset)

    def create(self, name: str, *, panels: Iterable[PanelSpec] = (), **fields: Any) -> Dashboard:
        """A new dashboard, with panels if any are given.

        Args:
            name: Title of the page.
            panels: They get ids of their own.
            fields: description, icon, color, metadata.

        Raises:
            InvalidOptionsError: One problem per fault of the fields and of the panels (`panels[2].operation_options…`).
        """
        checked = checked_fields({"name": name, **fields})
        specs = self._checked_all(panels, context_of(checked.metadata))
        with self._database.write() as session:
            return self._created(session, checked, _without_ids(specs))

    def ensure(self, name: str, *, panels: Iterable[PanelSpec] = (), **fields: Any) -> Dashboard | None:
        """The same unless there is a dashboard of that name; None then. Two processes at once create one."""
        checked = checked_fields({"name": name, **fields})
        specs = self._checked_all(panels, context_of(checked.metadata))
        with self._database.write() as session:
            self._create_alone(session)
            if session.scalar(select(StatsDashboard.id).where(StatsDashboard.name == checked.name).limit(1)):
                return None
            return self._created(session, checked, _without_ids(specs))

    def get(self, dashboard_id: str) -> Dashboard:
        """The dashboard with its panels in reading order.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.read() as session:
            return _dashboard(_row(session, StatsDashboard, "dashboard", dashboard_id))

    def update(self, dashboard_id: str, **fields: Any) -> Dashboard:
        """The dashboard with the given fields changed: name, description, icon, color, metadata.

        Raises:
            NotFoundError: There is none.
            InvalidOptionsError: A field does not validate, or a panel uses a variable that would be gone.
        """
        with self._database.write() as session:
            row = _locked(session, dashboard_id)
            changed = checked_fields({**_fields(row), **fields})
            if "metadata" in fields:
                _check_references(row, context_of(changed.metadata))
            with self._recorded(session, row):
                self._store_fields(row, changed)
            return _dashboard(row)

    def delete(self, dashboard_id: str) -> None:
        """Away with it, its panels and its history.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.write() as session:
            session.delete(_row(session, StatsDashboard, "dashboard", dashboard_id))

    def duplicate(self, dashboard_id: str) -> Dashboard:
        """A copy named "… (copy)"; it and its panels have ids of their own.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.write() as session:
            source = _dashboard(_row(session, StatsDashboard, "dashboard", dashboard_id))
            fields = DashboardFields(
                name=source.name[: NAME_LENGTH - len(COPY)] + COPY,
                **source.model_dump(include={"description", "icon", "color", "metadata"}),
            )
            specs = _without_ids(source.panels)
            return self._created(session, fields, specs, action=f"Duplicated from {source.name!r}.")

    # Panels

    def panel(self, panel_id: str) -> PanelSpec:
        """The panel, on its dashboard.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.read() as session:
            row = _row(session, StatsPanel, "panel", panel_id)
            return _spec(row, context_of(row.dashboard.metadata_))

    def add_panel(self, dashboard_id: str, spec: PanelSpec) -> PanelSpec:
        """The panel, stored under an id of its own; below all others unless it says where.

        Raises:
            NotFoundError: There is no such dashboard.
            InvalidOptionsError: Its options do not validate (`operation_options.filters…`).
        """
        with self._database.write() as session:
            row = _locked(session, dashboard_id)
            context = context_of(row.metadata_)
            box = _wished(spec)
            if not {"x", "y"} & spec.model_fields_set:
                box = replace(box, x=0, y=free_row(map(_box, row.panels)))
            with self._recorded(session, row):
                panel = self._added(row, self._checked(spec.on(context)), ids.panel_id())
                self._settle(row, {panel.id: box}, moved=panel)
            return _spec(panel, context)

    def update_panel(self, panel_id: str, **changes: Any) -> PanelSpec:
        """The panel with the given fields changed; answers older than this are not shown any more.

        Options that are given without a version are of the operation's current one.

        Raises:
            NotFoundError: There is none.
            InvalidOptionsError: A field or the options do not validate.
        """
        with self._database.write() as session:
            row, panel = _locked_with_panel(session, panel_id)
            context = context_of(row.metadata_)
            spec = _changed(_spec(panel, context), changes).on(context)
            spec = self._checked(spec) if _CALL & changes.keys() else _storable(spec)
            with self._recorded(session, row):
                _store(panel, spec)
                _touch(panel, self._clock())
                self._settle(row, {panel.id: _wished(spec)}, moved=panel if set(_BOX) & changes.keys() else None)
            return _spec(panel, context)

    def delete_panel(self, panel_id: str) -> None:
        """Away with it; the others stay where they are.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.write() as session:
            row, panel = _locked_with_panel(session, panel_id)
            with self._recorded(session, row):
                row.panels.remove(panel)
                _touch(row, self._clock())

    def arrange(
        self, dashboard_id: str, boxes: Mapping[str, Box], *, seen: Mapping[str, Box] | None = None
    ) -> Dashboard:
        """The dashboard with panels moved to these boxes, by panel id; kept answers stay good.

        Args:
            dashboard_id: Which one.
            boxes: Where its panels shall stand; one that is not named stays, if nothing pushes it down.
            seen: The box of each panel when the caller began. None: whatever happened meanwhile.

        Raises:
            NotFoundError: There is no such dashboard, or it has no such panel.
            ConflictError: A panel was moved, added or deleted since it was `seen`; nothing was changed.
        """
        with self._database.write() as session:
            row = _locked(session, dashboard_id)
            if seen is not None and seen != {panel.id: _box(panel) for panel in row.panels}:
                message = f"The panels of {row.name!r} were moved, added or deleted meanwhile."
                raise ConflictError(message, hint="Look at it as it is now, then arrange it again.")
            if missing := boxes.keys() - {panel.id for panel in row.panels}:
                raise NotFoundError("panel", min(missing), hint=f"The dashboard {row.name!r} has none of this id.")
            with self._recorded(session, row):
                self._settle(row, boxes)
            return _dashboard(row)

    # Files

    def export_yaml(self, dashboard_id: str) -> str:
        """The dashboard as a file: the same bytes as long as it is the same.

        Raises:
            NotFoundError: There is none.
        """
        return to_yaml(self.get(dashboard_id))

    def import_yaml(self, text: str, *, seen: Plan | None = None) -> Dashboard:
        """The dashboard in a file: the stored one of its id becomes what the file says, or a new one is made.

        Panels keep their ids; stored ones that the file does not have are deleted.

        Args:
            text: Of the file.
            seen: What `plan_yaml` said that this would do. None: whatever it does now.

        Raises:
            InvalidOptionsError: One problem per fault, with its place in the file; nothing was changed.
            ConflictError: A panel's id belongs to another dashboard, or something else would be changed than was
                `seen`; nothing was changed.
        """
        file, fields, specs = self._from_file(text)
        with self._database.write() as session:
            self._create_alone(session)
            row = session.get(StatsDashboard, file.id, with_for_update=True) if file.id else None
            plan = _plan(session, row, file, fields, specs)
            if seen is not None and seen != plan:
                message = f"The dashboard {plan.name!r} was changed meanwhile: the file would do something else now."
                raise ConflictError(message, hint="Look at what it would do now, then import it.")
            if row is None:
                return self._created(session, fields, specs, dashboard_id=file.id, action="Imported from a file.")
            with self._recorded(session, row, f"Imported from a file. {plan.difference}"):
                self._become(row, fields, specs)
            return _dashboard(row)

    def plan_yaml(self, text: str) -> Plan:
        """What `import_yaml` would do; nothing is changed.

        Raises:
            InvalidOptionsError: One problem per fault, with its place in the file.
            ConflictError: A panel's id belongs to another dashboard.
        """
        file, fields, specs = self._from_file(text)
        with self._database.read() as session:
            row = session.get(StatsDashboard, file.id) if file.id else None
            return _plan(session, row, file, fields, specs)

    # Versions

    def history(self, dashboard_id: str) -> tuple[history.Version, ...]:
        """Its last versions, the newest first; none of a dashboard that has not changed since they are recorded.

        Raises:
            NotFoundError: There is no such dashboard.
        """
        with self._database.read() as session:
            _row(session, StatsDashboard, "dashboard", dashboard_id)
            return history.versions(session, dashboard_id)

    def version_yaml(self, dashboard_id: str, number: int) -> str:
        """A version of it as a file.

        Raises:
            NotFoundError: There is no such dashboard, or no such version is kept.
        """
        with self._database.read() as session:
            _row(session, StatsDashboard, "dashboard", dashboard_id)
            return dumped(_in_order(history.document(session, dashboard_id, number)))

    def compare(self, dashboard_id: str, number: int, *, since: bool = False) -> Difference:
        """What restoring a version would change.

        Args:
            dashboard_id: Which one.
            number: Of the version.
            since: The other way round: what was changed since then.

        Raises:
            NotFoundError: There is no such dashboard, or no such version is kept.
        """
        with self._database.read() as session:
            now = _document(_row(session, StatsDashboard, "dashboard", dashboard_id))
            then = history.document(session, dashboard_id, number)
            return difference(then, now) if since else difference(now, then)

    def restore(self, dashboard_id: str, number: int, *, seen: int | None = None) -> Dashboard:
        """The dashboard as it was in a version, as a new version: nothing in between is lost.

        Panels that were deleted since come back under their ids. What does not validate any more comes back too, and
        says so where it is shown: an attached database that is away must not keep anybody from undoing a mistake.

        Args:
            dashboard_id: Which one.
            number: Of the version.
            seen: The newest version that the caller knows. None: whatever was changed meanwhile.

        Raises:
            NotFoundError: There is no such dashboard, or no such version is kept.
            ConflictError: There is a newer version than was `seen`, or a panel's id belongs to another dashboard
                now; nothing was changed.
        """
        with self._database.write() as session:
            row = _locked(session, dashboard_id)
            newest = history.newest_number(session, dashboard_id)
            if seen is not None and newest > seen:
                message = f"The dashboard {row.name!r} was changed meanwhile: version {newest} is new."
                raise ConflictError(message, hint="Look at what was changed, then restore.")
            file = DashboardFile.model_validate(history.document(session, dashboard_id, number))
            _refuse_foreign_panels(session, file)
            context = context_of(file.metadata)
            with self._recorded(session, row, f"Restored version {number}."):
                self._become(row, file, [panel.on(context) for panel in file.panels])
            return _dashboard(row)

    # Checks

    def check(self) -> tuple[StoredProblem, ...]:
        """Everything stored that does not validate any more, with the reason: for `workbench check`."""
        with self._database.read() as session:
            rows = session.scalars(select(StatsDashboard).order_by(StatsDashboard.name, StatsDashboard.id)).all()
            return tuple(problem for row in rows for problem in self._problems(row))

    # Inside

    def _from_file(self, text: str) -> tuple[DashboardFile, DashboardFields, Sequence[PanelSpec]]:
        """The file, its fields, and its panels as they may be stored: where they can be drawn.

        Raises:
            InvalidOptionsError: Every fault of all of it.
        """
        document = document_in(text)
        given = document.get("metadata")
        metadata = given if isinstance(given, dict) else {}
        faults = metadata_problems(metadata)
        # Panels of the right shape are judged even where other parts have none: a person mends all of it at once.
        drafts = [(i, spec) for i, panel in enumerate(raw_panels(document)) if (spec := _draft(panel)) is not None]
        specs, problems = self._judged(drafts, _context_despite(faults, metadata))
        if problems := [*file_problems(document), *under("metadata", faults), *problems]:
            raise InvalidOptionsError(problems)
        file = DashboardFile.model_validate(document)
        return file, checked_fields(file.model_dump(include=set(DashboardFields.model_fields))), _settled(specs)

    @contextmanager
    def _recorded(self, session: Session, row: StatsDashboard, action: str = "") -> Iterator[None]:
        """What the block does to a locked dashboard becomes its next version; it tells itself what that was."""
        before = _document(row)
        yield
        session.flush()
        after = _document(row)
        told = action or str(difference(before, after))
        history.record(session, row.id, before, after, history.Stamp(self._author, told, self._clock()))

    def _summaries(self, q: str, audience: Audience | None) -> Iterable[DashboardSummary]:
        panels = select(func.count()).where(StatsPanel.dashboard_id == StatsDashboard.id).scalar_subquery()
        with self._database.read() as session:
            rows = session.execute(select(StatsDashboard, panels)).all()
        return [
            _summary(row, count)
            for row, count in rows
            if (q.casefold() in row.name.casefold() or q.casefold() in (row.description or "").casefold())
            and audience in {None, audience_of(row.metadata_)}
        ]

    def _create_alone(self, session: Session) -> None:
        """Until this transaction ends nobody else creates: on SQLite writers are alone anyway."""
        if self._database.dialect == "postgresql":
            session.execute(select(func.pg_advisory_xact_lock(_CREATING)))

    def _created(
        self,
        session: Session,
        fields: DashboardFields,
        specs: Sequence[PanelSpec],
        *,
        dashboard_id: str | None = None,
        action: str = "Created.",
    ) -> Dashboard:
        now = self._clock()
        row = StatsDashboard(id=dashboard_id or ids.dashboard_id(), created_at=now, updated_at=now, panels=[])
        self._become(row, fields, specs)
        session.add(row)
        session.flush()
        history.record(session, row.id, {}, _document(row), history.Stamp(self._author, action, now))
        return _dashboard(row)

    def _become(self, row: StatsDashboard, fields: DashboardFields, specs: Sequence[PanelSpec]) -> None:
        self._store_fields(row, fields)
        self._replace_panels(row, specs)

    def _store_fields(self, row: StatsDashboard, fields: DashboardFields) -> None:
        row.name, row.description = fields.name, fields.description
        row.icon, row.color, row.metadata_ = fields.icon, fields.color, fields.metadata
        _touch(row, self._clock())

    def _replace_panels(self, row: StatsDashboard, specs: Sequence[PanelSpec]) -> None:
        """The dashboard has these panels and no others; those that stay as they were keep their answers."""
        before = {panel.id: panel for panel in row.panels}
        boxes = {}
        for spec in specs:
            panel = before.pop(spec.id or "", None)
            if panel is None:
                panel = self._added(row, spec, spec.id or ids.panel_id())
            elif _columns(_spec(panel, spec.context)) != _columns(spec):
                _store(panel, spec)
                _touch(panel, self._clock())
            boxes[panel.id] = _wished(spec)
        for panel in before.values():
            row.panels.remove(panel)
        self._settle(row, boxes)

    def _added(self, row: StatsDashboard, spec: PanelSpec, panel_id: str) -> StatsPanel:
        now = self._clock()
        panel = StatsPanel(
            id=panel_id, dashboard_id=row.id, x=0, y=0, width=1, height=1, created_at=now, updated_at=now
        )
        _store(panel, spec)
        row.panels.append(panel)
        return panel

    def _settle(self, row: StatsDashboard, boxes: Mapping[str, Box], *, moved: StatsPanel | None = None) -> None:
        """Put the panels where they can be drawn, as near as possible to the boxes wished."""
        panels = list(row.panels)
        wished = [(cast("PanelType", panel.type), boxes.get(panel.id) or _box(panel)) for panel in panels]
        placed = arrange(wished, moved=panels.index(moved) if moved is not None else None)
        for panel, box in zip(panels, placed, strict=True):
            if box != _box(panel):
                panel.x, panel.y, panel.width, panel.height = box.x, box.y, box.width, box.height
                _touch(panel, panel.updated_at)  # moving it makes no answer old
        _touch(row, self._clock())

    def _checked_all(self, specs: Iterable[PanelSpec], context: DashboardContext) -> Sequence[PanelSpec]:
        """The panels as they may be stored, or every fault of every panel."""
        checked, problems = self._judged(enumerate(specs), context)
        if problems:
            raise InvalidOptionsError(problems)
        return checked

    def _judged(
        self, specs: Iterable[tuple[int, PanelSpec]], context: DashboardContext
    ) -> tuple[Sequence[PanelSpec], Sequence[Problem]]:
        """The panels that may be stored, as they may be, and what is wrong with the others; given with their places."""
        checked, problems = [], []
        for i, spec in specs:
            try:
                checked.append(self._checked(spec.on(context)))
            except ExpectedError as error:
                problems += under(f"panels[{i}]", error.problems)
        return checked, problems

    def _checked(self, spec: PanelSpec) -> PanelSpec:
        """The panel as it may be stored: with the version of its options.

        Raises:
            InvalidOptionsError: Paths begin at the panel (`operation_options.entity`).
        """
        if spec.type == "label":
            if spec.operation_type is not None:
                message = "A label has no operation."
                raise InvalidOptionsError([Problem("operation_type", message, "Remove it, or choose another type.")])
            return _storable(spec)
        if problems := self._call_problems(spec):
            raise InvalidOptionsError(problems)
        current = self._resolver.registry[spec.operation_type or ""].version
        return _storable(spec.model_copy(update={"operation_version": spec.operation_version or current}))

    def _call_problems(self, spec: PanelSpec) -> Sequence[Problem]:
        try:
            self._resolver.validate(spec)
        except InvalidOptionsError as error:
            return [
                problem if problem.path.startswith(_OUTSIDE_OPTIONS) else under("operation_options", [problem])[0]
                for problem in error.problems
            ]
        return ()

    def _problems(self, row: StatsDashboard) -> Iterator[StoredProblem]:
        for problem in under("metadata", metadata_problems(row.metadata_)):
            yield StoredProblem(row.id, row.name, problem)
        context = context_of(row.metadata_)
        for panel in row.panels:
            spec = _spec(panel, context)
            for problem in (*_display_problems(panel.display), *self._call_problems(spec)):
                yield StoredProblem(row.id, row.name, problem, panel.id, panel.name)


# Rows and values


def _row(session: Session, model: type[RowT], kind: str, row_id: str) -> RowT:
    if (row := session.get(model, row_id)) is None:
        raise NotFoundError(kind, row_id)
    return row


def _locked(session: Session, dashboard_id: str) -> StatsDashboard:
    """The dashboard with its panels, which nobody else changes until this transaction ends."""
    row = session.get(StatsDashboard, dashboard_id, with_for_update=True)
    if row is None:
        raise NotFoundError("dashboard", dashboard_id)
    return row


def _locked_with_panel(session: Session, panel_id: str) -> tuple[StatsDashboard, StatsPanel]:
    dashboard_id = session.scalar(select(StatsPanel.dashboard_id).where(StatsPanel.id == panel_id))
    row = session.get(StatsDashboard, dashboard_id, with_for_update=True) if dashboard_id else None
    found = [panel for panel in row.panels if panel.id == panel_id] if row is not None else []
    if row is None or not found:
        raise NotFoundError("panel", panel_id)
    return row, found[0]


def _touch(row: StatsDashboard | StatsPanel, now: datetime) -> None:
    """Changed at `now`, also if that is what stands there: the database would put its own clock's time otherwise."""
    row.updated_at = now
    flag_modified(row, "updated_at")


def _document(row: StatsDashboard) -> dict[str, Any]:
    """The dashboard as its file and its versions have it."""
    dashboard = _dashboard(row)
    return document_of(dashboard, dashboard.panels, dashboard.id)


def _plan(
    session: Session,
    row: StatsDashboard | None,
    file: DashboardFile,
    fields: DashboardFields,
    specs: Sequence[PanelSpec],
) -> Plan:
    _refuse_foreign_panels(session, file)
    stored = _document(row) if row is not None else {}
    found = difference(stored, document_of(fields, specs, file.id))
    return Plan(fields.name, row.id if row is not None else None, found)


def _summary(row: StatsDashboard, panel_count: int) -> DashboardSummary:
    return DashboardSummary(
        id=row.id,
        name=row.name,
        description=row.description,
        icon=row.icon,
        color=row.color,
        panel_count=panel_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _fields(row: StatsDashboard) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.description,
        "icon": row.icon,
        "color": row.color,
        "metadata": row.metadata_,
    }


def _dashboard(row: StatsDashboard) -> Dashboard:
    context = context_of(row.metadata_)
    panels = sorted(row.panels, key=lambda panel: (panel.y, panel.x, panel.id))
    return Dashboard(
        id=row.id,
        **_fields(row),
        panels=tuple(_spec(panel, context) for panel in panels),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _spec(panel: StatsPanel, context: DashboardContext) -> PanelSpec:
    return PanelSpec(
        id=panel.id,
        dashboard_id=panel.dashboard_id,
        name=panel.name,
        type=cast("PanelType", panel.type),
        x=panel.x,
        y=panel.y,
        width=panel.width,
        height=panel.height,
        operation_type=panel.operation_type,
        operation_version=panel.operation_version,
        operation_options=panel.operation_options,
        display=_display(panel.display),
        cache_ttl_seconds=panel.cache_ttl_seconds,
        metadata=panel.metadata_,
        updated_at=panel.updated_at,
    ).on(context)


def _columns(spec: PanelSpec) -> dict[str, Any]:
    """What is stored of a panel, but for its box and its place in time."""
    return {
        "name": spec.name,
        "type": spec.type,
        "operation_type": spec.operation_type,
        "operation_version": spec.operation_version,
        "operation_options": spec.operation_options,
        "display": spec.display.model_dump(mode="json", exclude_defaults=True),
        "cache_ttl_seconds": spec.cache_ttl_seconds,
        "metadata_": spec.metadata,
    }


def _store(panel: StatsPanel, spec: PanelSpec) -> None:
    for name, value in _columns(spec).items():
        setattr(panel, name, value)


def _storable(spec: PanelSpec) -> PanelSpec:
    """The panel with documents of plain JSON."""
    problems: list[Problem] = []
    update: dict[str, Any] = {}
    for name, templates in (("name", True), ("operation_options", False), ("metadata", True)):
        try:
            update[name] = plain(getattr(spec, name), templates=templates)
        except InvalidOptionsError as error:
            problems += under(name, error.problems)
    try:
        plain(spec.display.model_dump(mode="json"), templates=True)
    except InvalidOptionsError as error:
        problems += under("display", error.problems)
    if problems:
        raise InvalidOptionsError(problems)
    return spec.model_copy(update=update)


def _changed(spec: PanelSpec, changes: Mapping[str, Any]) -> PanelSpec:
    known = sorted(PanelSpec.model_fields.keys() - set(_FIXED))
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise InvalidOptionsError(
            Problem(name, f"A panel has no {name!r} that could be changed.", nearest(name, known)) for name in unknown
        )
    anew = {"operation_version": None} if {"operation_type", "operation_options"} & changes.keys() else {}
    try:
        return PanelSpec.model_validate({**spec.model_dump(), **anew, **changes})
    except ValidationError as error:
        raise InvalidOptionsError(model_problems(error, changes, PanelSpec)) from error


def _wished(spec: PanelSpec) -> Box:
    return Box(spec.x, spec.y, spec.width, spec.height)


def _box(panel: StatsPanel) -> Box:
    return Box(panel.x, panel.y, panel.width, panel.height)


def _settled(specs: Sequence[PanelSpec]) -> Sequence[PanelSpec]:
    """The panels where they can be drawn: to store them moves none of them."""
    boxes = arrange([(spec.type, _wished(spec)) for spec in specs])
    return [
        spec.model_copy(update={"x": box.x, "y": box.y, "width": box.width, "height": box.height})
        for spec, box in zip(specs, boxes, strict=True)
    ]


def _draft(panel: Any) -> PanelSpec | None:
    """A panel of a file, if it has the shape of one."""
    try:
        return PanelSpec.model_validate(panel)
    except ValidationError:
        return None


def _context_despite(faults: Iterable[Problem], metadata: Mapping[str, Any]) -> DashboardContext:
    """The context, where faulty variables have no value: a panel that reads one is not at fault itself."""
    context = context_of(metadata)
    paths = [fault.path for fault in faults if fault.path == RANGE or fault.path.startswith("variables.")]
    faulty = {path.removeprefix("variables.").split(".")[0] for path in paths}
    return replace(context, variables={**context.variables, **{name: Variable(type="text") for name in faulty}})


def _in_order(document: Mapping[str, Any]) -> dict[str, Any]:
    """A stored document with its keys where a file has them: PostgreSQL keeps no order."""
    file = DashboardFile.model_validate(document)
    return document_of(file, file.panels, file.id)


def _without_ids(specs: Iterable[PanelSpec]) -> Sequence[PanelSpec]:
    return [spec.model_copy(update={"id": None}) for spec in specs]


def _display(document: Mapping[str, Any]) -> Display:
    """How a panel is shown, as far as this version understands it: one key of another must not hide the panel."""
    try:
        return Display.model_validate(document)
    except ValidationError as error:
        faulty = {fault["loc"][0] for fault in error.errors()}
        return Display.model_validate({key: value for key, value in document.items() if key not in faulty})


def _display_problems(document: Mapping[str, Any]) -> Sequence[Problem]:
    try:
        Display.model_validate(document)
    except ValidationError as error:
        return under("display", model_problems(error, document, Display))
    return ()


def _check_references(row: StatsDashboard, context: DashboardContext) -> None:
    """Refuse to take a variable away that a panel reads."""
    problems = [
        Problem(
            f"metadata.variables.{name}",
            f"The panel {panel.name!r} reads the variable {name!r}.",
            "Keep the variable, or change the panel first.",
        )
        for panel in row.panels
        for _, name in references(panel.operation_options)
        if name not in context.variables
    ]
    if problems:
        raise InvalidOptionsError(problems)


def _refuse_foreign_panels(session: Session, file: DashboardFile) -> None:
    places = {panel.id: i for i, panel in enumerate(file.panels) if panel.id is not None}
    taken = select(StatsPanel.id, StatsPanel.dashboard_id).where(StatsPanel.id.in_(places))
    for panel_id, dashboard_id in session.execute(taken):
        if dashboard_id != file.id:
            message = f"The panel {panel_id!r} belongs to the dashboard {dashboard_id!r}."
            hint = "Remove the ids of the panels to import copies."
            raise ConflictError(message, path=f"panels[{places[panel_id]}].id", hint=hint)


def _check_page(limit: int, offset: int) -> None:
    problems = []
    if not 1 <= limit <= MAX_LIMIT:
        problems.append(Problem("limit", f"{limit} is not between 1 and {MAX_LIMIT}."))
    if offset < 0:
        problems.append(Problem("offset", f"{offset} is negative."))
    if problems:
        raise InvalidOptionsError(problems)
