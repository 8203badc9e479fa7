"""Inclusive joins in nets without any block structure: every join goes on once, never too early."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quancheng.core import flow

from .blocks import CONDITIONS, VARIABLES
from .bpmn import AT, xml

TAGS = {"task": "userTask", "and": "parallelGateway", "or": "inclusiveGateway", "xor": "exclusiveGateway"}


@st.composite
def nets(draw: st.DrawFn) -> bytes:
    """An acyclic net of tasks and splits; wherever several flows meet stands an inclusive gateway."""
    count = draw(st.integers(3, 9))
    kinds = [draw(st.sampled_from(sorted(TAGS))) for _ in range(count)]
    edges: set[tuple[int, int]] = {(draw(st.integers(0, n - 1)), n) for n in range(1, count)}
    for node in range(count - 1):
        for _ in range(draw(st.integers(0, 2))):
            edges.add((node, draw(st.integers(node + 1, count - 1))))
        if not any(source == node for source, _ in edges):
            edges.add((node, draw(st.integers(node + 1, count - 1))))
    return _document(kinds, sorted(edges), draw)


def _document(kinds: list[str], edges: list[tuple[int, int]], draw: st.DrawFn) -> bytes:
    body, made = ['<startEvent id="s"/><endEvent id="e"/>'], [_flow("s", "n0")]
    into = Counter(target for _, target in edges)
    for node, kind in enumerate(kinds):
        leaving = [target for source, target in edges if source == node]
        split = kind if len(leaving) > 1 else "task"
        default = f'default="n{node}_{leaving[0]}"' if split in ("or", "xor") else ""
        body.append(f'<{TAGS[split]} id="n{node}" {default}/>')
        if into[node] > 1:
            body.append(f'<inclusiveGateway id="j{node}"/>')
            made.append(_flow(f"j{node}", f"n{node}"))
        for number, target in enumerate(leaving):
            conditioned = split in ("or", "xor") and number > 0
            condition = draw(st.sampled_from(CONDITIONS)) if conditioned else ""
            entry = f"j{target}" if into[target] > 1 else f"n{target}"
            made.append(_flow(f"n{node}", entry, condition, f"n{node}_{target}"))
    made.append(_flow(f"n{len(kinds) - 1}", "e"))
    return xml("".join(body) + "".join(made))


def _flow(source: str, target: str, condition: str = "", id: str = "") -> str:
    inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    name = id or f"{source}_{target}"
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nets(), st.lists(st.integers(0, 20), min_size=1, max_size=9))
def test_no_net_of_inclusive_joins_sticks_or_doubles_a_token(document: bytes, picks: list[int]) -> None:
    made = flow.compile(flow.read(document))
    step = flow.start(made, VARIABLES, AT)
    opened: Counter[Any] = Counter()
    for number in range(40):
        opened.update(e.element for e in step.effects if isinstance(e, flow.TaskOpened))
        if step.state.finished:
            break
        assert not step.state.stuck, step.state.waiting
        tasks = step.state.open_tasks
        done = flow.TaskDone(tasks[picks[number % len(picks)] % len(tasks)].id)
        step = flow.handle(made, flow.State.from_json(step.state.to_json(), made), done, AT)
    assert step.state.outcome == "completed"
    assert max(opened.values(), default=1) == 1
