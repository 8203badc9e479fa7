"""按时间聚合: an extension: ``Datastreams(1)/Observations?$aggregate=hour&$functions=mean,max``.

Numeric results by periods of phenomenon time. Days, months and years are the city's (UTC+8); other
periods count from 1970-01-01T00:00:00Z. Periods without numeric results are not given.
"""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.sensorthings import observing
from quancheng.capabilities.sensorthings.reader import Reader
from quancheng.capabilities.sensorthings.rendering import options_text, page_size
from quancheng.core.sensorthings.model import EntityType
from quancheng.core.sensorthings.options import Query
from quancheng.core.sensorthings.times import format_time

_LENGTHS = {"minute": 60_000_000, "hour": 3_600_000_000}
LOCAL = 8 * 3_600_000_000
"""The city's offset from UTC, microseconds; China has no daylight saving time."""
_FUNCTIONS = {
    "count": "count(value)",
    "mean": "avg(value)",
    "min": "min(value)",
    "max": "max(value)",
    "sum": "sum(value)",
    "first": "arg_min(value, (time, id))",
    "last": "arg_max(value, (time, id))",
}


def answer(
    reader: Reader, source: tuple[EntityType, str, int] | None, query: Query, address: str
) -> dict[str, Any]:
    """The JSON answer: a period, its stream and the functions' values each. Raises BadQuery."""
    assert query.aggregate is not None
    within = observing.scope(reader, None if source is None else (source[0], source[2]))
    start, end = _period(query.aggregate.every)
    functions = ", ".join(f"{_FUNCTIONS[name]} AS f_{name}" for name in query.aggregate.functions)
    size = page_size(query)
    rows = observing.grouped(
        reader,
        within,
        query.filter,
        f"SELECT stream, begin, {end}, {functions} FROM (SELECT stream, time, id, {start} AS begin,"  # noqa: S608
        " (CASE WHEN text IS NULL OR text NOT IN ('true', 'false') THEN number END) AS value"
        " FROM observations{where}) WHERE value IS NOT NULL GROUP BY stream, begin"
        f" ORDER BY stream, begin LIMIT {size + 1} OFFSET {query.skip}",
    )
    value = [_row(row, query.aggregate.functions) for row in rows[:size]]
    out: dict[str, Any] = {}
    if len(rows) > size > 0:
        out["@iot.nextLink"] = f"{address}?{options_text(query, query.skip + size, '&')}"
    return {**out, "value": value}


def _row(row: tuple[Any, ...], functions: tuple[str, ...]) -> dict[str, Any]:
    stream, begin, end, *values = row
    shown = dict(zip(functions, values, strict=True))
    return {"phenomenonTime": format_time(begin, end), "Datastream": {"@iot.id": stream}, **shown}


def _period(every: str | int) -> tuple[str, str]:
    """SQL of the beginning of a row's period, and of the end of a period that began at ``begin``."""
    length = _LENGTHS.get(every) if isinstance(every, str) else every
    if length is not None:
        return f"CAST(floor(time / {length}) AS BIGINT) * {length}", f"begin + {length}"
    local = f"make_timestamp(time + {LOCAL})"
    start = f"epoch_us(date_trunc('{every}', {local})) - {LOCAL}"
    return start, f"epoch_us(make_timestamp(begin + {LOCAL}) + INTERVAL 1 {every}) - {LOCAL}"
