"""The dashboards and panels that are stored: each change is validated, drawn without overlaps, and one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stats_core import ids
from stats_core.database import Database
from stats_core.errors import ConflictError, InvalidOptionsError, NotFoundError, Problem
from stats_core.models import StatsDashboard, StatsPanel
from stats_core.panels import history
from stats_core.panels.dashboard import (
    NAME_LENGTH,
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
    document_of,
    dumped,
    to_yaml,
)
from stats_core.panels.difference import Difference, difference
from stats_core.panels.layout import Box, arrange, free_row
from stats_core.panels.panel import PanelSpec, PanelType
from stats_core.panels.resolver import Resolver
from stats_core.panels.rows import (
    columns_of,
    dashboard_of,
    display_problems,
    document_of_row,
    existing,
    fields_of,
    locked,
    locked_with_panel,
    panel_of,
    refuse_foreign_panels,
    stored_box,
    summary_of,
    touch,
    write_panel,
)
from stats_core.panels.storable import Storable, changed_panel, check_references, plain_panel, wished_box
from stats_core.panels.values import under

MAX_LIMIT = 500
COPY = " (copy)"
_CREATING: Final = 0x5747_6461_7368_0001  # PostgreSQL's lock of those who look whether a name is there, then create it
_CALL = frozenset({"type", "operation_type", "operation_version", "operation_options"})
_BOX = ("x", "y", "width", "height")


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
        self._storable = Storable(resolver)

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
        specs = self._storable.every(panels, context_of(checked.metadata))
        with self._database.write() as session:
            return self._created(session, checked, _without_ids(specs))

    def ensure(self, name: str, *, panels: Iterable[PanelSpec] = (), **fields: Any) -> Dashboard | None:
        """The same unless there is a dashboard of that name; None then. Two processes at once create one."""
        checked = checked_fields({"name": name, **fields})
        specs = self._storable.every(panels, context_of(checked.metadata))
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
            return dashboard_of(existing(session, StatsDashboard, "dashboard", dashboard_id))

    def update(self, dashboard_id: str, **fields: Any) -> Dashboard:
        """The dashboard with the given fields changed: name, description, icon, color, metadata.

        Raises:
            NotFoundError: There is none.
            InvalidOptionsError: A field does not validate, or a panel uses a variable that would be gone.
        """
        with self._database.write() as session:
            row = locked(session, dashboard_id)
            changed = checked_fields({**fields_of(row), **fields})
            if "metadata" in fields:
                check_references(row, context_of(changed.metadata))
            with self._recorded(session, row):
                self._store_fields(row, changed)
            return dashboard_of(row)

    def delete(self, dashboard_id: str) -> None:
        """Away with it, its panels and its history.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.write() as session:
            session.delete(existing(session, StatsDashboard, "dashboard", dashboard_id))

    def duplicate(self, dashboard_id: str) -> Dashboard:
        """A copy named "… (copy)"; it and its panels have ids of their own.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.write() as session:
            source = dashboard_of(existing(session, StatsDashboard, "dashboard", dashboard_id))
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
            row = existing(session, StatsPanel, "panel", panel_id)
            return panel_of(row, context_of(row.dashboard.metadata_))

    def add_panel(self, dashboard_id: str, spec: PanelSpec) -> PanelSpec:
        """The panel, stored under an id of its own; below all others unless it says where.

        Raises:
            NotFoundError: There is no such dashboard.
            InvalidOptionsError: Its options do not validate (`operation_options.filters…`).
        """
        with self._database.write() as session:
            row = locked(session, dashboard_id)
            context = context_of(row.metadata_)
            box = wished_box(spec)
            if not {"x", "y"} & spec.model_fields_set:
                box = replace(box, x=0, y=free_row(map(stored_box, row.panels)))
            with self._recorded(session, row):
                panel = self._added(row, self._storable.one(spec.on(context)), ids.panel_id())
                self._settle(row, {panel.id: box}, moved=panel)
            return panel_of(panel, context)

    def update_panel(self, panel_id: str, *, seen: datetime | None = None, **changes: Any) -> PanelSpec:
        """The panel with the given fields changed; answers older than this are not shown any more.

        Options that are given without a version are of the operation's current one.

        Args:
            panel_id: Which one.
            seen: When it was changed last, as far as the caller knows. None: whatever was changed meanwhile.
            changes: Values by field.

        Raises:
            NotFoundError: There is none.
            InvalidOptionsError: A field or the options do not validate.
            ConflictError: It was changed after `seen`; nothing was changed now.
        """
        with self._database.write() as session:
            row, panel = locked_with_panel(session, panel_id)
            if seen is not None and panel.updated_at > seen:
                message = f"The panel {panel.name!r} was changed meanwhile."
                raise ConflictError(message, hint="Look at what was changed, then save.")
            context = context_of(row.metadata_)
            spec = changed_panel(panel_of(panel, context), changes).on(context)
            spec = self._storable.one(spec) if _CALL & changes.keys() else plain_panel(spec)
            with self._recorded(session, row):
                write_panel(panel, spec)
                touch(panel, self._clock())
                self._settle(row, {panel.id: wished_box(spec)}, moved=panel if set(_BOX) & changes.keys() else None)
            return panel_of(panel, context)

    def delete_panel(self, panel_id: str) -> None:
        """Away with it; the others stay where they are.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.write() as session:
            row, panel = locked_with_panel(session, panel_id)
            with self._recorded(session, row):
                row.panels.remove(panel)
                touch(row, self._clock())

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
            row = locked(session, dashboard_id)
            if seen is not None and seen != {panel.id: stored_box(panel) for panel in row.panels}:
                message = f"The panels of {row.name!r} were moved, added or deleted meanwhile."
                raise ConflictError(message, hint="Look at it as it is now, then arrange it again.")
            if missing := boxes.keys() - {panel.id for panel in row.panels}:
                raise NotFoundError("panel", min(missing), hint=f"The dashboard {row.name!r} has none of this id.")
            with self._recorded(session, row):
                self._settle(row, boxes)
            return dashboard_of(row)

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
        file, fields, specs = self._storable.from_file(text)
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
            return dashboard_of(row)

    def plan_yaml(self, text: str) -> Plan:
        """What `import_yaml` would do; nothing is changed.

        Raises:
            InvalidOptionsError: One problem per fault, with its place in the file.
            ConflictError: A panel's id belongs to another dashboard.
        """
        file, fields, specs = self._storable.from_file(text)
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
            existing(session, StatsDashboard, "dashboard", dashboard_id)
            return history.versions(session, dashboard_id)

    def version_yaml(self, dashboard_id: str, number: int) -> str:
        """A version of it as a file.

        Raises:
            NotFoundError: There is no such dashboard, or no such version is kept.
        """
        with self._database.read() as session:
            existing(session, StatsDashboard, "dashboard", dashboard_id)
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
            now = document_of_row(existing(session, StatsDashboard, "dashboard", dashboard_id))
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
            row = locked(session, dashboard_id)
            newest = history.newest_number(session, dashboard_id)
            if seen is not None and newest > seen:
                message = f"The dashboard {row.name!r} was changed meanwhile: version {newest} is new."
                raise ConflictError(message, hint="Look at what was changed, then restore.")
            file = DashboardFile.model_validate(history.document(session, dashboard_id, number))
            refuse_foreign_panels(session, file)
            context = context_of(file.metadata)
            with self._recorded(session, row, f"Restored version {number}."):
                self._become(row, file, [panel.on(context) for panel in file.panels])
            return dashboard_of(row)

    # Checks

    def check(self) -> tuple[StoredProblem, ...]:
        """Everything stored that does not validate any more, with the reason: for `workbench check`."""
        with self._database.read() as session:
            rows = session.scalars(select(StatsDashboard).order_by(StatsDashboard.name, StatsDashboard.id)).all()
            return tuple(problem for row in rows for problem in self._problems(row))

    # Inside

    @contextmanager
    def _recorded(self, session: Session, row: StatsDashboard, action: str = "") -> Iterator[None]:
        """What the block does to a locked dashboard becomes its next version; it tells itself what that was."""
        before = document_of_row(row)
        yield
        session.flush()
        after = document_of_row(row)
        told = action or str(difference(before, after))
        history.record(session, row.id, before, after, history.Stamp(self._author, told, self._clock()))

    def _summaries(self, q: str, audience: Audience | None) -> Iterable[DashboardSummary]:
        panels = select(func.count()).where(StatsPanel.dashboard_id == StatsDashboard.id).scalar_subquery()
        with self._database.read() as session:
            rows = session.execute(select(StatsDashboard, panels)).all()
        return [
            summary_of(row, count)
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
        history.record(session, row.id, {}, document_of_row(row), history.Stamp(self._author, action, now))
        return dashboard_of(row)

    def _become(self, row: StatsDashboard, fields: DashboardFields, specs: Sequence[PanelSpec]) -> None:
        self._store_fields(row, fields)
        self._replace_panels(row, specs)

    def _store_fields(self, row: StatsDashboard, fields: DashboardFields) -> None:
        row.name, row.description = fields.name, fields.description
        row.icon, row.color, row.metadata_ = fields.icon, fields.color, fields.metadata
        touch(row, self._clock())

    def _replace_panels(self, row: StatsDashboard, specs: Sequence[PanelSpec]) -> None:
        """The dashboard has these panels and no others; those that stay as they were keep their answers."""
        before = {panel.id: panel for panel in row.panels}
        boxes = {}
        for spec in specs:
            panel = before.pop(spec.id or "", None)
            if panel is None:
                panel = self._added(row, spec, spec.id or ids.panel_id())
            elif columns_of(panel_of(panel, spec.context)) != columns_of(spec):
                write_panel(panel, spec)
                touch(panel, self._clock())
            boxes[panel.id] = wished_box(spec)
        for panel in before.values():
            row.panels.remove(panel)
        self._settle(row, boxes)

    def _added(self, row: StatsDashboard, spec: PanelSpec, panel_id: str) -> StatsPanel:
        now = self._clock()
        panel = StatsPanel(
            id=panel_id, dashboard_id=row.id, x=0, y=0, width=1, height=1, created_at=now, updated_at=now
        )
        write_panel(panel, spec)
        row.panels.append(panel)
        return panel

    def _settle(self, row: StatsDashboard, boxes: Mapping[str, Box], *, moved: StatsPanel | None = None) -> None:
        """Put the panels where they can be drawn, as near as possible to the boxes wished."""
        panels = list(row.panels)
        wished = [(cast("PanelType", panel.type), boxes.get(panel.id) or stored_box(panel)) for panel in panels]
        placed = arrange(wished, moved=panels.index(moved) if moved is not None else None)
        for panel, box in zip(panels, placed, strict=True):
            if box != stored_box(panel):
                panel.x, panel.y, panel.width, panel.height = box.x, box.y, box.width, box.height
                touch(panel, panel.updated_at)  # moving it makes no answer old
        touch(row, self._clock())

    def _problems(self, row: StatsDashboard) -> Iterator[StoredProblem]:
        for problem in under("metadata", metadata_problems(row.metadata_)):
            yield StoredProblem(row.id, row.name, problem)
        context = context_of(row.metadata_)
        for panel in row.panels:
            spec = panel_of(panel, context)
            for problem in (*display_problems(panel.display), *self._storable.call_problems(spec)):
                yield StoredProblem(row.id, row.name, problem, panel.id, panel.name)


def _plan(
    session: Session,
    row: StatsDashboard | None,
    file: DashboardFile,
    fields: DashboardFields,
    specs: Sequence[PanelSpec],
) -> Plan:
    refuse_foreign_panels(session, file)
    stored = document_of_row(row) if row is not None else {}
    found = difference(stored, document_of(fields, specs, file.id))
    return Plan(fields.name, row.id if row is not None else None, found)


def _in_order(document: Mapping[str, Any]) -> dict[str, Any]:
    """A stored document with its keys where a file has them: PostgreSQL keeps no order."""
    file = DashboardFile.model_validate(document)
    return document_of(file, file.panels, file.id)


def _without_ids(specs: Iterable[PanelSpec]) -> Sequence[PanelSpec]:
    return [spec.model_copy(update={"id": None}) for spec in specs]


def _check_page(limit: int, offset: int) -> None:
    problems = []
    if not 1 <= limit <= MAX_LIMIT:
        problems.append(Problem("limit", f"{limit} is not between 1 and {MAX_LIMIT}."))
    if offset < 0:
        problems.append(Problem("offset", f"{offset} is negative."))
    if problems:
        raise InvalidOptionsError(problems)
