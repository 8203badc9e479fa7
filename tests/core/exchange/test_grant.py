"""Grants: a use never gets more than was granted, whatever it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.exchange import (
    AllOf,
    Allowed,
    AnyOf,
    Comparison,
    Condition,
    Grant,
    GrantStatus,
    Hours,
    IsIn,
    IsMissing,
    LegalBasis,
    Mask,
    Mode,
    Not,
    Operator,
    Quota,
    QuotaUse,
    Refusal,
    Refused,
    Use,
    apply_mask,
    at_most,
    decide,
    deliver,
    meet,
)
from tests.core.exchange.test_condition import CALM, COLUMNS, LIXIA, trees
from tests.core.exchange.world import HOUSING, NOW, POLICE

KEY = b"sixteen bytes at least"
GRANT = Grant(
    "grant-7",
    HOUSING,
    POLICE,
    "people",
    "公租房资格审核",
    LegalBasis("公共租赁住房管理办法", "第八条"),
    {
        "name": Mask.NAME,
        "phone": Mask.PHONE,
        "id_hash": Mask.HASH,
        "district": Mask.KEEP,
        "age": Mask.KEEP,
        "secret": Mask.HIDE,
    },
    Quota(timedelta(days=1), calls=3, rows=100, rows_per_call=50),
    NOW,
    NOW + timedelta(days=365),
    LIXIA,
    frozenset({"resident_id"}),
    case_required=True,
)
USE = Use(
    "grant-7", HOUSING.code, "people", "公租房资格审核", {"name": Mask.KEEP, "age": Mask.KEEP}, case="c-1"
)


def allowed(decision: Allowed | Refused) -> Allowed:
    assert isinstance(decision, Allowed), decision
    return decision


def test_a_use_within_the_grant() -> None:
    decision = allowed(decide(GRANT, QuotaUse(), USE, NOW))
    assert decision.fields == {"name": Mask.NAME, "age": Mask.KEEP}
    assert decision.rows == 50
    assert decision.used == QuotaUse(0, 1, 0)
    rows = [
        {"name": "张三丰", "age": 40, "district": "370102", "secret": "x"},
        {"name": "李四", "age": 41, "district": "370103", "secret": "x"},
    ]
    assert list(deliver(decision, rows, KEY)) == [{"name": "张**", "age": 40}]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"grant": "x"}, Refusal.OTHER_GRANT),
        ({"consumer": "x"}, Refusal.OTHER_PARTY),
        ({"resource": "x"}, Refusal.OTHER_RESOURCE),
        ({"purpose": "x"}, Refusal.OTHER_PURPOSE),
        ({"fields": {"salary": Mask.KEEP}}, Refusal.FIELDS),
        ({"fields": {"secret": Mask.HIDE}}, Refusal.FIELDS),
        ({"fields": {}}, Refusal.FIELDS),
        ({"mode": Mode.BATCH}, Refusal.MODE),
        ({"case": " "}, Refusal.CASE_MISSING),
        ({"rows": 0}, Refusal.ROWS),
        ({"condition": Comparison("name", Operator.EQ, "张三")}, Refusal.CONDITION),
        ({"condition": Comparison("resident_id", Operator.LT, "3701")}, Refusal.CONDITION),
        ({"condition": Comparison("resident_id", Operator.STARTS, "3701")}, Refusal.CONDITION),
        ({"condition": Not(IsIn("resident_id", ("3701",)))}, Refusal.CONDITION),
        ({"condition": AnyOf((LIXIA, IsMissing("secret")))}, Refusal.CONDITION),
    ],
)
def test_refusals(change: dict[str, Any], reason: Refusal) -> None:
    decision = decide(GRANT, QuotaUse(), replace(USE, **change), NOW)
    assert isinstance(decision, Refused)
    assert decision.reason is reason
    assert decision.text.zh.endswith("。")


def test_search_fields_serve_equality_only() -> None:
    use = replace(USE, condition=Comparison("resident_id", Operator.EQ, "370102199003074518"), rows=1)
    assert allowed(decide(GRANT, QuotaUse(), use, NOW)).rows == 1
    use = replace(USE, condition=AllOf((IsIn("resident_id", ("a", "b")), Comparison("age", Operator.GE, 60))))
    assert allowed(decide(GRANT, QuotaUse(), use, NOW))


def reason_of(grant: Grant, now: datetime, used: QuotaUse | None = None) -> Refusal | None:
    decision = decide(grant, used or QuotaUse(), USE, now)
    return decision.reason if isinstance(decision, Refused) else None


def test_times_states_and_quota() -> None:
    second = timedelta(seconds=1)
    assert reason_of(GRANT, NOW - second) is Refusal.NOT_YET
    assert reason_of(GRANT, GRANT.valid_until) is Refusal.EXPIRED
    assert reason_of(GRANT, GRANT.valid_until - second) is None
    assert reason_of(replace(GRANT, status=GrantStatus.SUSPENDED), NOW) is Refusal.SUSPENDED
    assert reason_of(replace(GRANT, status=GrantStatus.WITHDRAWN), NOW) is Refusal.WITHDRAWN
    assert reason_of(GRANT, NOW, QuotaUse(0, 3, 0)) is Refusal.CALLS_USED_UP
    assert reason_of(GRANT, NOW, QuotaUse(0, 1, 100)) is Refusal.ROWS_USED_UP
    assert reason_of(GRANT, NOW + timedelta(days=1), QuotaUse(0, 3, 100)) is None
    assert reason_of(GRANT, NOW, QuotaUse(1, 0, 0)) is Refusal.CLOCK
    left = allowed(decide(GRANT, QuotaUse(0, 1, 90), USE, NOW))
    assert left.rows == 10


def test_hours_over_midnight_belong_to_the_day_they_began() -> None:
    china = timezone(timedelta(hours=8))
    nights = Hours(time(22), time(6), china, frozenset({0}))  # Monday night
    grant = replace(GRANT, hours=(nights,))
    assert reason_of(grant, datetime(2026, 3, 2, 21, 59, tzinfo=china)) is Refusal.OUT_OF_HOURS
    assert reason_of(grant, datetime(2026, 3, 2, 22, 0, tzinfo=china)) is None
    assert reason_of(grant, datetime(2026, 3, 3, 5, 59, tzinfo=china)) is None
    assert reason_of(grant, datetime(2026, 3, 3, 6, 0, tzinfo=china)) is Refusal.OUT_OF_HOURS
    assert reason_of(grant, datetime(2026, 3, 3, 23, 0, tzinfo=china)) is Refusal.OUT_OF_HOURS
    office = Hours(time(9), time(17), china, frozenset(range(5)))
    assert office.covers(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    assert not office.covers(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "change",
    [
        {"valid_until": NOW},
        {"valid_from": datetime(2026, 1, 1)},
        {"purpose": " "},
        {"fields": {"secret": Mask.HIDE}},
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(GRANT, **change)
    with pytest.raises(ValueError):
        LegalBasis("", "第八条")


FIELDS = ["name", "phone", "id_hash", "district", "age", "secret", "unknown"]


@CALM
@given(
    st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(Mask), max_size=5),
    st.none() | trees(["district", "age"]),
    st.none() | st.integers(1, 80),
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(["张三", "欧阳修"]),
                "phone": st.just("13812345678"),
                "id_hash": st.just("370102199003074518"),
                "district": COLUMNS["district"],
                "age": COLUMNS["age"],
                "secret": st.just("s"),
                "unknown": st.just("u"),
            }
        ),
        max_size=8,
    ),
)
def test_never_wider_than_granted(
    fields: dict[str, Mask], condition: Condition | None, most: int | None, rows: list[Mapping[str, object]]
) -> None:
    decision = decide(GRANT, QuotaUse(), replace(USE, fields=fields, condition=condition, rows=most), NOW)
    if isinstance(decision, Refused):
        assert decision.reason in (Refusal.FIELDS, Refusal.CONDITION)
        return
    full = [
        {name: apply_mask(way, row[name], KEY, name) for name, way in GRANT.fields.items()}
        for row in rows
        if row["district"] == "370102"
    ]
    given_rows = list(deliver(decision, rows, KEY))
    assert len(given_rows) <= min(len(full), most or 50, 50)
    assert all(at_most(way, GRANT.fields[name]) for name, way in decision.fields.items())
    for row in given_rows:
        assert row.keys() <= {"name", "phone", "id_hash", "district", "age"}
    for name, way in decision.fields.items():
        if way is GRANT.fields[name]:
            assert {row[name] for row in given_rows} <= {row[name] for row in full}


@given(st.sampled_from(Mask), st.sampled_from(Mask), st.sampled_from(Mask))
def test_masks_are_a_meet_semilattice(a: Mask, b: Mask, c: Mask) -> None:
    assert meet(a, a) is a
    assert meet(a, b) is meet(b, a)
    assert meet(a, meet(b, c)) is meet(meet(a, b), c)
    assert at_most(meet(a, b), a) and at_most(meet(a, b), b)


def test_masks_of_values() -> None:
    assert apply_mask(Mask.RESIDENT_ID, "370102199003074518", KEY, "id") == "370102********4518"
    assert apply_mask(Mask.TAIL, "6222020200112230", KEY, "card") == "************2230"
    assert apply_mask(Mask.PHONE, 13812345678, KEY, "phone") is None
    assert apply_mask(Mask.HIDE, "x", KEY, "f") is None
    assert apply_mask(Mask.HASH, None, KEY, "f") is None
    hashed = apply_mask(Mask.HASH, "x", KEY, "f")
    assert hashed == apply_mask(Mask.HASH, "x", KEY, "f")
    assert hashed not in (
        apply_mask(Mask.HASH, "x", KEY, "g"),
        apply_mask(Mask.HASH, "x", KEY + b"!", "f"),
        apply_mask(Mask.HASH, "y", KEY, "f"),
    )
    assert apply_mask(Mask.HASH, 1, KEY, "f") == apply_mask(Mask.HASH, Decimal("1.0"), KEY, "f")
    assert apply_mask(Mask.HASH, 1, KEY, "f") != apply_mask(Mask.HASH, "1", KEY, "f")
    assert apply_mask(Mask.HASH, 1.5, KEY, "f") is None
    with pytest.raises(ValueError):
        apply_mask(Mask.HASH, "x", b"short", "f")
