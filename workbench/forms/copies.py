"""A panel to take along: as JSON, a call in Python, a notebook, a tag in Markdown, a node of Tiptap."""

from __future__ import annotations

import json
import re
from pprint import pformat
from typing import Any, Final

from stats_core.panels.panel import PanelSpec
from stats_core.panels.variables import references
from workbench.forms.draft import document_of

WIDTH: Final = 88
NAME_LENGTH: Final = 200


def as_json(panel: PanelSpec) -> str:
    """What is edited of it, as the JSON tab takes it."""
    return json.dumps(document_of(panel), indent=2, ensure_ascii=False)


def as_python(panel: PanelSpec) -> str:
    """The same call in a script, with the defaults of the variables that it reads."""
    arguments = [
        repr(panel.operation_type),
        _literal(panel.operation_options),
        *([f"variables={_literal(values)}"] if (values := _defaults(panel)) else []),
    ]
    body = "".join(f"        {argument},\n" for argument in arguments)
    return (
        "from stats_core.composition import open_workbench\n\n"
        "with open_workbench() as workbench:\n"
        f"    result = workbench.resolver.run(\n{body}    )\n\n"
        "print(result.data)\n"
    )


def _literal(value: Any) -> str:
    return pformat(value, width=WIDTH, sort_dicts=False).replace("\n", "\n        ")


def _defaults(panel: PanelSpec) -> dict[str, Any]:
    declared = panel.context.variables
    used = dict.fromkeys(name for _, name in references(panel.operation_options))
    return {name: declared[name].default if name in declared else None for name in used}


def as_markdown(panel: PanelSpec) -> str:
    """The tag that stands for it in a post."""
    return f"{{{{ panel {panel.id} }}}}"


def as_tiptap(panel: PanelSpec) -> str:
    """The node that stands for it in a Tiptap document."""
    mode = {"metric": "value", "table": "table", "list": "table"}.get(panel.type, "figure")
    node = {"type": "statsPanel", "attrs": {"panelId": panel.id, "mode": mode}}
    return json.dumps(node, indent=2, ensure_ascii=False)


def as_notebook(panel: PanelSpec) -> str:
    """A notebook (Jupyter format 4.5) with the stored panel, its answer as a frame, and a form to try variants."""
    cells = [
        _cell("title", "markdown", f"# {_escaped(panel.name)}".rstrip()),
        _cell("panel", "code", f"from workbench.notebook import wb\n\npanel = wb.panel({panel.id!r})\npanel"),
        *([] if panel.type == "label" else [_cell("frame", "code", "panel.frame()")]),
        _cell("form", "code", "wb.builder(panel)"),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cell(cell_id: str, kind: str, source: str) -> dict[str, Any]:
    run: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": cell_id, "metadata": {}, **run, "source": source}


def _escaped(text: str) -> str:
    """A name as Markdown that says nothing but the name."""
    return re.sub(r"([^\w\s])", r"\\\1", " ".join(text.split()))


def unplaced(panel: PanelSpec, *, named: str = "") -> PanelSpec:
    """The same panel to be stored again: without ids and place, with words behind its name."""
    document = panel.model_dump(exclude={"id", "dashboard_id", "updated_at", "x", "y"})
    return PanelSpec.model_validate({**document, "name": panel.name[: NAME_LENGTH - len(named)] + named})
