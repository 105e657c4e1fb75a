"""Options as JSON Schema: by the names that people write."""

from __future__ import annotations

from itertools import chain

import pytest

from stats_core.operations.schema import options_schema
from stats_core.panels.operations import build_registry

REGISTRY = build_registry()


@pytest.mark.parametrize("operation", REGISTRY.values(), ids=REGISTRY)
def test_every_option_goes_by_the_name_that_is_written_and_is_described(operation):
    schema = options_schema(operation)
    assert schema["properties"].keys() == operation.options.model_fields.keys()
    every = [schema, *schema["$defs"].values()]
    for name, field in chain.from_iterable(part.get("properties", {}).items() for part in every):
        assert name == name.lower().strip("_")
        assert field["description"]


def test_words_of_python_lose_their_underscore():
    schema = options_schema(REGISTRY["time_series"])
    assert schema["$defs"]["Range"]["properties"].keys() == {"from", "to", "last_days", "preset"}
