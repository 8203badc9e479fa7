"""The same processes on SpiffWorkflow 3.2.0 (tests only): the same tasks open, the same ends are reached."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from quancheng.core import flow

from .blocks import VARIABLES, blocks, document
from .bpmn import AT

BpmnParser = pytest.importorskip("SpiffWorkflow.bpmn.parser.BpmnParser").BpmnParser


class Spiff:
    """A case on SpiffWorkflow."""

    def __init__(self, xml: bytes) -> None:
        from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

        parser = BpmnParser()
        parser.add_bpmn_xml(etree.fromstring(xml))
        self.workflow = BpmnWorkflow(parser.get_spec("P"), parser.get_subprocess_specs("P"))
        self.workflow.task_tree.data.update(VARIABLES)
        self.workflow.do_engine_steps()

    def ready(self) -> list[Any]:
        from SpiffWorkflow.util.task import TaskState

        return [t for t in self.workflow.get_tasks(state=TaskState.READY) if t.task_spec.manual]

    def open(self) -> Counter[str]:
        return Counter(_element(task.task_spec) for task in self.ready())

    def done(self, element: str) -> None:
        next(task for task in self.ready() if _element(task.task_spec) == element).run()
        self.workflow.do_engine_steps()

    def ends(self) -> set[str]:
        from SpiffWorkflow.util.task import TaskState

        found = self.workflow.get_tasks(state=TaskState.COMPLETED)
        return {t.task_spec.bpmn_id for t in found if t.task_spec.__class__.__name__ == "EndEvent"}


def _element(spec: Any) -> str:
    return str(spec.bpmn_id or spec.name.split(" [")[0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(blocks(own=False), st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_both_engines_open_the_same_tasks_and_reach_the_same_ends(block: Any, picks: list[int]) -> None:
    xml = document(block)
    made = flow.compile(flow.read(xml))
    state, other = flow.start(made, VARIABLES, AT).state, Spiff(xml)
    for number in range(200):
        mine = Counter(task.element for task in state.open_tasks)
        assert mine == other.open()
        if state.finished:
            break
        element = sorted(mine)[picks[number % len(picks)] % len(mine)]
        task = next(task for task in state.open_tasks if task.element == element)
        state = flow.handle(made, state, flow.TaskDone(task.id), AT).state
        other.done(element)
    assert state.finished
    assert other.workflow.completed
    assert set(state.ends) == other.ends()
