"""行的校验: what came as mappings or as Arrow becomes an Arrow table of the schema, or faults with places.

Pure: no Django, no files. Nothing is dropped: one fault refuses the whole delivery, so a caller that
wants to keep the good rows converts with ``core.tabular`` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from quancheng.capabilities.tables.values import ColumnSpec, TableSchema, arrow_type
from quancheng.core.tabular import Kind, Reason, read_value
from quancheng.core.text import Text

MOST_FAULTS = 50
"""Faults listed; the others are only counted."""
_TENTH = Decimal(1).scaleb(-10)
_LARGEST = Decimal(10) ** 28


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a delivery is refused, and where (行错误). Rows count from 1; 0 is the delivery itself."""

    row: int
    column: str
    text: Text

    @property
    def place(self) -> str:
        """``12.name``: row and column."""
        return f"{self.row}.{self.column}" if self.row else self.column


class RowsRefusedError(ValueError):
    """Rows that do not fit; the shell turns it into InvalidInput."""

    def __init__(self, faults: Sequence[RowFault], count: int | None = None) -> None:
        self.faults = tuple(faults[:MOST_FAULTS])
        self.count = len(faults) if count is None else count
        super().__init__(f"{self.count} faults: {self.faults[0].place if self.faults else ''}")


Rows = pa.Table | pa.RecordBatch | Sequence[Mapping[str, Any]]


def fit(schema: TableSchema, data: Rows, zone: tzinfo, first: int = 1) -> pa.Table:
    """The rows as an Arrow table with the schema's columns in its order; RowsRefusedError otherwise.

    A column that is not delivered is empty in every row. ``first``: the number of the first row.
    """
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    names = data.column_names if isinstance(data, pa.Table) else _names(data)
    if strange := [name for name in names if schema.column(name) is None]:
        text = Text("表中没有这一列", "the table has no such column")
        raise RowsRefusedError([RowFault(0, _sayable(name), text) for name in strange])
    if isinstance(data, pa.Table) and len(set(names)) != len(names):
        raise RowsRefusedError([RowFault(0, "columns", Text("列名重复", "a column comes twice"))])
    faults: list[RowFault] = []
    columns = [_column(schema, spec, data, zone, first, faults) for spec in schema.columns]
    if faults:
        faults.sort(key=lambda fault: fault.row)
        raise RowsRefusedError(faults)
    return pa.table(columns, schema=schema.arrow())


def fit_keys(schema: TableSchema, keys: Sequence[Any], zone: tzinfo) -> pa.Table:
    """Keys as an Arrow table of the key's columns; a key of one column may come bare."""
    faults: list[RowFault] = []
    rows = []
    for at, key in enumerate(keys, 1):
        parts = tuple(key) if isinstance(key, tuple | list) else (key,)
        if len(parts) != len(schema.key):
            text = Text(f"主键应有 {len(schema.key)} 项", f"a key has {len(schema.key)} parts")
            faults.append(RowFault(at, "key", text))
        rows.append(dict(zip(schema.key, parts, strict=False)))
    if faults:
        raise RowsRefusedError(faults)
    specs = [spec for name in schema.key if (spec := schema.column(name)) is not None]
    columns = [_column(schema, spec, rows, zone, 1, faults) for spec in specs]
    if faults:
        raise RowsRefusedError(faults)
    return pa.table(columns, schema=pa.schema([pa.field(s.name, arrow_type(s.kind)) for s in specs]))


def refuse_doubles(schema: TableSchema, data: pa.Table, first: int = 1) -> None:
    """Raise RowsRefusedError when a key comes twice, naming the rows."""
    if data.num_rows < 2:
        return
    numbered = data.select(list(schema.key)).append_column("_row", pa.array(range(data.num_rows)))
    groups = numbered.group_by(list(schema.key)).aggregate([("_row", "count"), ("_row", "max")])
    doubled = groups.filter(pc.greater(groups["_row_count"], 1))
    if doubled.num_rows:
        places = sorted(doubled["_row_max"].to_pylist())[:MOST_FAULTS]
        faults = [doubled_key(at + first, schema.key) for at in places]
        raise RowsRefusedError(faults, doubled.num_rows)


def doubled_key(row: int, key: Sequence[str]) -> RowFault:
    """The fault of a row whose key came before."""
    return RowFault(row, "+".join(key), Text("主键与前面的行重复", "the key is that of an earlier row"))


def _names(data: Sequence[Mapping[str, Any]]) -> list[str]:
    found: dict[str, None] = {}
    for row in data:
        found.update(dict.fromkeys(row))
    return list(found)


