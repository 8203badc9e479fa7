"""Requests for data: stories of agreement, correction, refusal and dispute under the legal clock."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quancheng.core.calendar import HolidayTable, WorkingCalendar
from quancheng.core.exchange import (
    Clock,
    Deed,
    EffectKind,
    Event,
    Role,
    ShareType,
    SharingRequest,
    Stage,
    StepError,
    Stepped,
    StepReason,
    Terms,
    draft,
    possible,
    step,
)

RESOURCE = Path(__file__).parents[3] / "src/quancheng/kernel/resources/calendar_cn.toml"
CALENDAR = WorkingCalendar(HolidayTable.from_toml_dict(tomllib.loads(RESOURCE.read_text("utf-8"))))
MONDAY = date(2025, 6, 9)
# invented day counts: the legal ones are parameters of the capability
TERMS = Terms(
    {
        Clock.ACCEPT: 2,
        Clock.CORRECT: 5,
        Clock.ANSWER: 10,
        Clock.DELIVER: 20,
        Clock.CONFIRM: 5,
        Clock.OBJECT: 5,
        Clock.REVIEW: 5,
        Clock.ARBITRATE: 10,
    },
    {Clock.ANSWER: (10, 1)},
)
C, P, A, S = Role


def day(offset: int) -> date:
    return MONDAY + timedelta(offset)


def run(request: SharingRequest, *events: Event) -> Stepped:
    done = Stepped(request, ())
    for event in events:
        done = step(done.request, event, TERMS, CALENDAR)
    return done


def at(stage: Stage) -> SharingRequest:
    return run(draft("r-1", ShareType.CONDITIONAL, MONDAY, day(100)), *ROADS[stage]).request


SUBMIT = Event(Deed.SUBMIT, C, MONDAY)
ACCEPT = Event(Deed.ACCEPT, A, day(1))
AGREE = Event(Deed.AGREE, P, day(2))
DECLINE = Event(Deed.DECLINE, P, day(2), "涉及国家秘密以外的法定保密事项", "《统计法》第二十八条")
OBJECT = Event(Deed.OBJECT, C, day(3), "履职确需")
ESCALATE = Event(Deed.ESCALATE, C, day(4), "协商未果")
ROADS: dict[Stage, tuple[Event, ...]] = {
    Stage.DRAFTED: (),
    Stage.SUBMITTED: (SUBMIT,),
    Stage.RETURNED: (SUBMIT, Event(Deed.RETURN, A, day(1), "缺少依据")),
    Stage.ACCEPTED: (SUBMIT, ACCEPT),
    Stage.AGREED: (SUBMIT, ACCEPT, AGREE),
    Stage.DECLINED: (SUBMIT, ACCEPT, DECLINE),
    Stage.OBJECTED: (SUBMIT, ACCEPT, DECLINE, OBJECT),
    Stage.ARBITRATED: (SUBMIT, ACCEPT, DECLINE, OBJECT, ESCALATE),
    Stage.DELIVERED: (SUBMIT, ACCEPT, AGREE, Event(Deed.DELIVER, P, day(3))),
}
ROADS[Stage.IN_USE] = (*ROADS[Stage.DELIVERED], Event(Deed.CONFIRM, C, day(4)))
ROADS[Stage.SUSPENDED] = (*ROADS[Stage.IN_USE], Event(Deed.SUSPEND, P, day(5), "数据异常"))


@pytest.mark.parametrize("stage", ROADS)
def test_every_stage_is_reached(stage: Stage) -> None:
    request = at(stage)
    assert request.stage is stage
    assert stage.text.zh
    assert len(request.history) == len(ROADS[stage])
    assert (request.clock is None) == (request.limit is None)


def test_from_draft_to_use_and_end() -> None:
    done = run(at(Stage.AGREED), Event(Deed.DELIVER, P, day(3)))
    kinds = [effect.kind for effect in done.effects]
    assert kinds == [EffectKind.CLOCK_STOPPED, EffectKind.CLOCK_STARTED, EffectKind.GRANT, EffectKind.NOTIFY]
    assert done.effects[1].due == day(10)
    request = at(Stage.IN_USE)
    assert run(request, Event(Deed.TICK, S, day(100))) == Stepped(request, ())
    ended = run(request, Event(Deed.TICK, S, day(101)))
    assert ended.request.stage is Stage.EXPIRED
    assert EffectKind.END_GRANT in [effect.kind for effect in ended.effects]


def test_suspended_and_resumed() -> None:
    done = run(at(Stage.SUSPENDED), Event(Deed.RESUME, P, day(6)))
    assert done.request.stage is Stage.IN_USE
    assert EffectKind.RESUME_GRANT in [effect.kind for effect in done.effects]
    assert refusal(at(Stage.SUSPENDED), Event(Deed.RESUME, P, day(101))) is StepReason.OVERDUE


def test_the_clock_counts_working_days() -> None:
    done = run(at(Stage.SUBMITTED), ACCEPT)
    started = [effect for effect in done.effects if effect.kind is EffectKind.CLOCK_STARTED]
    assert [(effect.to, effect.clock, effect.due) for effect in started] == [(P, Clock.ANSWER, day(15))]


def test_a_late_office_is_named_once_and_may_still_answer() -> None:
    request = at(Stage.ACCEPTED)
    assert run(request, Event(Deed.TICK, S, day(15))).effects == ()
    late = run(request, Event(Deed.TICK, S, day(16)))
    assert [(effect.kind, effect.to) for effect in late.effects] == [
        (EffectKind.OVERDUE, P),
        (EffectKind.OVERDUE, A),
    ]
    assert run(late.request, Event(Deed.TICK, S, day(17))).effects == ()
    assert run(late.request, replace(AGREE, on=day(18))).request.stage is Stage.AGREED


def test_a_late_consumer_loses_the_request() -> None:
    for stage in (Stage.RETURNED, Stage.DECLINED):
        lapsed = run(at(stage), Event(Deed.TICK, S, day(30)))
        assert lapsed.request.stage is Stage.WITHDRAWN
        assert lapsed.request.clock is None
    assert refusal(at(Stage.DECLINED), replace(OBJECT, on=day(30))) is StepReason.OVERDUE
    assert run(at(Stage.RETURNED), Event(Deed.SUBMIT, C, day(2))).request.stage is Stage.SUBMITTED


def test_disputes() -> None:
    ruling = Event(Deed.OVERRULE, A, day(6), "应当共享", "《政务数据共享条例》争议处理规定")
    assert run(at(Stage.ARBITRATED), ruling).request.stage is Stage.AGREED
    upheld = run(at(Stage.ARBITRATED), replace(ruling, deed=Deed.UPHOLD))
    assert upheld.request.stage is Stage.WITHDRAWN
    assert run(at(Stage.OBJECTED), replace(AGREE, on=day(4))).request.stage is Stage.AGREED


def test_shared_without_condition_needs_nobodys_yes() -> None:
    done = run(draft("r-2", ShareType.UNCONDITIONAL, MONDAY), SUBMIT)
    assert done.request.stage is Stage.AGREED
    assert done.request.limit is Clock.DELIVER


def refusal(request: SharingRequest, event: Event, terms: Terms = TERMS) -> StepReason:
    with pytest.raises(StepError) as caught:
        step(request, event, terms, CALENDAR)
    assert caught.value.text.zh.endswith("。")
    return caught.value.reason


@pytest.mark.parametrize(
    ("request_", "event", "reason"),
    [
        (lambda: at(Stage.DRAFTED), AGREE, StepReason.WRONG_STAGE),
        (lambda: at(Stage.ACCEPTED), replace(AGREE, by=C), StepReason.WRONG_ROLE),
        (lambda: at(Stage.ACCEPTED), replace(DECLINE, reason=" "), StepReason.REASON_MISSING),
        (lambda: at(Stage.ACCEPTED), replace(DECLINE, basis=""), StepReason.BASIS_MISSING),
        (lambda: at(Stage.ACCEPTED), replace(AGREE, on=MONDAY), StepReason.OUT_OF_ORDER),
        (lambda: at(Stage.ACCEPTED), Event(Deed.TICK, C, day(2)), StepReason.WRONG_ROLE),
        (lambda: draft("r-3", ShareType.NOT_SHARED, MONDAY), SUBMIT, StepReason.NOT_SHAREABLE),
        (lambda: at(Stage.IN_USE), Event(Deed.SUSPEND, P, day(5)), StepReason.REASON_MISSING),
        (lambda: at(Stage.IN_USE), Event(Deed.EXTEND, P, day(5), "x", days=1), StepReason.WRONG_STAGE),
        (lambda: at(Stage.AGREED), Event(Deed.EXTEND, P, day(3), "x", days=1), StepReason.EXTENSION_REFUSED),
    ],
)
def test_refused_steps(request_: Callable[[], SharingRequest], event: Event, reason: StepReason) -> None:
    assert refusal(request_(), event) is reason


def test_a_missing_day_count_is_refused() -> None:
    assert refusal(at(Stage.DRAFTED), SUBMIT, Terms({}, {})) is StepReason.TERM_MISSING


def test_extension_once_with_a_reason() -> None:
    extend = Event(Deed.EXTEND, P, day(10), "情况复杂", days=10)
    longer = run(at(Stage.ACCEPTED), extend)
    assert longer.effects[0].due == day(29)
    assert refusal(longer.request, extend) is StepReason.EXTENSION_REFUSED
    assert refusal(at(Stage.ACCEPTED), replace(extend, days=11)) is StepReason.EXTENSION_REFUSED
    assert refusal(at(Stage.ACCEPTED), replace(extend, reason="")) is StepReason.REASON_MISSING
    assert refusal(at(Stage.ACCEPTED), replace(extend, on=day(16))) is StepReason.OVERDUE
    assert refusal(at(Stage.ACCEPTED), replace(extend, by=A)) is StepReason.WRONG_ROLE
    assert Deed.EXTEND in possible(at(Stage.ACCEPTED), P)
    assert Deed.EXTEND not in possible(at(Stage.ACCEPTED), A)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.final])
def test_nothing_follows_the_end(stage: Stage) -> None:
    ended = replace(at(Stage.IN_USE), stage=stage, limit=None, clock=None)
    assert all(possible(ended, role) == () for role in Role)
    assert refusal(ended, Event(Deed.WITHDRAW, C, day(9), "x")) is StepReason.WRONG_STAGE


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(Deed), st.sampled_from(Role), st.integers(0, 9)), max_size=30))
def test_no_grant_without_agreement(steps: list[tuple[Deed, Role, int]]) -> None:
    request, now, active = draft("r-1", ShareType.CONDITIONAL, MONDAY, day(60)), MONDAY, False
    for deed, role, days in steps:
        now += timedelta(days)
        event = Event(deed, role, now, "理由", "《某法》第一条", 3)
        try:
            done = step(request, event, TERMS, CALENDAR)
        except StepError:
            continue
        assert deed in (*possible(request, role), Deed.TICK)
        request = done.request
        for effect in done.effects:
            if effect.kind is EffectKind.GRANT:
                assert {Deed.AGREE, Deed.OVERRULE} & {entry.event.deed for entry in request.history}
                active = True
            active = active and effect.kind is not EffectKind.END_GRANT
        assert not (active and request.stage.final)
        assert active or request.stage not in (Stage.IN_USE, Stage.SUSPENDED, Stage.DELIVERED)
        assert (request.clock is None) == (request.limit is None)
