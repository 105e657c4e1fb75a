"""Operation, its options and results, and the registry that finds it by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from stats_core.errors import UnknownNameError
from stats_core.operations.context import OperationContext

Exactness = Literal["exact", "sum_of_days"]


class Options(BaseModel):
    """Base of all options: immutable, no unknown keys, snake_case written and camelCase accepted."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=to_camel),
    )


class Meta(BaseModel):
    """What a figure means: shown beside it on screens, in CSV and in posts.

    Attributes:
        unit: Of the one figure; None where the answer is rows of several.
        units: By field, where the answer is rows.
    """

    model_config = ConfigDict(frozen=True)

    unit: str | None = None
    units: dict[str, str] = Field(default_factory=dict)
    definition: str | None = None
    exactness: Exactness = "exact"

    def of(self, field: str | None) -> Meta:
        """What a field of the rows means, or the one figure."""
        if field is None or field not in self.units:
            return self
        return self.model_copy(update={"unit": self.units[field]})


class Result(BaseModel):
    """Base of all results.

    Attributes:
        row_count: Rows considered (matched, at most fetch_limit).
        truncated: Whether anything that matched is missing from the answer.
        meta: Unit, definition and exactness; not part of `data`.
        statement: The SQL that ran, with placeholders where values stood; not part of `data`.
    """

    model_config = ConfigDict(frozen=True)

    row_count: int
    truncated: bool = False
    meta: Meta = Field(default_factory=Meta, exclude=True)
    statement: str = Field(default="", exclude=True)

    @property
    def data(self) -> dict[str, Any]:
        """The answer in the shape the specification gives, of plain Python values."""
        return self.model_dump()


OptionsClass: TypeAlias = type[Options]
OptionsT = TypeVar("OptionsT", bound=Options)
OptionsT_contra = TypeVar("OptionsT_contra", bound=Options, contravariant=True)


class Execute(Protocol[OptionsT_contra]):
    """The work of an operation: validated options and a context in, a result out."""

    def __call__(self, options: OptionsT_contra, context: OperationContext) -> Result:
        """Answer, or raise an ExpectedError with the path of what does not fit."""
        ...


@dataclass(frozen=True, slots=True)
class Operation(Generic[OptionsT]):
    """One kind of question.

    Attributes:
        type: Its name in panels and calls (`aggregate_data`).
        version: Of its options. Raise it with a change that old options do not survive, and add an upgrade.
        needs: The context values it reads beyond catalog and scope; reading another raises at once.
        upgrades: Per older version, the pure function that turns its options into the next version's.
    """

    type: str
    title: str
    description: str
    options: OptionsClass
    execute: Execute[OptionsT]
    version: int = 1
    category: str = "data"
    needs: frozenset[str] = frozenset()
    upgrades: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = field(
        default_factory=lambda: MappingProxyType({})
    )


T = TypeVar("T")


class Registry(Mapping[str, T]):
    """A read-only mapping by name: refuses two items of one name, answers an unknown name with the nearest."""

    def __init__(self, kind: str, items: Iterable[T], *, name: Callable[[T], str]) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}
        for item in items:
            if name(item) in self._items:
                msg = f"Two items of the {kind} registry are named {name(item)!r}."
                raise ValueError(msg)
            self._items[name(item)] = item

    def __getitem__(self, key: str) -> T:
        if (found := self._items.get(key)) is None:
            raise UnknownNameError(self.kind, key, self._items)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
