"""SQL的零件: pieces of DuckDB's SQL that conditions on observations are made of. No value of a client is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NUM, TEXT, BOOL, TIME, SPAN, JSON, RESULT, LENGTH, DAY, CLOCK, NULL = (
    "num", "text", "bool", "time", "span", "json", "result", "length", "day", "clock", "null",
)  # fmt: skip
NO_VALUE = object()


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and what it gives; ``end`` is the other end of a span; ``value`` when it is constant."""

    text: str
    kind: str
    end: str = ""
    value: Any = NO_VALUE


TEXTS: dict[str, tuple[str, Any]] = {
    "substringof": (BOOL, lambda part, whole: f"contains({whole}, {part})"),
    "contains": (BOOL, lambda whole, part: f"contains({whole}, {part})"),
    "startswith": (BOOL, lambda whole, part: f"starts_with({whole}, {part})"),
    "endswith": (BOOL, lambda whole, part: f"suffix({whole}, {part})"),
    "length": (NUM, lambda text: f"length({text})"),
    "indexof": (NUM, lambda whole, part: f"(instr({whole}, {part}) - 1)"),
    "tolower": (TEXT, lambda text: f"lower({text})"),
    "toupper": (TEXT, lambda text: f"upper({text})"),
    "trim": (TEXT, lambda text: f"trim({text})"),
}
PARTS = {
    **{name: f"CAST({name}(make_timestamp({{0}})) AS DOUBLE)" for name in ("year", "month", "day", "hour", "minute", "second")},
    "fractionalseconds": "(({0} - 1000000 * CAST(floor({0} / 1000000) AS BIGINT)) / 1000000)",
    "totaloffsetminutes": "(CASE WHEN {0} IS NOT NULL THEN 0.0 END)",
}  # fmt: skip


def before(one: Sql, two: Sql) -> str:
    return f"(CASE WHEN {one.text} = {one.end} THEN {one.end} < {two.text} ELSE {one.end} <= {two.text} END)"


def _during(one: Sql, two: Sql) -> str:
    inside = f"CASE WHEN {one.text} < {one.end} THEN {one.end} <= {two.end} ELSE {one.text} < {two.end} END"
    return f"({two.text} <= {one.text} AND {inside})"


RELATIONS: dict[str, Any] = {
    "before": before,
    "after": lambda one, two: before(two, one),
    "meets": lambda one, two: f"({one.end} = {two.text} OR {two.end} = {one.text})",
    "during": _during,
    "overlaps": lambda one, two: f"(NOT {before(one, two)} AND NOT {before(two, one)})",
    "starts": lambda one, two: f"({one.text} = {two.text})",
    "finishes": lambda one, two: f"({one.end} = {two.end})",
}


def there(one: Sql) -> str:
    return "coalesce(text, CAST(number AS VARCHAR))" if one.kind == RESULT else f"({one.text})"


def result_number() -> str:
    return "(CASE WHEN text IS NULL OR text NOT IN ('true', 'false') THEN number END)"


def json_number(text: str) -> str:
    return f"(CASE WHEN json_type({text}) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST({text} AS DOUBLE) END)"


def json_text(text: str) -> str:
    return f"(CASE WHEN json_type({text}) = 'VARCHAR' THEN json_extract_string({text}, '$') END)"


def json_bool(text: str) -> str:
    return f"(CASE WHEN json_type({text}) = 'BOOLEAN' THEN CAST({text} AS VARCHAR) = 'true' END)"


def micros(text: str) -> str:
    return f"epoch_us(TRY_CAST({text} AS TIMESTAMP))"


def pointer(steps: tuple[str | int, ...]) -> str:
    """JSON pointer (RFC 6901) of some steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
