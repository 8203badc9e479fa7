"""JSON → FEEL values of declared types (按类型读取): what forms and cases store as ISO texts become dates again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from quancheng.core import feel

from ..types import Type

__all__ = ["from_typed_json"]

_TEMPORAL: Final[dict[str, Callable[[str], Any]]] = {
    "date": feel.Date.parse,
    "time": feel.Time.parse,
    "date and time": feel.DateTime.parse,
    "days and time duration": feel.DaysTimeDuration.parse,
    "years and months duration": feel.YearsMonthsDuration.parse,
}


def from_typed_json(value: Any, kind: Type, types: Mapping[str, Type]) -> Any:
    """``value`` of JSON as a value of ``kind``; texts that aren't what they should be stay texts."""
    kind = types.get(kind.name, kind)
    if isinstance(value, str):
        read = _TEMPORAL.get(kind.name)
        found = read(value.strip()) if read is not None else None
        return value if found is None else found
    if isinstance(value, list | tuple):
        element = kind.element or feel.ANY
        return [from_typed_json(item, element, types) for item in value]
    if isinstance(value, Mapping):
        entries = dict(kind.entries or ())
        return {
            str(name): from_typed_json(item, entries.get(name, feel.ANY), types)
            for name, item in value.items()
        }
    return feel.from_json(value)
