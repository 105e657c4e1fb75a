"""The reference page: the OpenAPI document for people, as plain HTML that loads nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def reference_page(document: Mapping[str, Any]) -> str:
    """The page for an OpenAPI document."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "markdown": MarkdownIt("js-default").render,
        "document": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
        "resolved": lambda schema: resolved(document, schema),
    }
    return environment.get_template("reference.html").render(api=document)


def resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of an object that is meant: behind a reference, or the one choice beside null."""
    if "$ref" in schema:
        found: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    if "anyOf" in schema:
        return next(resolved(document, choice) for choice in schema["anyOf"] if choice.get("type") != "null")
    return schema
