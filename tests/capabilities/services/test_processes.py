"""The processes of the matters, walked in the engine: what waits where, and how each ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from quancheng.capabilities.services import spec
from quancheng.core import flow

RESOURCES = Path(spec.__file__).parent / "resources"
AT = datetime(2026, 6, 1, 9, tzinfo=UTC)


class Walk:
    """A case in the engine: answers services and tables at once, remembers the state people see."""

    def __init__(self, name: str, form: dict[str, Any] | None = None, **tables: Any) -> None:
        self.program = flow.compile(flow.read((RESOURCES / f"{name}.bpmn").read_bytes()))
        self.tables, self.status, self.timers, self.served = tables, "", {}, []
        step = flow.start(self.program, {"form": form or {}, "applicant": {"kind": "firm"}}, AT)
        self.state = step.state
        self._settle(step.effects)

    def _settle(self, effects: Any) -> None:
        for effect in effects:
            element = getattr(effect, "element", "")
            extra = self.program.element(element).extra if element else {}
            if not isinstance(effect, flow.TaskCancelled):
                self.status = extra.get("status", "") or self.status
            match effect:
                case flow.TimerSet():
                    self.timers[element] = effect
                case flow.TimerCancelled():
                    self.timers = {key: one for key, one in self.timers.items() if one.timer != effect.timer}
                case flow.ServiceRequested():
                    self.served.append(extra["service"])
                    self._send(flow.TaskDone(effect.task, {}))
                case flow.DecisionRequested():
                    self._send(flow.TaskDone(effect.task, {extra["result"]: self.tables[extra["decision"]]}))

    def _send(self, event: Any) -> None:
        step = flow.handle(self.program, self.state, event, AT)
        self.state = step.state
        self._settle(step.effects)

    def done(self, element: str, outcome: str) -> Walk:
        task = next(one for one in self.state.open_tasks if one.element == element)
        self._send(flow.TaskDone(task.id, {"outcome": outcome}))
        return self

    def message(self, name: str) -> Walk:
        self._send(flow.Message(name, {}))
        return self

    def late(self, element: str) -> Walk:
        self._send(flow.TimerFired(self.timers[element].timer))
        return self

    @property
    def waits(self) -> set[str]:
        return {one.element for one in self.state.open_tasks}


def at_decision(name: str) -> Walk:
    """A case of any process that everybody was content with until the decision."""
    forms = {"fire-inspection": {"mode": "promise"}}
    walk = Walk(name, forms.get(name), 办理路径={"visit": False}, 入学资格={"outcome": "pass"}).done(
        "receive", "claim"
    )
    while "decide" not in walk.waits:
        walk.done(next(iter(sorted(walk.waits))), "passed" if "visit" in walk.waits else "agree")
    return walk


NAMES = sorted(path.stem for path in RESOURCES.glob("*.bpmn"))


# -- what all share ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_granted(name):
    walk = Walk(name, 办理路径={"visit": False}, 入学资格={"outcome": "pass"})
    assert (walk.waits, walk.status) == ({"receive"}, "submitted")
    walk = at_decision(name)
    assert walk.status == "accepted"
    walk.done("decide", "approve")
    assert walk.served == ["services.issue_result"]
    assert (walk.state.finished, walk.status) == (True, "completed")


@pytest.mark.parametrize("name", NAMES)
def test_refused_then_nobody_asks(name):
    walk = at_decision(name).done("decide", "refuse")
    assert (walk.waits, walk.status) == (set(), "refused")
    assert walk.timers["appeal_over"].working_days == "services.appeal_days"
    walk.late("appeal_over")
    assert (walk.state.finished, walk.status) == (True, "refused")
    assert not walk.served


@pytest.mark.parametrize("name", NAMES)
def test_refused_appealed_upheld_or_reopened(name):
    walk = at_decision(name).done("decide", "refuse").message("appeal")
    assert walk.waits == {"appeal"}
    assert not walk.timers
    assert (
        at_decision(name).done("decide", "refuse").message("appeal").done("appeal", "uphold").status
        == "refused"
    )
    walk.done("appeal", "reopen")
    assert (walk.waits, walk.status) == ({"decide"}, "accepted")
    assert walk.done("decide", "approve").status == "completed"


@pytest.mark.parametrize("name", NAMES)
def test_corrected_before_acceptance_and_never_corrected(name):
    walk = Walk(name, 办理路径={"visit": False}, 入学资格={"outcome": "pass"}).done("receive", "return")
    assert (walk.waits, walk.status) == ({"correct"}, "correction")
    assert walk.timers["correct_late"].working_days == "services.correction_days"
    walk.done("correct", "correct")
    assert (walk.waits, walk.status) == ({"receive"}, "submitted")
    walk.done("receive", "return").late("correct_late")
    assert (walk.state.finished, walk.status) == (True, "withdrawn")


@pytest.mark.parametrize("name", NAMES)
def test_withdrawn_wherever_it_stands(name):
    for walk in (Walk(name), Walk(name).done("receive", "return"), at_decision(name)):
        walk.message("withdraw")
        assert (walk.state.finished, walk.status, walk.waits) == (True, "withdrawn", set())


@pytest.mark.parametrize("name", NAMES)
def test_the_state_of_a_case_is_small(name):
    walk = at_decision(name)
    import json

    assert len(json.dumps(walk.state.to_json(), ensure_ascii=False, separators=(",", ":")).encode()) <= 1024
    again = flow.State.from_json(walk.state.to_json(), walk.program)
    assert {one.element for one in again.open_tasks} == {"decide"}


# -- what differs ---------------------------------------------------------------------------------------
def test_standard_may_be_granted_or_refused_at_once():
    assert Walk("standard").done("receive", "approve").status == "completed"
    assert Walk("standard").done("receive", "refuse").status == "refused"


def test_restaurant_three_departments_at_once_visit_and_putting_right():
    walk = Walk("food-business", 办理路径={"visit": True}).done("receive", "claim")
    assert walk.waits == {"review_market", "review_fire", "review_environment"}
    levels = {one: walk.program.element(one).extra["level"] for one in walk.waits}
    assert levels["review_market"] == "district"
    walk.done("review_fire", "agree").done("review_market", "object")
    assert walk.waits == {"review_environment"}
    walk.done("review_environment", "agree")
    assert walk.waits == {"visit"}
    walk.done("visit", "failed")
    assert (walk.waits, walk.status) == ({"put_right"}, "correction")
    walk.done("put_right", "correct").done("visit", "passed")
    assert (walk.waits, walk.status) == ({"decide"}, "accepted")
    walk.done("decide", "return")
    assert walk.status == "correction"
    walk.done("correct_again", "correct")
    assert walk.waits == {"decide"}
    assert walk.done("decide", "approve").status == "completed"


def test_restaurant_never_put_right_is_closed():
    walk = Walk("food-business", 办理路径={"visit": True}).done("receive", "claim")
    for one in ("review_fire", "review_market", "review_environment"):
        walk.done(one, "agree")
    walk.done("visit", "failed").late("put_right_late")
    assert (walk.state.finished, walk.status) == (True, "withdrawn")


def test_fire_inspection_visits_only_without_a_declaration():
    assert Walk("fire-inspection", {"mode": "visit"}).done("receive", "claim").waits == {"visit"}
    assert Walk("fire-inspection", {"mode": "promise"}).done("receive", "claim").waits == {"decide"}
    assert Walk("fire-inspection", {}).done("receive", "claim").waits == {"visit"}, "unknown: inspect"


def test_school_checks_only_what_the_table_cannot_say():
    asked = Walk("school-enrolment", 入学资格={"outcome": "person"}).done("receive", "claim")
    assert asked.waits == {"review_police", "review_land"}
    assert Walk("school-enrolment", 入学资格={"outcome": "pass"}).done("receive", "claim").waits == {"decide"}


def test_property_tax_and_housing_at_once():
    walk = Walk("property-transfer").done("receive", "claim")
    assert walk.waits == {"review_tax", "review_housing"}
