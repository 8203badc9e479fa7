"""The platform's JSON: three ways to say the same, and every way to say it wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.telemetry.damage import QUICK

from quancheng.capabilities.ingest.payloads import FrameRefused, Limits, Reason, decode
from quancheng.core.telemetry.reading import Quality, Reading

NOW = 1_767_225_600_000_000
MS = NOW // 1000
SMALL = Limits(size=200, readings=3, name=8, text=5)


def read(document: object, format: str = "json", limits: Limits | None = None) -> list[Reading]:
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    options: dict[str, Any] = {} if limits is None else {"limits": limits}
    return decode(format, body, context={}, received_at=NOW, **options)


def refusal(document: object, format: str = "json", limits: Limits | None = None) -> FrameRefused:
    with pytest.raises(FrameRefused) as refused:
        read(document, format, limits)
    return refused.value


WANTED = [Reading("pm25", 35.5, "", NOW), Reading("door", True, "", NOW), Reading("state", "开", "", NOW)]
VALUES = {"pm25": 35.5, "door": True, "state": "开"}


@pytest.mark.parametrize(
    "document",
    [
        {"t": MS, "v": VALUES},
        {"ts": MS, "v": VALUES},
        {"ts": MS, **VALUES},
        {**VALUES, "t": "2026-01-01T08:00:00+08:00"},
        {"t": "2026-01-01T00:00:00Z", "v": VALUES},
        [{"t": MS, "v": {"pm25": 35.5}}, {"t": MS, "v": {"door": True, "state": "开"}}],
        [{"t": MS, "pm25": 35.5}, {"ts": MS, "v": {"door": True}}, {"ts": MS, "state": "开"}],
    ],
)
def test_three_ways_to_say_the_same(document: object) -> None:
    assert read(document) == WANTED


def test_lines_of_objects() -> None:
    body = b'{"t":%d,"v":{"pm25":35.5}}\n\n{"ts":%d,"door":true,"state":"\xe5\xbc\x80"}\n' % (MS, MS)
    assert read(body, "ndjson") == WANTED
    assert read(b'{"t":%d,"v":{"a":1}}' % MS, "ndjson") == [Reading("a", 1.0, "", NOW)]


def test_without_a_time_the_time_of_receipt_is_meant() -> None:
    assert read({"v": {"a": 1}}) == read({"a": 1}) == [Reading("a", 1.0)]


def test_null_is_a_missing_value() -> None:
    assert read({"t": MS, "v": {"a": None}}) == read({"t": MS, "a": None}) == [
        Reading("a", None, "", NOW, Quality.MISSING)
    ]  # fmt: skip


def test_microseconds_of_a_text_are_kept() -> None:
    assert read({"t": "2026-01-01T00:00:00.000123Z", "v": {"a": 1}})[0].time == NOW + 123
    assert read({"ts": "2026-01-01T00:00:00.000123Z", "a": 1})[0].time == NOW + 123


def test_an_element_may_be_called_v() -> None:
    assert read({"v": 5}) == [Reading("v", 5.0)]


@pytest.mark.parametrize(
    ("document", "reason", "place"),
    [
        (b"", Reason.SYNTAX, ""),
        (b"{", Reason.SYNTAX, ""),
        (b'{"a": NaN}', Reason.SYNTAX, "byte 6"),
        (b'{"a": Infinity}', Reason.SYNTAX, "byte 6"),
        (b'{"a": 1e999}', Reason.SYNTAX, ""),
        (b'{"t":1767225600000,"v":{"a":-1e999}}', Reason.SYNTAX, ""),
        (b'{"a": "\xff"}', Reason.SYNTAX, ""),
        (b'{"a": "\\ud800"}', Reason.SYNTAX, ""),
        (b"[" * 100_000, Reason.SYNTAX, ""),
        (b'{"a":' * 100_000, Reason.SYNTAX, ""),
        ({}, Reason.NOTHING, ""),
        ([], Reason.NOTHING, ""),
        ({"v": {}}, Reason.NOTHING, ""),
        (5, Reason.FIELD, "[0]"),
        ([{"a": 1}, 7], Reason.FIELD, "[1]"),
        ({"": 1}, Reason.FIELD, "[0]"),
        ({"v": {"a": 1}, "colour": 1}, Reason.FIELD, "[0].colour"),
        ({"a": [1]}, Reason.VALUE, "[0].a"),
        ([{"t": MS, "v": {"a": 1}}, {"t": MS, "v": {"b": {"c": 1}}}], Reason.VALUE, "[1].v.b"),
        ({"a": 10**400}, Reason.VALUE, "[0].a"),
        ({"t": MS, "ts": MS, "a": 1}, Reason.TIME, "[0]"),
        ({"t": MS // 1000, "v": {"a": 1}}, Reason.TIME, "[0].t"),
        ({"ts": MS // 1000, "a": 1}, Reason.TIME, "[0].ts"),
        ({"t": MS * 1000, "v": {"a": 1}}, Reason.TIME, "[0].t"),
        ({"t": -5, "v": {"a": 1}}, Reason.TIME, "[0].t"),
        ({"t": True, "v": {"a": 1}}, Reason.TIME, "[0].t"),
        ({"t": 1.5, "v": {"a": 1}}, Reason.TIME, "[0].t"),
        ({"t": "2026-01-01T00:00:00", "v": {"a": 1}}, Reason.TIME, "[0].t"),
        ({"t": "2026-01-01", "a": 1}, Reason.TIME, "[0].t"),
        ({"t": "yesterday", "v": {"a": 1}}, Reason.TIME, "[0].t"),
        ({"t": "9999-12-31T23:59:59-14:00", "v": {"a": 1}}, Reason.TIME, "[0].t"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document: object, reason: Reason, place: str) -> None:
    refused = refusal(document)
    assert refused.reason is reason
    assert place in refused.message.zh and place in refused.message.en


def test_seconds_instead_of_milliseconds_are_named() -> None:
    refused = refusal({"t": MS // 1000, "v": {"a": 1}})
    assert "须为毫秒" in refused.message.zh and "milliseconds are wanted" in refused.message.en


@pytest.mark.parametrize(
    "document",
    [
        {"a": "x" * 200},
        {"v": {"a": "xxxxxx"}},
        {"a": "xxxxxx"},
        [{"v": {"a": 1}}] * 4,
        {"v": {"a": 1, "b": 1, "c": 1, "d": 1}},
        {"v": {"aaaaaaaaa": 1}},
    ],
)
def test_limits(document: object) -> None:
    assert refusal(document, limits=SMALL).reason in (Reason.LIMIT, Reason.FIELD)
    assert read({"v": {"aaaaaaaa": 1, "b": "xxxxx", "c": 2}}, limits=SMALL)


scalars = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
names = st.text(min_size=1, max_size=20).filter(lambda name: name not in ("t", "ts"))
rows = st.tuples(
    st.none() | st.integers(946_684_800_000, 4_102_444_799_999),
    st.dictionaries(names, scalars, min_size=1, max_size=4),
)


def expected(found: list[tuple[int | None, dict[str, Any]]]) -> list[Reading]:
    return [
        Reading(name, value, "", None if at is None else at * 1000, Quality.MISSING if value is None else 0)
        for at, values in found
        for name, value in values.items()
    ]


@QUICK
@given(st.lists(rows, min_size=1, max_size=4))
def test_rows_round_trip(found: list[tuple[int | None, dict[str, Any]]]) -> None:
    nested = [{"v": values} if at is None else {"t": at, "v": values} for at, values in found]
    assert read(nested) == expected(found)
    flat = [values if at is None else {"ts": at, **values} for at, values in found]
    if not any(isinstance(values.get("v"), dict) for _, values in found):
        assert read(flat) == expected(found)
    lines = b"\n".join(json.dumps(row).encode() for row in nested)
    assert read(lines, "ndjson") == expected(found)


junk = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@QUICK
@given(st.one_of(junk.map(lambda value: json.dumps(value).encode()), st.binary(max_size=60)))
def test_any_json_and_any_bytes_are_read_or_refused(body: bytes) -> None:
    for format in ("json", "ndjson"):
        try:
            found = decode(format, body, context={}, received_at=NOW)
        except FrameRefused:
            continue
        assert found
