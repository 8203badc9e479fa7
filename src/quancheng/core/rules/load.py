"""参数文件: from parsed TOML to rules; strict, so that slips are found when read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import chain, repeat

from quancheng.core.rules.errors import RuleError, RuleFormatError
from quancheng.core.rules.model import Rule
from quancheng.core.text import Text

__all__ = ["read_documents", "read_rule"]

_REQUIRED = frozenset({"id", "name", "value", "authority", "region", "valid_from", "citation"})
_OPTIONAL = frozenset({"valid_to", "unit", "note", "simulated"})


def read_documents(documents: Iterable[Mapping[str, object]], sources: Iterable[str] = ()) -> Iterator[Rule]:
    """Read all ``[[rule]]`` tables of parsed TOML documents (读取全部参数)."""
    names = chain(sources, repeat(""))
    for position, document in enumerate(documents, start=1):
        source = next(names) or f"document {position}"
        tables = document.get("rule", [])
        if not isinstance(tables, list):
            raise RuleFormatError(source, "rules are written as [[rule]] tables")
        for number, table in enumerate(tables, start=1):
            if not isinstance(table, Mapping):
                raise RuleFormatError(source, "rules are written as [[rule]] tables")
            yield read_rule(table, source=source, place=f"{source} [[rule]] {number}")


def read_rule(table: Mapping[str, object], *, source: str = "", place: str = "[[rule]]") -> Rule:
    """Read one table (读取一条参数). Unknown keys are refused: a misspelt one would be lost."""
    label = f"{place} ({table['id']})" if isinstance(table.get("id"), str) else place
    missing = sorted(_REQUIRED - table.keys())
    unknown = sorted(str(key) for key in table.keys() - _REQUIRED - _OPTIONAL)
    if missing or unknown:
        parts = [f"missing {', '.join(missing)}"] if missing else []
        parts += [f"unknown {', '.join(unknown)}"] if unknown else []
        raise RuleFormatError(label, "; ".join(parts))
    try:
        return Rule(
            id=_string(table, "id"),
            name=_name(table["name"]),
            value=table["value"],
            authority=_string(table, "authority"),
            region=_string(table, "region"),
            valid_from=_day(table, "valid_from"),
            citation=_string(table, "citation"),
            valid_to=_day(table, "valid_to") if _given(table, "valid_to") else None,
            unit=_string(table, "unit") if "unit" in table else "",
            note=_string(table, "note") if "note" in table else "",
            simulated=_flag(table.get("simulated", False)),
            source=source,
        )
    except (RuleError, TypeError, ValueError) as error:
        raise RuleFormatError(label, str(error)) from error


def _given(table: Mapping[str, object], key: str) -> bool:
    return table.get(key) not in (None, "")


def _name(value: object) -> Text:
    if not isinstance(value, Mapping | str):
        raise TypeError("name must be a string or { zh = …, en = … }")
    return Text.of(value)


def _string(table: Mapping[str, object], key: str) -> str:
    value = table[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} must be a string")
    return value


def _day(table: Mapping[str, object], key: str) -> date:
    value = table[key]
    if type(value) is not date:
        raise TypeError(f"{key} must be a date such as 2020-01-01, without quotes")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("simulated must be true or false")
    return value
