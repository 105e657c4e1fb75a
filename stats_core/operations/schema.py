"""What an operation may be asked, as JSON Schema: for forms, for the API, for documents."""

from __future__ import annotations

from typing import Any

from stats_core.operations.registry import Operation


def options_schema(operation: Operation[Any]) -> dict[str, Any]:
    """The schema of the options by the names that are written: snake_case, `from` and not `from_`."""
    schema: dict[str, Any] = _renamed(operation.options.model_json_schema(by_alias=False))
    return schema


def _renamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(item) for key, item in value.items()}
    if isinstance(properties := renamed.get("properties"), dict):
        # Python's own words get an underscore: `from_` is `from` to everybody else.
        renamed["properties"] = {name.rstrip("_"): item for name, item in properties.items()}
    return renamed