def _column(
    schema: TableSchema,
    spec: ColumnSpec,
    data: pa.Table | Sequence[Mapping[str, Any]],
    zone: tzinfo,
    first: int,
    faults: list[RowFault],
) -> pa.Array | pa.ChunkedArray:
    kind = arrow_type(spec.kind)
    if isinstance(data, pa.Table):
        if spec.name not in data.column_names:
            found: Any = pa.nulls(data.num_rows, kind)
        else:
            given = data.column(spec.name)
            found = _cast(given, kind, zone)
            if found is None:
                found = _convert(given.to_pylist(), spec, zone, first, faults)
    else:
        found = _convert((row.get(spec.name) for row in data), spec, zone, first, faults)
    if spec.required or spec.name in schema.key:
        _require(found, spec, first, faults)
    return found


def _require(found: pa.Array | pa.ChunkedArray, spec: ColumnSpec, first: int, faults: list[RowFault]) -> None:
    missing = pc.is_null(found)
    if pa.types.is_string(found.type):
        missing = pc.or_kleene(missing, pc.equal(found, ""))
    if not pc.any(missing).as_py():
        return
    marked = {fault.row for fault in faults if fault.column == spec.name}
    places = pc.indices_nonzero(missing).to_pylist()
    text = Text("不能为空", "must not be empty")
    faults += [RowFault(at + first, spec.name, text) for at in places if at + first not in marked]


def _cast(given: pa.ChunkedArray, kind: pa.DataType, zone: tzinfo) -> pa.ChunkedArray | None:
    """Arrow's own conversion where it loses nothing; None when each value must be looked at."""
    if pa.types.is_dictionary(given.type):
        given = given.cast(given.type.value_type)
    source = given.type
    if source == kind:
        return given
    if pa.types.is_null(source):
        return pa.chunked_array([pa.nulls(len(given), kind)])
    try:
        if pa.types.is_string(kind):
            texts = pa.types.is_large_string(source) or pa.types.is_string_view(source)
            return given.cast(kind) if texts else None
        if pa.types.is_decimal(kind) and (pa.types.is_floating(source) or pa.types.is_decimal(source)):
            return pc.round(given, ndigits=10, round_mode="half_to_even").cast(kind)
        if pa.types.is_timestamp(kind):
            if pa.types.is_timestamp(source):
                aware = given if source.tz else pc.assume_timezone(given, str(zone))
                return aware.cast(kind)
            return None
        numbers = pa.types.is_integer(source) and (pa.types.is_integer(kind) or pa.types.is_decimal(kind))
        return given.cast(kind) if numbers or (pa.types.is_date(source) and pa.types.is_date(kind)) else None
    except pa.ArrowInvalid:
        return None


def _convert(
    values: Iterable[Any], spec: ColumnSpec, zone: tzinfo, first: int, faults: list[RowFault]
) -> pa.Array:
    kind = arrow_type(spec.kind)
    found: list[Any] = []
    for at, value in enumerate(values, first):
        try:
            found.append(read_cell(value, spec.kind, zone))
        except _BadValueError as bad:
            found.append(None)
            faults.append(RowFault(at, spec.name, bad.text))
    return pa.array(found, kind)


class _BadValueError(ValueError):
    def __init__(self, kind: Kind, value: Any) -> None:
        shown = str(value)[:40]
        self.text = Text(f"“{shown}”不是 {kind.value} 类型的值", f"{shown!r} is no {kind.value}")


def read_cell(value: Any, kind: Kind, zone: tzinfo) -> Any:
    """One value as its kind's type; text is read as offices write it. ValueError when it is not one."""
    if value is None or (isinstance(value, str) and not value and kind is not Kind.TEXT):
        return None
    if isinstance(value, bytes | bytearray | dict | list | tuple | set):
        raise _BadValueError(kind, value)
    if kind is Kind.DATETIME and isinstance(value, datetime):
        return _utc(value, zone)
    read = read_value(value, kind, zone)
    if isinstance(read, Reason):
        raise _BadValueError(kind, value)
    if isinstance(read, Decimal):
        return _decimal(read)
    if kind is Kind.DATETIME and isinstance(read, date):
        return _utc(read if isinstance(read, datetime) else datetime.combine(read, datetime.min.time()), zone)
    if isinstance(read, str) and not _encodable(read):
        raise _BadValueError(kind, value)
    return read


def _utc(moment: datetime, zone: tzinfo) -> datetime:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return aware.astimezone(UTC)


def _decimal(value: Decimal) -> Decimal:
    if abs(value) >= _LARGEST:
        raise _BadValueError(Kind.DECIMAL, value)
    with localcontext() as context:
        context.prec = 60
        return value.quantize(_TENTH, ROUND_HALF_EVEN)


def _sayable(name: object) -> str:
    return str(name)[:63].encode(errors="replace").decode() or "columns"


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
