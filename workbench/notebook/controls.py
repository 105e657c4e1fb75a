"""Fields of a form as widgets: each tells a callback what was entered, and shows what is wrong right below."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import ipywidgets as widgets

from stats_core.errors import Problem
from workbench.figures.text import html_text
from workbench.forms.fields import Choice, FormField
from workbench.notebook.condition_rows import condition_rows
from workbench.notebook.filter_rows import filter_rows
from workbench.notebook.shown import framed

Enter = Callable[[Any], None]
STYLE: Final = {"description_width": "118px"}
WIDE: Final = "380px"
MEASURE: Final = "measure:"
NOTHING: Final = ""  # the value of the empty choice: a Dropdown shows none whose value is None
LAST_DAYS, BETWEEN = "last_days", "between"
_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Given:
    """What a widget is made from.

    Attributes:
        field: Fitted to its value.
        value: What it shows.
        enter: Takes what was entered.
        today: The current day, to begin ranges with.
    """

    field: FormField
    value: Any
    enter: Enter
    today: date


class Control:
    """A field's widget and the place of its faults.

    Attributes:
        given: What it was made from.
        widget: Both, one below the other.
    """

    def __init__(self, given: Given) -> None:
        self.given = given
        self._faults = widgets.HTML(layout=widgets.Layout(margin="-4px 0 2px 126px"))
        self.widget = widgets.VBox([_MADE[given.field.kind](given), self._faults])

    def shows(self, field: FormField, value: Any) -> bool:
        """Whether it stands for this field with this value already."""
        return self.given.field == field and self.given.value == value and type(self.given.value) is type(value)

    def tell(self, problems: Iterable[Problem]) -> None:
        """What is wrong here, or nothing."""
        self._faults.value = faults_html(problems)

    @property
    def told(self) -> str:
        """The HTML of what is wrong here."""
        return str(self._faults.value)


def faults_html(problems: Iterable[Problem], *, paths: bool = False) -> str:
    """What is wrong, a line each; empty where nothing is."""
    lines = [
        f"<p>{html_text(f'{item.path}: ' if paths and item.path else '')}"
        f"{html_text(f'{item.message} {item.hint}'.strip())}</p>"
        for item in problems
    ]
    return framed(f'<div class="wb-fault" role="alert">{"".join(lines)}</div>') if lines else ""


def look(field: FormField, label: str | None = None, **layout: str) -> dict[str, Any]:
    """What every widget takes: its label, the words of its tooltip, its size."""
    return {
        "description": field.label if label is None else label,
        "tooltip": field.help or field.label,
        "description_allow_html": False,
        "style": STYLE,
        "layout": widgets.Layout(**{"width": WIDE, **layout}),
    }


def observed(widget: Any, then: Callable[[Any], None]) -> Any:
    """The widget, which calls `then` with each new value."""
    widget.observe(lambda change: then(change["new"]), "value")
    return widget


def dropdown(
    choices: Iterable[Choice], value: Any, then: Callable[[Any], None], *, empty: str | None = None, **how: Any
) -> Any:
    """One of several; a value that is not among them is added, since the document holds it.

    Args:
        choices: What is offered.
        value: Which is chosen.
        then: Takes the choice; None where the empty one is taken.
        empty: Words of the choice that stands for none; None where one must be chosen.
        how: See `look`.
    """
    offered = [(choice.label, choice.value) for choice in choices]
    if empty is not None or value is None:
        offered.insert(0, (empty or "Choose …", NOTHING))
    chosen = NOTHING if value is None else value
    if chosen not in [item for _, item in offered]:
        offered.append((str(value), value))
    return observed(
        widgets.Dropdown(options=offered, value=chosen, **how),
        lambda entered: then(None if entered == NOTHING else entered),
    )


def _text(given: Given) -> Any:
    made = widgets.Textarea if given.field.multiline or given.field.kind == "json" else widgets.Text
    layout = {} if made is widgets.Text else {"height": "72px"}
    label = f"{given.field.label} (JSON)" if given.field.kind == "json" else None
    how = look(given.field, label, **layout)
    return observed(made(value=str(given.value or ""), continuous_update=False, **how), given.enter)


def _number(given: Given) -> Any:
    shown = "" if given.value is None else str(given.value)
    text = widgets.Text(value=shown, placeholder="none", continuous_update=False, **look(given.field))
    return observed(text, lambda entered: given.enter(number(entered, whole=given.field.whole)))


def number(text: str, *, whole: bool) -> Any:
    """What was typed, as a number if it is one: validation judges the rest."""
    if not text.strip():
        return None
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def _toggle(given: Given) -> Any:
    return observed(widgets.Checkbox(value=bool(given.value), indent=True, **look(given.field)), given.enter)


def _choice(given: Given) -> Any:
    clearable = not given.field.required and given.field.default is None
    known = [choice for choice in given.field.choices if not choice.refused]
    return dropdown(known, given.value, given.enter, empty="Default" if clearable else None, **look(given.field))


def _several(given: Given) -> Any:
    """What is chosen as tags that can be taken away, and a list to add from."""
    chosen = list(given.value or [])
    left = [choice for choice in given.field.choices if choice.value not in chosen]

    def add(name: str | None) -> None:
        if name is not None:
            given.enter([*chosen, name])

    adding = dropdown(left, None, add, empty="Add a field …" if chosen else "None", **look(given.field))
    if not chosen:
        return adding
    tags = widgets.TagsInput(
        value=chosen, allow_duplicates=False, layout=widgets.Layout(width=WIDE, margin="0 0 0 120px")
    )
    return widgets.VBox([adding, observed(tags, lambda value: given.enter(list(value)))])


def _aggregate(given: Given) -> Any:
    value: Mapping[str, Any] = given.value or {}
    measures, functions, columns = given.field.child("measure"), given.field.child("fn"), given.field.child("field")
    choices = [
        *(Choice(f"{MEASURE}{choice.value}", f"{choice.label} · measure") for choice in measures.choices),
        *functions.choices,
    ]
    chosen = f"{MEASURE}{value['measure']}" if value.get("measure") is not None else value.get("fn")

    def of_function(entered: str | None) -> None:
        if entered is None:
            return
        first = next((choice.value for choice in columns.choices), None)
        if entered.startswith(MEASURE):
            given.enter({"measure": entered.removeprefix(MEASURE)})
        else:
            given.enter(
                {"fn": entered} if entered == "count" else {"fn": entered, "field": value.get("field") or first}
            )

    what = dropdown(choices, chosen, of_function, **look(given.field))
    if value.get("fn") in {None, "count"}:
        return what
    of_field = partial(_entered_field, given.enter, value)
    return widgets.VBox([what, dropdown(columns.choices, value.get("field"), of_field, **look(columns, "of"))])


def _entered_field(enter: Enter, value: Mapping[str, Any], field: str | None) -> None:
    enter({"fn": value.get("fn"), **({} if field is None else {"field": field})})


def _range(given: Given) -> Any:
    """The dashboard's range, a preset, so many days, or two days."""
    value: Mapping[str, Any] | None = given.value
    form = _form(value)
    written = [Choice(json.dumps(choice.value), choice.label) for choice in given.field.choices]
    extra = [Choice(LAST_DAYS, "The last days …"), Choice(BETWEEN, "Between two days …")]
    starts = {
        LAST_DAYS: {"last_days": _DAYS},
        BETWEEN: {"from": (given.today - timedelta(days=30)).isoformat(), "to": given.today.isoformat()},
    }

    def entered(key: str | None) -> None:
        given.enter(None if key is None else starts.get(key) or json.loads(key))

    chosen = form or (None if value is None else json.dumps(dict(value)))
    which = dropdown([*written, *extra], chosen, entered, empty="All of time", **look(given.field))
    return widgets.VBox([which, *_ends(given, form, value or {})])


