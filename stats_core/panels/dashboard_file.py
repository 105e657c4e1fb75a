"""A dashboard as a YAML file: the same bytes for the same dashboard, and read without trust."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from pydantic import ConfigDict, Field, ValidationError
from yaml.nodes import MappingNode, ScalarNode

from stats_core.errors import InvalidOptionsError, Problem
from stats_core.panels.dashboard import Dashboard, DashboardFields
from stats_core.panels.panel import PanelSpec
from stats_core.panels.values import model_problems, plain

KIND = "dashboard"
VERSION = 1
MAX_CHARACTERS = 1_000_000  # a dashboard of 50 panels has 30 000
_PANEL_ID = re.compile(r"panel_[0-9A-Za-z]{1,64}", re.ASCII)
_ODD_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")
_LINE = 10_000  # never folded: a changed word changes one line
_PANEL_KEYS = (
    "id",
    "name",
    "type",
    "x",
    "y",
    "width",
    "height",
    "operation_type",
    "operation_version",
    "operation_options",
    "display",
    "cache_ttl_seconds",
    "metadata",
)
_NOT_IN_FILES = PanelSpec.model_fields.keys() - set(_PANEL_KEYS)


class DashboardFile(DashboardFields):
    """What stands in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(pattern=f"^{KIND}$", description="What the file holds.")
    version: int = Field(ge=1, le=VERSION, description="Of this format.")
    id: str | None = Field(None, pattern=r"^dash_[0-9A-Za-z]{1,64}$", description="None: a new dashboard is made.")
    panels: tuple[PanelSpec, ...] = ()


def to_yaml(dashboard: Dashboard) -> str:
    """The dashboard as text: its document."""
    return dumped(document_of(dashboard, dashboard.panels, dashboard.id))


def document_of(fields: DashboardFields, panels: Iterable[PanelSpec], dashboard_id: str | None) -> dict[str, Any]:
    """The dashboard as a file has it: plain JSON values, the same for the same dashboard.

    Fields stand in a fixed order, free documents sorted; what is empty is left out.
    """
    document = {
        "kind": KIND,
        "version": VERSION,
        "id": dashboard_id,
        "name": fields.name,
        "description": fields.description,
        "icon": fields.icon,
        "color": fields.color,
        "metadata": _sorted(fields.metadata),
        "panels": [_panel(panel) for panel in panels],
    }
    return {key: value for key, value in document.items() if not _empty(value)}


def dumped(document: Mapping[str, Any]) -> str:
    """A dashboard's document as text."""
    return yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_LINE)


def from_yaml(text: str) -> DashboardFile:
    """The dashboard in a file; nothing in it is run, and no part of it can be repeated to make it grow.

    Raises:
        InvalidOptionsError: It is no YAML, or no dashboard; one problem per fault, with its place.
    """
    document = document_in(text)
    if problems := file_problems(document):
        raise InvalidOptionsError(problems)
    return DashboardFile.model_validate(document)


def document_in(text: str) -> dict[str, Any]:
    """What stands in a file, as plain JSON values; it need not be a dashboard yet.

    Raises:
        InvalidOptionsError: It is no YAML, or holds no mapping.
    """
    document = plain(_parsed(text), templates=True)
    if not isinstance(document, dict):
        raise InvalidOptionsError([Problem("", "The file holds no dashboard.", f"It begins with `kind: {KIND}`.")])
    return document


def file_problems(document: Mapping[str, Any]) -> list[Problem]:
    """Every fault of shape: what no dashboard of any workbench has."""
    problems = list(_panel_problems(document))
    try:
        DashboardFile.model_validate(document)
    except ValidationError as error:
        return [*model_problems(error, document, DashboardFile), *problems]
    return problems


def raw_panels(document: Mapping[str, Any]) -> Sequence[Any]:
    """The panels in a file, whatever they are."""
    panels = document.get("panels")
    return panels if isinstance(panels, list) else ()


def _panel_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    ids: set[str] = set()
    for i, panel in enumerate(raw_panels(document)):
        if not isinstance(panel, dict):
            continue
        for key in sorted(_NOT_IN_FILES & panel.keys()):
            yield Problem(f"panels[{i}].{key}", f"There is no {key!r} in a file.", "Remove it.")
        panel_id = panel.get("id")
        if not isinstance(panel_id, str):
            continue
        if not _PANEL_ID.fullmatch(panel_id):
            yield Problem(f"panels[{i}].id", f"{panel_id!r} is no id of a panel.", "Leave it out for a new panel.")
        if panel_id in ids:
            yield Problem(f"panels[{i}].id", f"The id {panel_id!r} stands here twice.", "Leave one of them out.")
        ids.add(panel_id)


def _panel(panel: PanelSpec) -> dict[str, Any]:
    written = panel.model_dump(mode="json", include=set(_PANEL_KEYS))
    written |= {
        "operation_options": _sorted(panel.operation_options),
        "display": panel.display.model_dump(mode="json", exclude_defaults=True),
        "metadata": _sorted(panel.metadata),
    }
    return {key: written[key] for key in _PANEL_KEYS if not _empty(written[key])}


def _empty(value: Any) -> bool:
    return value is None or value in ({}, [], "")


def _sorted(value: Any) -> Any:
    """PostgreSQL does not keep the order of keys, SQLite does; the file is the same for both."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list | tuple) else value


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        """An equal value is written again."""
        del data
        return True


def _text(dumper: _Dumper, value: str) -> ScalarNode:
    style = "|" if "\n" in value else None
    if _ODD_BREAKS.search(value):  # PyYAML writes them as they are in other styles, and reads them as blanks
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


class _Loader(yaml.SafeLoader):
    """Reads plain values only: no aliases, which can grow without bound, and no key twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node, unless it is an alias."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            msg = "aliases (*name) are not read here"
            raise yaml.composer.ComposerError(None, None, msg, event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping, unless a key stands in it twice: which of the two is meant, nobody knows."""
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(node.value):
            msg = "a key stands here twice"
            raise yaml.constructor.ConstructorError(None, None, msg, node.start_mark)
        return mapping


def _parsed(text: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        message = f"The file is longer than {MAX_CHARACTERS} characters."
        raise InvalidOptionsError([Problem("", message)])
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error)
        raise InvalidOptionsError([Problem("", f"The file is no YAML{where}: {problem}.")]) from error
    except (RecursionError, ValueError) as error:
        raise InvalidOptionsError([Problem("", f"The file cannot be read: {error}.")]) from error
