"""流程大纲: a process as a list of steps for keyboard and reader, and small edits of its BPMN. Pure.

The diagram editor writes the same XML; what this does not know (diagram, extensions) stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from quancheng.core import flow
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

__all__ = [
    "ATTRIBUTES",
    "NEW",
    "Arrow",
    "Step",
    "inserted",
    "outline",
    "parsed",
    "removed_step",
    "text_of",
    "updated",
]

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
WAY = "http://www.omg.org/spec/DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
QC = "urn:quancheng:bpmn:1"
ATTRIBUTES = (
    "en",
    "side",
    "status",
    "department",
    "level",
    "days",
    "service",
    "decision",
    "result",
    "outcomes",
)
"""Attributes of a step an author may set (qc: …)."""
KINDS = {
    "startEvent": Text("开始", "Start"), "endEvent": Text("结束", "End"),
    "userTask": Text("人工任务", "Task of a person"), "serviceTask": Text("系统服务", "Service"),
    "businessRuleTask": Text("决策表", "Decision"), "scriptTask": Text("计算", "Script"),
    "sendTask": Text("发送", "Send"), "receiveTask": Text("接收", "Receive"), "manualTask": Text("线下任务", "Manual"),
    "exclusiveGateway": Text("择一分支", "One of several"), "parallelGateway": Text("并联分支", "All at once"),
    "inclusiveGateway": Text("可多选分支", "Some of several"), "eventBasedGateway": Text("等候事件", "Waits for events"),
    "complexGateway": Text("复杂分支", "Complex"), "intermediateCatchEvent": Text("等候", "Waits"),
    "intermediateThrowEvent": Text("发出", "Throws"), "boundaryEvent": Text("附着事件", "Boundary event"),
    "subProcess": Text("子流程", "Sub-process"), "callActivity": Text("调用流程", "Call"),
    "adHocSubProcess": Text("临时子流程", "Ad-hoc"), "transaction": Text("事务", "Transaction"), "task": Text("任务", "Task"),
}  # fmt: skip
NEW: Mapping[str, tuple[str, Text, Mapping[str, str]]] = {
    "review": ("userTask", Text("征求意见", "Ask another office"),
               {"side": "review", "status": "accepted", "days": "services.review_days", "outcomes": "agree object"}),
    "visit": ("userTask", Text("现场核查", "Site visit"),
              {"side": "visit", "status": "accepted", "days": "services.visit_days", "outcomes": "passed failed"}),
    "office": ("userTask", Text("审查", "Examine"), {"side": "office", "status": "accepted", "outcomes": "approve return refuse"}),
    "decision": ("businessRuleTask", Text("决策", "Decide by table"), {"decision": "", "result": "decision"}),
    "notify": ("serviceTask", Text("告知申请人", "Tell the applicant"), {"service": "services.notify"}),
}  # fmt: skip
"""Steps that can be put on an arrow without the diagram."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A sequence flow (连线)."""

    id: str
    name: str
    source: str
    target: str
    target_name: str
    condition: str
    default: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the outline (步骤)."""

    id: str
    tag: str
    kind: Text
    name: str
    depth: int
    extra: Mapping[str, str] = field(default_factory=dict)
    arrows: tuple[Arrow, ...] = ()
    attached: str = ""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, self.extra[name]) for name in ATTRIBUTES if self.extra.get(name) and name != "en")


def parsed(text: str) -> flow.Definitions:
    """Read safely. Raises InvalidInput with the reason (not BPMN, entities, too many elements)."""
    try:
        return flow.read(text.encode())
    except flow.FlowError as wrong:
        raise InvalidInput(wrong.text, fields={"bpmn": wrong.text}) from wrong


def text_of(definitions: flow.Definitions) -> str:
    return flow.write(definitions).decode()


def outline(text: str) -> list[Step]:
    """The steps of all processes in the order of the document. Raises InvalidInput."""
    root = parsed(text).root
    names = {one.get("id"): one.get("name") or one.get("id") for one in root.iter(f"{{{BPMN}}}*")}
    found: list[Step] = []
    for process in root.iter(f"{{{BPMN}}}process"):
        found += _steps(process, names, 0)
    return found


def _steps(holder: Any, names: Mapping[Any, Any], depth: int) -> Iterator[Step]:
    flows = [one for one in holder if one.tag == f"{{{BPMN}}}sequenceFlow"]
    for node in holder:
        tag = _tag(node)
        if tag not in KINDS:
            continue
        key = node.get("id") or ""
        arrows = tuple(
            Arrow(one.get("id") or "", one.get("name") or "", key, one.get("targetRef") or "",
                  str(names.get(one.get("targetRef")) or ""), _condition(one), node.get("default") == one.get("id"))
            for one in flows if one.get("sourceRef") == key
        )  # fmt: skip
        extra = {
            name.removeprefix(f"{{{QC}}}"): str(value)
            for name, value in node.attrib.items()
            if str(name).startswith(f"{{{QC}}}")
        }
        timer = (
            next(
                (
                    str(one.get(f"{{{QC}}}workingDays"))
                    for one in node.iter()
                    if one.get(f"{{{QC}}}workingDays")
                ),
                "",
            )
            if tag.endswith("Event")
            else ""
        )
        if timer:
            extra.setdefault("days", timer)
        yield Step(
            key,
            tag,
            KINDS[tag],
            node.get("name") or key,
            depth,
            extra,
            arrows,
            node.get("attachedToRef") or "",
        )
        if tag in {"subProcess", "transaction", "adHocSubProcess"}:
            yield from _steps(node, names, depth + 1)


def _tag(node: Any) -> str:
    return str(node.tag).removeprefix(f"{{{BPMN}}}") if isinstance(node.tag, str) else ""


def _condition(one: Any) -> str:
    found = one.find(f"{{{BPMN}}}conditionExpression")
    return (found.text or "").strip() if found is not None else ""


def _by_id(definitions: flow.Definitions, key: str) -> Any:
    for one in definitions.root.iter(f"{{{BPMN}}}*"):
        if one.get("id") == key:
            return one
    raise InvalidInput(Text(f"流程中没有“{key}”。", f"The process has no “{key}”."))


def updated(text: str, key: str, given: Mapping[str, str]) -> str:
    """The process after one step or arrow was changed: ``name``, ``condition``, attributes."""
    definitions = parsed(text)
    node = _by_id(definitions, key)
    if "name" in given:
        _set(node, "name", given["name"])
    for name in ATTRIBUTES:
        if name in given:
            _set(node, f"{{{QC}}}{name}", given[name])
    if "condition" in given:
        _conditioned(node, given["condition"].strip())
    return text_of(definitions)


def _set(node: Any, name: str, value: str) -> None:
    try:
        if value.strip():
            node.set(name, value.strip())
        elif name in node.attrib:
            del node.attrib[name]
    except ValueError as wrong:
        raise InvalidInput(Text("内容含有 XML 不允许的字符。", "A character XML does not allow.")) from wrong


def _conditioned(node: Any, condition: str) -> None:
    if _tag(node) != "sequenceFlow":
        raise InvalidInput(Text("只有连线可以有条件。", "Only an arrow has a condition."))
    old = node.find(f"{{{BPMN}}}conditionExpression")
    if old is not None:
        node.remove(old)
    if condition:
        made = etree.SubElement(node, f"{{{BPMN}}}conditionExpression")
        made.set(
            f"{{{XSI}}}type",
            "bpmn:tFormalExpression" if node.nsmap.get("bpmn") == BPMN else "tFormalExpression",
        )
        made.text = condition


def inserted(text: str, arrow: str, kind: str, name: str) -> str:
    """A new step on an arrow: source → new → target. Raises InvalidInput."""
    if kind not in NEW:
        raise InvalidInput(Text("没有这种步骤。", "There is no such step."))
    definitions = parsed(text)
    link = _by_id(definitions, arrow)
    if _tag(link) != "sequenceFlow":
        raise InvalidInput(Text("请选择一条连线。", "Choose an arrow."))
    tag, label, extra = NEW[kind]
    taken = {one.get("id") for one in definitions.root.iter()}
    key = next(f"{kind}_{n}" for n in range(1, 10_000) if f"{kind}_{n}" not in taken)
    target = _by_id(definitions, link.get("targetRef"))
    holder = link.getparent()
    node = etree.Element(f"{{{BPMN}}}{tag}", id=key)
    _set(node, "name", name or label.zh)
    _set(node, f"{{{QC}}}en", label.en)
    for attribute, value in extra.items():
        _set(node, f"{{{QC}}}{attribute}", value)
    target.addprevious(node)
    following = etree.SubElement(holder, f"{{{BPMN}}}sequenceFlow", id=f"{key}__next")
    following.set("sourceRef", key)
    following.set("targetRef", target.get("id"))
    link.set("targetRef", key)
    etree.SubElement(node, f"{{{BPMN}}}incoming").text = arrow
    etree.SubElement(node, f"{{{BPMN}}}outgoing").text = f"{key}__next"
    for one in target.findall(f"{{{BPMN}}}incoming"):
        if (one.text or "").strip() == arrow:
            one.text = f"{key}__next"
    _draw(definitions, arrow, key)
    return text_of(definitions)


def _draw(definitions: flow.Definitions, arrow: str, key: str) -> None:
    """A shape in the middle of the arrow, and the second half of it; the diagram editor moves them."""
    edge = next(
        (one for one in definitions.root.iter(f"{{{DI}}}BPMNEdge") if one.get("bpmnElement") == arrow), None
    )
    if edge is None:
        return
    points: list[Any] = list(edge.findall(f"{{{WAY}}}waypoint"))
    if len(points) < 2:
        return
    x = (float(points[0].get("x")) + float(points[-1].get("x"))) / 2
    y = (float(points[0].get("y")) + float(points[-1].get("y"))) / 2 - 110
    plane: Any = edge.getparent()
    shape = etree.SubElement(plane, f"{{{DI}}}BPMNShape", id=f"{key}_shape", bpmnElement=key)
    etree.SubElement(shape, f"{{{DC}}}Bounds", x=f"{x - 60:g}", y=f"{y - 40:g}", width="120", height="80")
    second = etree.SubElement(plane, f"{{{DI}}}BPMNEdge", id=f"{key}__next_edge", bpmnElement=f"{key}__next")
    etree.SubElement(second, f"{{{WAY}}}waypoint", x=f"{x + 60:g}", y=f"{y:g}")
    etree.SubElement(second, f"{{{WAY}}}waypoint", x=points[-1].get("x"), y=points[-1].get("y"))
    for one in points[1:]:
        edge.remove(one)
    last = etree.Element(f"{{{WAY}}}waypoint", x=f"{x - 60:g}", y=f"{y:g}")
    points[0].addnext(last)


def removed_step(text: str, key: str) -> str:
    """Without a task that has one arrow in and one out. Raises InvalidInput saying why it cannot go."""
    definitions = parsed(text)
    node = _by_id(definitions, key)
    flows: list[Any] = list(definitions.root.iter(f"{{{BPMN}}}sequenceFlow"))
    into = [one for one in flows if one.get("targetRef") == key]
    out = [one for one in flows if one.get("sourceRef") == key]
    attached = any(
        one.get("attachedToRef") == key for one in definitions.root.iter(f"{{{BPMN}}}boundaryEvent")
    )
    if not _tag(node).endswith("Task") or len(into) != 1 or len(out) != 1 or attached:
        raise InvalidInput(Text(
            "只能直接删除一进一出、没有附着事件的任务；其他的请在流程图中改。",
            "Only a task with one arrow in and one out and nothing attached can be removed here; use the diagram.",
        ))  # fmt: skip
    target = _by_id(definitions, out[0].get("targetRef"))
    into[0].set("targetRef", target.get("id"))
    for one in target.findall(f"{{{BPMN}}}incoming"):
        if (one.text or "").strip() == out[0].get("id"):
            one.text = into[0].get("id")
    gone = {key, out[0].get("id")}
    ends: list[Any] = [
        one
        for one in definitions.root.iter(f"{{{DI}}}BPMNEdge")
        if one.get("bpmnElement") in {into[0].get("id"), out[0].get("id")}
    ]
    if len(ends) == 2:
        first = next(one for one in ends if one.get("bpmnElement") == into[0].get("id"))
        second = next(one for one in ends if one is not first)
        last = second.findall(f"{{{WAY}}}waypoint")[-1]
        first.findall(f"{{{WAY}}}waypoint")[-1].attrib.update({"x": last.get("x"), "y": last.get("y")})
    shapes: list[Any] = [one for one in definitions.root.iter() if one.get("bpmnElement") in gone]
    for one in shapes:
        one.getparent().remove(one)
    node.getparent().remove(node)
    out[0].getparent().remove(out[0])
    return text_of(definitions)