def _form(value: Mapping[str, Any] | None) -> str | None:
    """Which of the forms with widgets of their own a range has."""
    if value is None:
        return None
    if set(value) == {"last_days"} and isinstance(value["last_days"], int):
        return LAST_DAYS
    return BETWEEN if set(value) == {"from", "to"} and all(map(_is_day, value.values())) else None


def _ends(given: Given, form: str | None, value: Mapping[str, Any]) -> list[Any]:
    if form == LAST_DAYS:
        days = widgets.BoundedIntText(value["last_days"], min=1, max=36_525, **look(given.field, "days"))
        return [observed(days, lambda entered: given.enter({"last_days": entered}))]
    if form != BETWEEN:
        return []

    def picker(end: str) -> Any:
        made = widgets.DatePicker(value=date.fromisoformat(value[end]), **look(given.field, end))

        def entered(day: date | None) -> None:
            if day is not None:
                given.enter({**value, end: day.isoformat()})

        return observed(made, entered)

    return [picker("from"), picker("to")]


def _is_day(text: Any) -> bool:
    try:
        return bool(date.fromisoformat(text).isoformat() == text)
    except (TypeError, ValueError):
        return False


def _sort(given: Given) -> Any:
    value: Mapping[str, Any] = next(iter(given.value or []), {})
    columns, directions = given.field.child("field"), given.field.child("direction")

    def by(field: str | None) -> None:
        given.enter([] if field is None else [{**value, "field": field}])

    which = dropdown(columns.choices, value.get("field"), by, empty="Default", **look(given.field))
    if not value:
        return which
    way = dropdown(
        directions.choices,
        value.get("direction", "asc"),
        lambda direction: given.enter([{**value, "direction": direction}]),
        **look(directions, ""),
    )
    return widgets.VBox([which, way])


def _conditions(given: Given) -> Any:
    return condition_rows(given.field, given.value or [], given.enter)


def _filter(given: Given) -> Any:
    return filter_rows(given.field, given.value or {}, given.enter)


_MADE: Final[Mapping[str, Callable[[Given], Any]]] = MappingProxyType(
    {
        "text": _text,
        "json": _text,
        "number": _number,
        "toggle": _toggle,
        "choice": _choice,
        "field": _choice,
        "measure": _choice,
        "entity": _choice,
        "fields": _several,
        "group": _several,
        "aggregate": _aggregate,
        "range": _range,
        "sort": _sort,
        "filter": _filter,
        "conditions": _conditions,
    }
)
