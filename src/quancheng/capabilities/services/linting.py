"""事项检查: everything that keeps a definition from being published, in words, with the place.

The linter of files, of publishing and of the designer is this one function. What the engine cannot
run, tables that contradict themselves, forms that nobody can fill in, services and decisions that do
not exist: each is told with its reason, and nothing is published while one is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quancheng.capabilities.services import running
from quancheng.capabilities.services.definitions import form_problems
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core import flow
from quancheng.core.feel import dmn
from quancheng.core.text import Text

__all__ = ["Fault", "faults"]

SIDES = frozenset(running.OUTCOMES) - {"verify"}
MAX_TEXT = 400_000
"""Characters of a process or table file; the largest real one shipped has 30,000."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason not to publish (不能发布的原因): the part, the element in it, the words."""

    part: str
    element: str
    text: Text


def faults(spec: MatterSpec) -> list[Fault]:
    """All reasons not to publish this definition; empty when it may be published."""
    found = list(_flow(spec))
    decisions, wrong = _decisions(spec)
    found += wrong
    found += [Fault("form", one.path, one.text) for one in form_problems(spec)]
    found += _conditions(spec, decisions)
    found += _uses(spec, decisions) if not any(one.part == "flow" for one in found) else []
    return found


def _flow(spec: MatterSpec) -> Iterator[Fault]:
    if not spec.bpmn:
        return
    if len(spec.bpmn) > MAX_TEXT:
        yield Fault("flow", "", _too_large())
        return
    try:
        definitions = flow.read(spec.bpmn.encode())
        for problem in flow.check(definitions):
            yield Fault("flow", problem.element, problem.text)
    except flow.FlowError as wrong:
        yield Fault("flow", "", wrong.text)


def _uses(spec: MatterSpec, decisions: frozenset[str]) -> Iterator[Fault]:
    """What the tasks of the process ask for must exist: sides, states, services, decisions."""
    program = running.program_of_text(spec.bpmn)
    for node in program.nodes:
        extra = node.extra
        if node.kind is flow.Kind.USER and extra.get("side") not in SIDES:
            yield Fault("flow", node.id, Text(
                f"人工任务“{node.name or node.id}”没有写明由谁办理（qc:side 应为 {'、'.join(sorted(SIDES))} 之一）。",
                f"User task “{node.name or node.id}” does not say whose it is (qc:side: {', '.join(sorted(SIDES))}).",
            ))  # fmt: skip
        if (status := extra.get("status")) and status not in {one.value for one in State}:
            yield Fault(
                "flow", node.id, Text(f"没有办件状态 {status}。", f"There is no case state {status}.")
            )
        if node.kind is flow.Kind.SERVICE and extra.get("service") not in running.SERVICES:
            yield Fault("flow", node.id, Text(
                f"服务任务“{node.name or node.id}”要求的服务 {extra.get('service') or '（未写）'} 不存在，"
                f"可用的有 {'、'.join(sorted(running.SERVICES))}。",
                f"Service task “{node.name or node.id}” asks for {extra.get('service') or '(none)'}; "
                f"there are {', '.join(sorted(running.SERVICES))}.",
            ))  # fmt: skip
        if (decision := extra.get("decision")) and decision not in decisions:
            yield Fault("flow", node.id, _no_decision(decision))
    if "office" not in {node.extra.get("side") for node in program.nodes}:
        yield Fault("flow", "", Text(
            "流程中没有审批单位的任务（qc:side=\"office\"），无人能作出决定。",
            "No task of the deciding office (qc:side=\"office\"): nobody could decide.",
        ))  # fmt: skip


def _decisions(spec: MatterSpec) -> tuple[frozenset[str], list[Fault]]:
    if not spec.dmn:
        return frozenset(), []
    if len(spec.dmn) > MAX_TEXT:
        return frozenset(), [Fault("decisions", "", _too_large())]
    try:
        model = dmn.read(spec.dmn.encode())
    except dmn.DmnError as wrong:
        return frozenset(), [Fault("decisions", "", wrong.text)]
    problems = [one for one in dmn.check(model) if one.severity is dmn.Severity.ERROR]
    names = frozenset(one.name for one in model.decisions)
    return names, [Fault("decisions", one.element, one.text) for one in problems]


def _conditions(spec: MatterSpec, decisions: frozenset[str]) -> Iterator[Fault]:
    from quancheng.capabilities.services.checks import CHECKS

    for row in spec.condition:
        if row.check not in CHECKS:
            yield Fault(
                "conditions", row.id, Text(f"没有检查 {row.check}。", f"There is no check {row.check}.")
            )
        elif row.check == "decision" and row.options.get("decision") not in decisions:
            yield Fault("conditions", row.id, _no_decision(str(row.options.get("decision", ""))))


def _no_decision(name: str) -> Text:
    return Text(f"决策表中没有“{name}”。", f"The tables have no decision “{name}”.")


def _too_large() -> Text:
    return Text(
        f"文件超过{MAX_TEXT}个字符，请拆分。", f"The file has more than {MAX_TEXT} characters; divide it."
    )
