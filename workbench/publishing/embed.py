"""What stands in a post where a panel shall be: which panel or call, and what is shown of its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from stats_core.errors import InvalidOptionsError, Problem
from stats_core.panels.display import Display
from stats_core.panels.panel import PanelType
from stats_core.panels.values import canonical, model_problems

Mode = Literal["value", "figure", "table"]

MODES = ("value", "figure", "table")
EXAMPLE = "Write {{ panel panel_01J9… value }}, or figure or table in place of value."
_RANGE = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
_LAST_DAYS = re.compile(r"last_(\d{1,4})_days")
_WORD = re.compile(r"""([A-Za-z_.]+)=(?:"([^"]*)"|(\S*))|(\S+)""")


class Embed(BaseModel):
    """A stored panel by its id, or a call of an operation, and how it is shown in the post.

    Attributes:
        mode: None = what fits the panel's type: a number, a chart or a table.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, alias_generator=AliasGenerator(validation_alias=to_camel)
    )

    panel_id: str | None = Field(None, description="`panel_…`; none where the call stands in the post.")
    operation_type: str | None = Field(None, description="The operation that answers, where there is no panel.")
    operation_options: dict[str, Any] = Field(default_factory=dict, description="Its options.")
    display: Display = Field(default_factory=Display, description="How its answer is shown; a panel has its own.")
    type: PanelType | None = Field(None, description="How a figure is drawn; default: as the panel is.")
    mode: Mode | None = Field(None, description="value, figure or table.")
    title: str | None = Field(None, max_length=200, description="Above a figure or table; default: the panel's name.")
    alt: str | None = Field(None, description="A figure in words; default: written from its numbers.")
    size: str = Field("post", description="Of a figure: post, wide, square, social, or 800x450.")
    variables: dict[str, Any] = Field(default_factory=dict, description="Values for the dashboard's variables.")
    timezone: str | None = Field(None, description="IANA zone of days; default: the dashboard's, else the website's.")

    @property
    def key(self) -> str:
        """Equal for equal embeds: names their files and what was published for them."""
        return sha256(canonical(self.document).encode()).hexdigest()[:12]

    @property
    def document(self) -> dict[str, Any]:
        """As JSON, without what is left to its default."""
        return self.model_dump(mode="json", exclude_defaults=True)


def read_embed(document: Mapping[str, Any]) -> Embed:
    """The embed that a document describes.

    Raises:
        InvalidOptionsError: Keys are unknown or values do not validate, or it names no panel or call, or both.
    """
    try:
        embed = Embed.model_validate(document)
    except ValidationError as error:
        raise InvalidOptionsError(model_problems(error, document, Embed)) from error
    if (embed.panel_id is None) == (embed.operation_type is None):
        both = "both a panel and an operation" if embed.panel_id else "no panel"
        raise _invalid("panel_id", f"This names {both}.", "Give panel_id, or operation_type with operation_options.")
    try:
        canonical(embed.document)
    except (TypeError, ValueError, RecursionError) as error:
        raise _invalid(
            "operation_options", f"This is no JSON: {error}.", "Give finite numbers, and no circles."
        ) from error
    return embed


def read_tag(text: str) -> Embed:
    """The embed in the words of a tag: `panel_01J9… figure size=wide range=30d title="Visitors"`, or JSON.

    Raises:
        InvalidOptionsError: The words cannot be understood.
    """
    if text.lstrip().startswith("{"):
        return read_embed(_json(text))
    document: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    for name, quoted, plain, word in _WORD.findall(text):
        if name.startswith("variables."):
            variables[name.removeprefix("variables.")] = quoted or plain
        elif name == "range":
            variables["range"] = read_range(quoted or plain)
        elif name:
            document[name] = quoted or plain
        else:
            document |= _bare(word, document)
    return read_embed(document | ({"variables": variables} if variables else {}))


def read_range(text: str) -> dict[str, Any]:
    """A range as it stands in URLs and tags: `30d`, `last_14_days` or `2026-05-01..2026-05-31`."""
    if days := _RANGE.fullmatch(text):
        return {"from": days[1], "to": days[2]}
    return {"last_days": int(last[1])} if (last := _LAST_DAYS.fullmatch(text)) else {"preset": text}


def _bare(word: str, document: Mapping[str, Any]) -> dict[str, str]:
    if word in MODES:
        return {"mode": word}
    if "panel_id" in document:
        raise _invalid("", f"{word!r} is neither value, figure nor table.", EXAMPLE)
    return {"panel_id": word}


def _json(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid("", f"This is no JSON: {error}.", EXAMPLE) from error
    if not isinstance(document, dict):
        raise _invalid("", "This is no JSON object.", EXAMPLE)
    return document


def _invalid(path: str, message: str, hint: str) -> InvalidOptionsError:
    return InvalidOptionsError([Problem(path, message, hint)])
