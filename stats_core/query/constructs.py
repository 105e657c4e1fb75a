"""What engines say differently: one construct each, compiled for SQLite, PostgreSQL, DuckDB and ClickHouse.

Each takes its operands as clauses, so that values stay bound and statements stay cached.
"""

from __future__ import annotations

from typing import Any, Self

from sqlalchemy import ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import Boolean


class Construct(FunctionElement[Any]):
    """Base: operands in, SQL of the dialect out."""

    inherit_cache = True

    def __init_subclass__(cls) -> None:
        cls.inherit_cache = True  # the operands and the class are all that a construct depends on
        super().__init_subclass__()

    def operands(self, compiler: SQLCompiler, **options: Any) -> list[str]:
        """The SQL of each operand."""
        return [compiler.process(operand, **options) for operand in self.clauses]


class Predicate(Construct):
    """Base of what is true or false. As a condition it stands alone: `x GLOB ? = 1` would keep SQLite off an index."""

    type = Boolean()

    def self_group(self, against: OperatorType | None = None) -> Self:
        """Itself: its SQL is in brackets, or a function."""
        del against
        return self


class BinaryOrder(Construct):
    """A text in the order of its bytes, which is that of its code points: the only one all engines share."""

    name = "binary_order"
    type = String()


@compiles(BinaryOrder)  # DuckDB and ClickHouse know no other order unless told
def _as_it_is(element: BinaryOrder, compiler: SQLCompiler, **options: Any) -> str:
    return element.operands(compiler, **options)[0]


@compiles(BinaryOrder, "sqlite")
def _collate_binary(element: BinaryOrder, compiler: SQLCompiler, **options: Any) -> str:
    return f"({element.operands(compiler, **options)[0]} COLLATE BINARY)"


@compiles(BinaryOrder, "postgresql")
def _collate_c(element: BinaryOrder, compiler: SQLCompiler, **options: Any) -> str:
    return f'({element.operands(compiler, **options)[0]} COLLATE "C")'


class Unindexed(Construct):
    """A column to group by without its index: SQLite would walk it through the whole table, conditions or not."""

    name = "unindexed"


