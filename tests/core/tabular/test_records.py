"""Records that carry their names: JSON, lines of JSON, GeoJSON, Parquet, shapes."""

from __future__ import annotations

import dataclasses
import io
import json
import tracemalloc
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapefile
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.tabular import Broken, Format, Reason, TableError, all_names, read
from tests.core.tabular.make import LIMITS, archive, cells_of, found_in, rows_of


def test_an_array_of_objects_keeps_numbers_exactly() -> None:
    data = '[{"名":"张三","额":1.10},\n {"额":12345678901234567890.5,"名":"a]}\\"{["},\n {"名":null,"额":{"x":[1]}}]'
    rows = rows_of(data.encode())
    assert [row.cells for row in rows] == [
        ("张三", Decimal("1.10")),
        ('a]}"{[', Decimal("12345678901234567890.5")),
        (None, '{"x":[1]}'),
    ]
    assert [row.place.line for row in rows] == [1, 2, 3]


def test_records_inside_the_answer_of_an_interface_are_found() -> None:
    data = b'{"code":200,"msg":"[ok]","data":[{"a":1},{"a":2}],"total":2}'
    assert found_in(data).path == "data" and cells_of(data) == [(1,), (2,)]


BAD = [
    '{"a":NaN}',
    '{"a":1,"a":2}',
    "[1]",
    "7",
    '{"a":1',
    '"x"',
    '{"a":' + "[" * 80 + "]" * 80 + "}",
    '{"a":01}',
]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_line_is_refused_and_the_next_is_read(bad: str) -> None:
    rows = rows_of(f'{{"a":1}}\n{bad}\n{{"a":3}}\n'.encode())
    assert rows[0].cells == (1,) and rows[2].cells == (3,)
    nested = bad.startswith('{"a":[')
    assert rows[1].fault is (None if nested else Reason.BAD_JSON)


@pytest.mark.parametrize("bad", [bad for bad in BAD if bad != '{"a":1'])
def test_a_bad_element_of_an_array_is_refused_and_the_next_is_read(bad: str) -> None:
    rows = rows_of(f'[{{"a":1}},{bad},{{"a":3}}]'.encode())
    assert [row.fault for row in rows] == [None, Reason.BAD_JSON, None]
    assert rows[2].cells == (3,)


def test_an_array_that_is_cut_off_says_so() -> None:
    with pytest.raises(TableError) as caught:
        rows_of(b'[{"a":1},{"a":2')
    assert caught.value.reason is Reason.BROKEN_FILE


def test_members_that_appear_late_are_unknown_until_all_are_looked_at() -> None:
    data = b'[{"a":1}' + b',{"a":2}' * 1500 + b',{"b":3}]'
    assert rows_of(data)[-1].unknown == ("b",)
    found = found_in(data)
    names = all_names(io.BytesIO(data), found, LIMITS)
    assert names == ("a", "b")
    rows = list(read(io.BytesIO(data), dataclasses.replace(found, names=names), LIMITS))
    assert rows[-1].cells == (None, 3) and not rows[-1].unknown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.sampled_from("甲乙丙"), JSON, min_size=1), min_size=1, max_size=6),
    st.sampled_from([None, 1]),
    st.integers(1, 9),
)
@settings(max_examples=50, deadline=None)
def test_what_json_writes_is_read_back_in_any_cut(
    records: list[dict[str, Any]], indent: int | None, chunk: int
) -> None:
    text = json.dumps(records, ensure_ascii=False, indent=indent)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(chunk if size is None or size > 1000 else size)

    data = text.encode("utf-8", "surrogatepass")
    names = tuple(dict.fromkeys(name for record in records for name in record))
    found = dataclasses.replace(found_in(b'[{"a":1}]'), names=names)
    rows = list(read(Slow(data), found, LIMITS))
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        for name, cell in zip(names, row.cells, strict=True):
            value = record.get(name)
            if isinstance(value, dict | list):
                assert isinstance(cell, Broken) or json.loads(str(cell)) == value
            else:
                assert isinstance(cell, Broken) or (cell or None) == (value or None)


def test_geojson_features_become_rows_with_their_geometry() -> None:
    feature = {
        "type": "Feature",
        "id": 7,
        "properties": {"名": "趵突泉"},
        "geometry": {"type": "Point", "coordinates": [117.01, 36.66]},
    }
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    data = json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}).encode()
    found = found_in(data)
    assert found.format is Format.GEOJSON and found.crs.endswith("4490")
    assert found.names == ("名", "id", "geometry")
    assert cells_of(data) == [("趵突泉", 7, '{"type":"Point","coordinates":[117.01,36.66]}')]


def test_parquet_is_read_in_batches_and_measured_by_its_footer() -> None:
    table = pa.table({"名": ["张三", None], "数": [1, 2], "日": [date(2026, 7, 18)] * 2, "列": [[1], []]})
    target = io.BytesIO()
    pq.write_table(table, target)
    data = target.getvalue()
    assert found_in(data).names == ("名", "数", "日", "列")
    assert cells_of(data) == [("张三", 1, date(2026, 7, 18), "[1]"), (None, 2, date(2026, 7, 18), "[]")]
    for limit, reason in (("rows", Reason.TOO_MANY_ROWS), ("unpacked", Reason.UNPACKED_TOO_LARGE)):
        with pytest.raises(TableError) as caught:
            rows_of(data, limits=dataclasses.replace(LIMITS, **{limit: 1}))
        assert caught.value.reason is reason
    with pytest.raises(TableError) as caught:
        rows_of(data[:-20])
    assert caught.value.reason is Reason.BROKEN_FILE


@pytest.mark.parametrize(
    ("encoding", "page"), [("gbk", b"936"), ("gbk", None), ("utf-8", b"UTF-8"), ("utf-8", None)]
)
def test_a_zipped_shape_is_read_with_the_encoding_it_has(encoding: str, page: bytes | None) -> None:
    shp, shx, dbf = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with shapefile.Writer(shp=shp, shx=shx, dbf=dbf, encoding=encoding) as writer:
        writer.field("泉名", "C", 40)
        writer.field("LL", "N", 8)
        for name in ("趵突泉", "黑虎泉"):
            writer.point(117.0, 36.6)
            writer.record(name, 3)
    parts = {
        "泉.shp": shp.getvalue(),
        "泉.shx": shx.getvalue(),
        "泉.dbf": dbf.getvalue(),
        "泉.prj": b"GEOGCS[x]",
    }
    data = archive(parts | ({"泉.cpg": page} if page else {}))
    found = found_in(data)
    assert (found.format, found.crs) == (Format.SHAPE, "GEOGCS[x]")
    assert found.names == ("泉名", "LL", "geometry")
    assert cells_of(data)[1] == ("黑虎泉", 3, '{"type":"Point","coordinates":[117.0,36.6]}')


def test_parquet_with_one_long_text_in_every_row_stays_small() -> None:
    """A dictionary page of 1 MB that stands in 4,000 rows would be 4 GB of values."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 4000, pa.int32()), pa.array(["长" * 350_000]))
    stream = io.BytesIO()
    pq.write_table(pa.table({"k": pa.array(range(4000)), "t": texts}), stream, store_schema=False)
    assert len(stream.getvalue()) < 1_200_000
    found = found_in(stream.getvalue())
    tracemalloc.start()
    rows = sum(isinstance(row.cells[1], Broken) for row in read(stream, found, LIMITS))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 4000
    assert peak < 50_000_000
