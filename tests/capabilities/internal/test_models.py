"""The BPMN models: publishable, small in state, and what the engine cannot run is refused with a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from quancheng.capabilities.internal import actions, running, sync
from quancheng.capabilities.internal import spec as specs
from quancheng.capabilities.internal.models import ItemModel
from quancheng.core import flow
from quancheng.kernel import rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, InvalidInput

FILES = {spec.code: (spec, bpmn) for spec, bpmn in specs.files()}
NOW = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)


def test_seven_items_of_staff_and_three_of_enterprises():
    groups = [spec.group for spec, _ in FILES.values()]
    assert groups.count("personnel") == 7 and groups.count("enterprise") == 3


@pytest.mark.parametrize("code", sorted(FILES))
def test_the_engine_runs_the_model_and_everything_it_names_exists(code):
    _spec, bpmn = FILES[code]
    assert running.problems(bpmn) == []
    program = flow.compile(flow.read(bpmn.encode()))
    root = flow.read(flow.write(flow.read(bpmn.encode())))
    assert flow.check(root) == [], "the round trip keeps it runnable"
    assert "BPMNDiagram" in bpmn
    waits = running.start(bpmn, {"outcome": "", "returned_by": ""}, NOW).opened
    for opened in waits:
        assert rulebook.find(program.element(opened.element).extra["days"]).integer() > 0


def walk(bpmn: str, outcomes: dict[str, str]) -> tuple[list[str], running.Turn, int]:
    """Do every step as told (else agree), saving as JSON after each; (steps, last turn, largest state)."""
    turn = running.start(bpmn, {"outcome": "", "returned_by": ""}, NOW)
    waiting, seen, largest = [*turn.opened, *turn.services], [], 0
    while waiting:
        step = waiting.pop(0)
        seen.append(step.element)
        outcome = outcomes.pop(step.element, "agree")
        data = {} if "service" in step.extra and "step" not in step.extra else {"outcome": outcome}
        if outcome == "return" and step.extra.get("step") == "approve":
            data["returned_by"] = step.element
        kept = json.loads(json.dumps(turn.state))  # as after a restart
        turn = running.answer(bpmn, kept, step.task, data, NOW)
        largest = max(largest, len(json.dumps(turn.state, separators=(",", ":"))))
        waiting += [*turn.opened, *turn.services]
    return seen, turn, largest


@pytest.mark.parametrize("code", sorted(FILES))
def test_every_model_reaches_its_end_saved_at_each_step(code):
    _seen, turn, largest = walk(FILES[code][1], {})
    assert turn.finished and turn.ends == {"done"}
    assert largest <= 1024, largest


def test_a_return_from_each_stage_comes_back_to_it():
    seen, turn, _ = walk(FILES["retirement"][1], {"hrss": "return", "fund": "return"})
    assert seen[:5] == ["head", "supervisor", "hrss", "correct", "hrss"]
    assert seen.count("fund") == 2 and "fix_fund" in seen
    assert turn.ends == {"done"}


@pytest.mark.parametrize("stage", ["head", "supervisor", "hrss"])
def test_a_refusal_ends_it_at_once(stage):
    seen, turn, _ = walk(FILES["retirement"][1], {stage: "refuse"})
    assert turn.finished and turn.ends == {"refused"} and seen[-1] == stage


def test_a_step_done_twice_is_a_conflict():
    bpmn = FILES["retirement"][1]
    turn = running.start(bpmn, {"outcome": "", "returned_by": ""}, NOW)
    task = turn.opened[0].task
    after = running.answer(bpmn, turn.state, task, {"outcome": "agree"}, NOW)
    with pytest.raises(Conflict):
        running.answer(bpmn, after.state, task, {"outcome": "agree"}, NOW)
    with pytest.raises(Conflict):
        running.answer(bpmn, {"m": "damaged"}, task, {"outcome": "agree"}, NOW)


def test_publishing_is_idempotent_and_refuses_what_cannot_run(db):
    sync.sync()
    count = ItemModel.objects.count()
    assert sync.sync().unchanged == len(FILES) and ItemModel.objects.count() == count
    spec, bpmn = FILES["retirement"]
    content = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    call = Call.system("internal")
    for broken in ("<x/>", bpmn.replace('sourceRef="start"', 'sourceRef="nowhere"'), "no xml at all"):
        with pytest.raises(InvalidInput) as refused:
            actions.publish_item(call, content=content, bpmn=broken)
        assert "流程图不能运行" in refused.value.detail.zh
    with pytest.raises(InvalidInput):
        actions.publish_item(call, content=content | {"effective": "nothing"}, bpmn=bpmn)
    assert ItemModel.objects.count() == count
