"""概况存取: a profile as plain data (JSON) and back, and without the values of persons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from quancheng.core.quality.errors import QualityError, Reason
from quancheng.core.quality.language.typing import Sort
from quancheng.core.quality.profile import ColumnProfile, Histogram, Profile
from quancheng.core.text import Text

__all__ = ["profile_from", "profile_to_data", "without_values"]


def without_values(profile: Profile, columns: Collection[str]) -> Profile:
    """The profile with nothing of these columns but counts and lengths (去除取值): what is kept of persons."""
    kept = []
    for each in profile.columns:
        if each.name in columns:
            bounds = (each.least, each.most) if each.sort is Sort.TEXT else (None, None)
            each = replace(each, top=(), least=bounds[0], most=bounds[1], histogram=None)
        kept.append(each)
    return Profile(profile.rows, tuple(kept))


def profile_to_data(profile: Profile) -> dict[str, object]:
    """The profile as JSON takes it (转为数据)."""
    return {"rows": profile.rows, "columns": [_column(each) for each in profile.columns]}


def _column(each: ColumnProfile) -> dict[str, object]:
    data: dict[str, object] = {"name": each.name, "sort": str(each.sort), "missing": each.missing}
    if each.distinct is not None:
        data["distinct"] = each.distinct
    for name, value in (("least", each.least), ("most", each.most)):
        if value is not None:
            data[name] = _put(value)
    if each.top:
        data["top"] = [[_put(value), count] for value, count in each.top]
    if each.histogram is not None:
        data["edges"], data["counts"] = list(each.histogram.edges), list(each.histogram.counts)
    return data


def _put(value: object) -> object:
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        # JSON has no NaN and no infinity, and what is neither has no place in a profile's bounds.
        return {"float": repr(value)}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    return {"day": value.isoformat()} if isinstance(value, date) else {"decimal": str(value)}


_GET: dict[str, Any] = {
    "float": float,
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "decimal": Decimal,
}


def _get(data: Any) -> object:
    if isinstance(data, Mapping):
        ((kind, text),) = data.items()
        return _GET[kind](text)
    return data


def profile_from(data: Mapping[str, Any]) -> Profile:
    """The profile of such data (由数据还原). Raises ``QualityError`` with ``FORM``."""
    try:
        return Profile(int(data["rows"]), tuple(_read(each) for each in data["columns"]))
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        text = Text("概况数据有误。", "These are no data of a profile.")
        raise QualityError(Reason.FORM, "profile", text) from error


def _read(each: Mapping[str, Any]) -> ColumnProfile:
    edges: Sequence[float] | None = each.get("edges")
    return ColumnProfile(
        name=str(each["name"]),
        sort=Sort(each["sort"]),
        missing=int(each["missing"]),
        distinct=None if each.get("distinct") is None else int(each["distinct"]),
        least=_get(each.get("least")),
        most=_get(each.get("most")),
        top=tuple((_get(value), int(count)) for value, count in each.get("top", ())),
        histogram=None if edges is None else Histogram(tuple(edges), tuple(each["counts"])),
    )
