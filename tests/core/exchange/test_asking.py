"""补充说明: the provider's clock rests while it waits for the consumer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from quancheng.core.exchange import (
    Deed,
    EffectKind,
    Event,
    Role,
    ShareType,
    SharingRequest,
    StepError,
    StepReason,
    draft,
    possible,
    step,
)
from tests.core.exchange.test_sharing import CALENDAR, TERMS

MONDAY = date(2026, 3, 2)


def _made(request: SharingRequest, deed: Deed, by: Role, on: date, reason: str = "") -> SharingRequest:
    return step(request, Event(deed, by, on, reason), TERMS, CALENDAR).request


def _accepted() -> SharingRequest:
    request = draft("r", ShareType.CONDITIONAL, MONDAY)
    request = _made(request, Deed.SUBMIT, Role.CONSUMER, MONDAY)
    return _made(request, Deed.ACCEPT, Role.PROVIDER, MONDAY)


def test_days_of_waiting_do_not_count() -> None:
    plain = _accepted()
    assert plain.clock is not None
    asked = _made(plain, Deed.ASK, Role.PROVIDER, date(2026, 3, 4), "哪些字段用于比对")
    assert asked.waiting and asked.clock is not None and asked.clock.due(CALENDAR) is None
    late = step(asked, Event(Deed.TICK, Role.SYSTEM, date(2026, 4, 30)), TERMS, CALENDAR)
    assert not late.effects
    said = _made(asked, Deed.SUPPLY, Role.CONSUMER, date(2026, 3, 11), "只用证件号")
    assert not said.waiting and said.clock is not None
    before, after = plain.clock.due(CALENDAR), said.clock.due(CALENDAR)
    assert before is not None and after is not None and (after - before).days == 7


def test_who_may_ask_and_who_may_answer() -> None:
    plain = _accepted()
    assert Deed.ASK in possible(plain, Role.PROVIDER) and Deed.SUPPLY not in possible(plain, Role.CONSUMER)
    for deed, by, reason in (
        (Deed.ASK, Role.CONSUMER, StepReason.WRONG_ROLE),
        (Deed.SUPPLY, Role.CONSUMER, StepReason.WRONG_STAGE),
    ):
        with pytest.raises(StepError) as refused:
            _made(plain, deed, by, MONDAY, "x")
        assert refused.value.reason is reason
    with pytest.raises(StepError) as refused:
        _made(plain, Deed.ASK, Role.PROVIDER, MONDAY, " ")
    assert refused.value.reason is StepReason.REASON_MISSING
    asked = _made(plain, Deed.ASK, Role.PROVIDER, MONDAY, "x")
    assert Deed.SUPPLY in possible(asked, Role.CONSUMER)
    with pytest.raises(StepError):
        _made(asked, Deed.ASK, Role.PROVIDER, MONDAY, "x")
    with pytest.raises(StepError):
        _made(asked, Deed.SUPPLY, Role.PROVIDER, MONDAY, "x")
    agreed = _made(asked, Deed.AGREE, Role.PROVIDER, MONDAY)
    assert not agreed.waiting


def test_asking_stops_and_starts_the_clock() -> None:
    stepped = step(_accepted(), Event(Deed.ASK, Role.PROVIDER, MONDAY, "x"), TERMS, CALENDAR)
    assert {one.kind for one in stepped.effects} == {EffectKind.CLOCK_STOPPED, EffectKind.NOTIFY}
    overdue = replace(stepped.request, history=stepped.request.history)
    stepped = step(overdue, Event(Deed.SUPPLY, Role.CONSUMER, MONDAY, "y"), TERMS, CALENDAR)
    assert {one.kind for one in stepped.effects} == {EffectKind.CLOCK_STARTED, EffectKind.NOTIFY}
