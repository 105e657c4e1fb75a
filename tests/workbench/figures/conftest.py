"""Panels and results with good defaults: a test names only what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from stats_core.operations.registry import Meta
from stats_core.panels.display import Display
from stats_core.panels.panel import PanelResult, PanelSpec
from workbench.figures.drawing import view
from workbench.figures.views import Canvas, View

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def result() -> Callable[..., PanelResult]:
    def build(
        data: Mapping[str, Any],
        display: Mapping[str, Any] | None = None,
        *,
        unit: str | None = None,
        units: Mapping[str, str] | None = None,
        row_count: int = 100,
        resolved_at: datetime = NOON,
    ) -> PanelResult:
        return PanelResult(
            data=dict(data),
            display=Display.model_validate(display or {}),
            resolved_at=resolved_at,
            cache_hit=False,
            duration_ms=3.0,
            row_count=row_count,
            truncated=False,
            statement="",
            meta=Meta(unit=unit, units=dict(units or {})),
        )

    return build


@pytest.fixture
def shown(result: Callable[..., PanelResult]) -> Callable[..., View]:
    """The view of a panel of this type with this data."""

    def build(
        panel_type: str,
        data: Mapping[str, Any],
        display: Mapping[str, Any] | None = None,
        *,
        name: str = "Orders",
        options: Mapping[str, Any] | None = None,
        canvas: Canvas = Canvas(),  # noqa: B008 - frozen
        before: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> View:
        panel = PanelSpec(name=name, type=panel_type, operation_options=dict(options or {"entity": "sales_order"}))
        earlier = None if before is None else result(before, display, **more)
        return view(panel, result(data, display, **more), canvas=canvas, before=earlier)

    return build


@pytest.fixture
def groups() -> Callable[..., dict[str, Any]]:
    """Groups by one field, from key=value pairs or a mapping."""

    def build(pairs: Mapping[Any, Any], *, field: str = "status", count: int | None = None) -> dict[str, Any]:
        items = [
            {"key": "(none)" if key is None else str(key), "keys": {field: key}, "value": value}
            for key, value in pairs.items()
        ]
        return {"groups": items, "row_count": 100, "group_count": count or len(items), "truncated": False}

    return build


@pytest.fixture
def buckets() -> Callable[..., dict[str, Any]]:
    """Buckets from date → value, or date → {series: value}."""

    def build(values: Mapping[str, Any], *, precision: str = "day") -> dict[str, Any]:
        rows: list[dict[str, Any]] = []
        for date, value in values.items():
            if isinstance(value, Mapping):
                rows += [{"date": date, "value": number, "series": name} for name, number in value.items()]
            else:
                rows.append({"date": date, "value": value})
        return {"buckets": rows, "precision": precision, "row_count": 100, "truncated": False}

    return build