@compiles(Unindexed)
def _unindexed(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return element.operands(compiler, **options)[0]


@compiles(Unindexed, "sqlite")
def _unindexed_sqlite(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{element.operands(compiler, **options)[0]}"


class JSONText(Construct):
    """What a JSON document holds under a path of keys, as text; null where it holds nothing or null.

    Operands: the document, the path as SQLite and DuckDB write it (`$."a"."b"`), then each key.
    """

    name = "json_text"
    type = String()

    def keys(self, compiler: SQLCompiler, **options: Any) -> list[str]:
        """The SQL of each key."""
        return [compiler.process(operand, **options) for operand in list(self.clauses)[2:]]

    def document_and_path(self, compiler: SQLCompiler, **options: Any) -> tuple[str, str]:
        """The SQL of the document and of the written path."""
        document, path, *_ = self.clauses
        return compiler.process(document, **options), compiler.process(path, **options)


@compiles(JSONText, "sqlite")
def _json_text_sqlite(element: JSONText, compiler: SQLCompiler, **options: Any) -> str:
    document, path = element.document_and_path(compiler, **options)
    # json_extract alone gives 1 for true; `->` alone leaves a text in its quotation marks.
    return (
        f"CASE json_type({document}, {path}) WHEN 'text' THEN json_extract({document}, {path}) "
        f"WHEN 'null' THEN NULL ELSE {document} -> {path} END"
    )


@compiles(JSONText, "postgresql")
def _json_text_postgresql(element: JSONText, compiler: SQLCompiler, **options: Any) -> str:
    document = compiler.process(next(iter(element.clauses)), **options)
    *way, last = element.keys(compiler, **options)
    steps = "".join(f" -> CAST({key} AS TEXT)" for key in way)  # a text is never taken for an array's index
    return f"(CAST({document} AS JSONB){steps} ->> CAST({last} AS TEXT))"


@compiles(JSONText, "duckdb")
def _json_text_duckdb(element: JSONText, compiler: SQLCompiler, **options: Any) -> str:
    document, path = element.document_and_path(compiler, **options)
    return f"json_extract_string({document}, {path})"


@compiles(JSONText, "clickhousedb")
def _json_text_clickhouse(element: JSONText, compiler: SQLCompiler, **options: Any) -> str:
    document = compiler.process(next(iter(element.clauses)), **options)
    keys = "".join(f", {key}" for key in element.keys(compiler, **options))
    return f"JSONExtract(toString({document}){keys}, 'Nullable(String)')"


class Contains(Predicate):
    """Whether a text holds another, case-sensitive. Operands: the text, the part."""

    name = "contains_text"


@compiles(Contains, "sqlite")
def _contains_sqlite(element: Contains, compiler: SQLCompiler, **options: Any) -> str:
    text, part = element.operands(compiler, **options)
    return f"(instr({text}, {part}) > 0)"


@compiles(Contains, "postgresql")
def _contains_postgresql(element: Contains, compiler: SQLCompiler, **options: Any) -> str:
    text, part = element.operands(compiler, **options)
    return f"(strpos({text}, {part}) > 0)"


@compiles(Contains, "duckdb")
def _contains_duckdb(element: Contains, compiler: SQLCompiler, **options: Any) -> str:
    text, part = element.operands(compiler, **options)
    return f"contains({text}, {part})"


@compiles(Contains, "clickhousedb")
def _contains_clickhouse(element: Contains, compiler: SQLCompiler, **options: Any) -> str:
    text, part = element.operands(compiler, **options)
    return f"(position({text}, {part}) > 0)"


class Matches(Predicate):
    """Whether a text matches a pattern as a whole.

    Operands: the text, then the pattern written for LIKE with backslash escapes, for SQLite's GLOB, and as a regular
    expression. Each engine reads one of them; the others are not sent.
    """

    name = "matches"


class MatchesAnyCase(Matches):
    """The same in any case: every cased letter of the GLOB and of the expression is a set of its cases."""

    name = "matches_any_case"


@compiles(Matches)
def _like(element: Matches, compiler: SQLCompiler, **options: Any) -> str:
    text, like, _glob, _expression = element.clauses
    # SQLite's LIKE ignores the case of ASCII letters; the others' does not.
    return f"({compiler.process(text, **options)} LIKE {compiler.process(like, **options)} ESCAPE '\\')"


@compiles(Matches, "clickhousedb")
def _like_clickhouse(element: Matches, compiler: SQLCompiler, **options: Any) -> str:
    text, like, _glob, _expression = element.clauses
    return f"({compiler.process(text, **options)} LIKE {compiler.process(like, **options)})"


@compiles(Matches, "sqlite")
@compiles(MatchesAnyCase, "sqlite")
def _glob(element: Matches, compiler: SQLCompiler, **options: Any) -> str:
    text, _like, glob, _expression = element.clauses
    return f"({compiler.process(text, **options)} GLOB {compiler.process(glob, **options)})"


@compiles(MatchesAnyCase, "postgresql")
def _expression_postgresql(element: Matches, compiler: SQLCompiler, **options: Any) -> str:
    # Not ILIKE: in a database of the C locale it knows the cases of ASCII letters only.
    text, _like, _glob, expression = element.clauses
    return f"({compiler.process(text, **options)} ~ {compiler.process(expression, **options)})"


@compiles(MatchesAnyCase, "duckdb")
def _expression_duckdb(element: Matches, compiler: SQLCompiler, **options: Any) -> str:
    text, _like, _glob, expression = element.clauses
    return f"regexp_matches({compiler.process(text, **options)}, {compiler.process(expression, **options)}, 's')"


@compiles(MatchesAnyCase, "clickhousedb")
def _expression_clickhouse(element: Matches, compiler: SQLCompiler, **options: Any) -> str:
    text, _like, _glob, expression = element.clauses
    return f"match({compiler.process(text, **options)}, concat('(?s)', {compiler.process(expression, **options)}))"


def in_order(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as it sorts and compares: texts by their bytes, all else as it is."""
    return BinaryOrder(column) if isinstance(column.type, String) else column
