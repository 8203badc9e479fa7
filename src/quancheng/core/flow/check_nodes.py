"""Reasons against single nodes: missing conditions, triggers that cannot stand where they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .build import Builder
from .model import EventDef, Flow, Node
from .vocabulary import ACTIVITIES, SCOPES, TRIGGER_NAMES, Kind, Trigger

__all__ = ["check_nodes"]

_SIMPLE: Final = frozenset({Trigger.MESSAGE, Trigger.TIMER, Trigger.SIGNAL, Trigger.CONDITIONAL})
_RAISED: Final = frozenset({Trigger.ERROR, Trigger.ESCALATION, Trigger.COMPENSATION})
_ALLOWED: Final = {
    Kind.CATCH: _SIMPLE | {Trigger.LINK},
    Kind.BOUNDARY: _SIMPLE | _RAISED | {Trigger.CANCEL},
    Kind.THROW: frozenset(
        {Trigger.MESSAGE, Trigger.SIGNAL, Trigger.ESCALATION, Trigger.COMPENSATION, Trigger.LINK}
    ),
    Kind.END: frozenset({Trigger.MESSAGE, Trigger.SIGNAL, Trigger.TERMINATE, Trigger.CANCEL}) | _RAISED,
}
_NEEDS_NAME: Final = frozenset({Trigger.MESSAGE, Trigger.SIGNAL, Trigger.LINK})
_MUST_INTERRUPT: Final = frozenset({Trigger.ERROR, Trigger.CANCEL})


def check_nodes(builder: Builder) -> None:
    """Note the reasons against each node of the builder."""
    for node in builder.nodes:
        for kinds, rule in _RULES:
            if node.kind in kinds:
                rule(builder, node)


def _scope(builder: Builder, node: Node) -> None:
    members = [builder.nodes[member] for member in node.members]
    if not members and node.kind is not Kind.ADHOC:
        builder.problem(node.id, "empty", "里面没有任何步骤。", "There is nothing in it.")
        return
    starts = [member for member in members if member.kind is Kind.START]
    plain = [start for start in starts if not start.events]
    if node.kind is Kind.EVENT_SUBPROCESS:
        if len(starts) != 1 or plain:
            builder.problem(
                node.id,
                "bad-start",
                "事件子流程须有且只有一个带触发条件的开始事件。",
                "An event sub-process needs exactly one start event, with a trigger.",
            )
    elif len(plain) > 1:
        builder.problem(
            node.id,
            "several-starts",
            "有多个无触发条件的开始事件，无法确定从哪里开始。",
            "There are several start events without a trigger; it is not clear where to start.",
        )
    elif not node.entries and not (node.kind is Kind.PROCESS and starts):
        builder.problem(node.id, "no-start", "没有可以开始的地方。", "There is nowhere to start.")
    if starts and node.kind is not Kind.ADHOC and not any(m.kind is Kind.END for m in members):
        builder.problem(
            node.id,
            "no-end",
            "有开始事件，却没有结束事件。",
            "There is a start event but no end event.",
        )


def _start(builder: Builder, node: Node) -> None:
    scope = builder.nodes[node.scope]
    if node.incoming:
        builder.problem(
            node.id, "bad-start", "开始事件不能有流入。", "A start event cannot have an incoming flow."
        )
    allowed = _SIMPLE if scope.kind is Kind.PROCESS else frozenset[Trigger]()
    if scope.kind is Kind.EVENT_SUBPROCESS:
        allowed = _SIMPLE | _RAISED
    if scope.kind is Kind.ADHOC:
        builder.problem(
            node.id,
            "bad-start",
            "临时子流程不能有开始事件。",
            "An ad-hoc sub-process cannot have a start event.",
        )
    _triggers(builder, node, allowed)


def _event(builder: Builder, node: Node) -> None:
    _triggers(builder, node, _ALLOWED[node.kind])
    if node.kind is Kind.CATCH and not node.events:
        builder.problem(
            node.id,
            "no-trigger",
            "中间捕获事件没有触发条件。",
            "The intermediate catch event waits for nothing.",
        )
    if node.kind is Kind.END and node.outgoing:
        builder.problem(
            node.id, "bad-end", "结束事件不能有流出。", "An end event cannot have an outgoing flow."
        )
    for definition in node.events:
        if definition.trigger is Trigger.LINK:
            _link(builder, node, definition)
        if definition.trigger is Trigger.CANCEL and node.kind is Kind.END:
            _in_transaction(builder, node)


def _triggers(builder: Builder, node: Node, allowed: frozenset[Trigger]) -> None:
    for definition in node.events:
        if definition.trigger not in allowed:
            builder.problem(
                node.id,
                "bad-trigger",
                f"此处不能使用“{TRIGGER_NAMES[definition.trigger]}”触发。",
                f"The trigger “{definition.trigger}” cannot stand here.",
            )
        elif definition.trigger in _NEEDS_NAME and not definition.ref:
            builder.problem(
                node.id,
                f"no-{definition.trigger}",
                f"没有指明{TRIGGER_NAMES[definition.trigger]}的名称。",
                f"The {definition.trigger} has no name.",
            )


def _link(builder: Builder, node: Node, definition: EventDef) -> None:
    other = Kind.CATCH if node.kind is Kind.THROW else Kind.THROW
    partners = [
        member
        for member in builder.nodes[node.scope].members
        if builder.nodes[member].kind is other
        and any(d.trigger is Trigger.LINK and d.ref == definition.ref for d in builder.nodes[member].events)
    ]
    if not partners or (other is Kind.CATCH and len(partners) > 1):
        builder.problem(
            node.id,
            "bad-link",
            f"链接“{definition.ref}”在同一层没有唯一对应的另一端。",
            f"The link “{definition.ref}” has no single other end in its scope.",
        )


def _in_transaction(builder: Builder, node: Node) -> None:
    scope = node.scope
    while scope >= 0 and builder.nodes[scope].kind is not Kind.TRANSACTION:
        scope = builder.nodes[scope].scope
    if scope < 0:
        builder.problem(
            node.id,
            "bad-cancel",
            "取消结束事件只能用在事务子流程里。",
            "A cancel end event can only stand in a transaction.",
        )


def _boundary(builder: Builder, node: Node) -> None:
    _triggers(builder, node, _ALLOWED[node.kind])
    if not node.events:
        builder.problem(
            node.id, "no-trigger", "边界事件没有触发条件。", "The boundary event waits for nothing."
        )
    for definition in node.events:
        if definition.trigger is Trigger.COMPENSATION:
            if node.handler < 0:
                builder.problem(
                    node.id,
                    "no-handler",
                    "补偿边界事件没有关联补偿活动。",
                    "The compensation event has no handler associated.",
                )
        elif definition.trigger is Trigger.CANCEL and not _on(builder, node, Kind.TRANSACTION):
            builder.problem(
                node.id,
                "bad-cancel",
                "取消边界事件只能依附于事务子流程。",
                "A cancel boundary event can only be attached to a transaction.",
            )
        if definition.trigger in _MUST_INTERRUPT and not node.interrupting:
            builder.problem(
                node.id,
                "bad-boundary",
                "错误和取消边界事件只能是中断型。",
                "Error and cancel boundary events always interrupt.",
            )
    if node.incoming:
        builder.problem(
            node.id, "bad-boundary", "边界事件不能有流入。", "A boundary event has no incoming flow."
        )


def _on(builder: Builder, node: Node, kind: Kind) -> bool:
    return node.host >= 0 and builder.nodes[node.host].kind is kind


def _choice(builder: Builder, node: Node) -> None:
    flows = [builder.flows[flow] for flow in node.outgoing]
    if len(flows) < 2 or node.kind is Kind.COMPLEX:
        return
    for flow in flows:
        if flow.condition is None and flow.index != node.default and not _has_problem(builder, flow):
            builder.problem(
                flow.id,
                "missing-condition",
                f"网关“{node.name or node.id}”的这条流出既没有条件，也不是默认流。",
                f"This flow out of “{node.name or node.id}” has no condition and is not the default.",
            )


def _has_problem(builder: Builder, flow: Flow) -> bool:
    return any(problem.element == flow.id for problem in builder.document_problems())


def _gateway(builder: Builder, node: Node) -> None:
    if not node.outgoing and not node.incoming:
        return
    if node.kind is Kind.COMPLEX and len(node.incoming) > 1 and node.condition is None:
        builder.problem(
            node.id,
            "missing-condition",
            "复杂网关没有激活条件。",
            "The complex gateway has no activation condition.",
        )
    if node.kind is Kind.EVENT_GATEWAY:
        _event_gateway(builder, node)


def _event_gateway(builder: Builder, node: Node) -> None:
    if node.all_events and not node.instantiate:
        builder.problem(
            node.id,
            "bad-gateway",
            "等待全部事件的事件网关只能用来启动流程。",
            "An event gateway that waits for all its events can only start a process.",
        )
    if not node.outgoing:
        builder.problem(
            node.id, "no-trigger", "事件网关没有流出。", "The event gateway has no outgoing flow."
        )
    for index in node.outgoing:
        target = builder.nodes[builder.flows[index].target]
        usable = target.kind in (Kind.CATCH, Kind.RECEIVE) and target.events
        if not usable or any(d.trigger is Trigger.LINK for d in target.events):
            builder.problem(
                target.id,
                "bad-target",
                "事件网关之后只能是捕获事件或接收任务。",
                "Only catching events and receive tasks may follow an event gateway.",
            )


def _activity(builder: Builder, node: Node) -> None:
    if node.completion_quantity < 1:
        builder.problem(
            node.id, "bad-quantity", "完成令牌数须大于零。", "The completion quantity must be at least 1."
        )
    if node.is_handler and (node.incoming or node.outgoing):
        builder.problem(
            node.id,
            "bad-handler",
            "补偿活动不能有顺序流。",
            "A compensation handler has no sequence flows.",
        )
    loop = node.loop
    if loop is not None and loop.behaviour not in ("All", "None", "One", "Complex"):
        builder.problem(
            node.id,
            "bad-loop",
            f"未知的多实例行为“{loop.behaviour}”。",
            f"Unknown multi-instance behaviour “{loop.behaviour}”.",
        )


def _flowing(builder: Builder, node: Node) -> None:
    """Conditions only where a token can be divided: not after events and parallel gateways."""
    if node.kind in ACTIVITIES or node.kind in (Kind.EXCLUSIVE, Kind.INCLUSIVE, Kind.COMPLEX):
        return
    for index in node.outgoing:
        if builder.flows[index].condition is not None:
            builder.problem(
                builder.flows[index].id,
                "bad-condition",
                "事件、并行网关和事件网关的流出不能带条件。",
                "Flows out of events, parallel and event gateways cannot have a condition.",
            )


_Rule = Callable[[Builder, Node], None]
_RULES: Final[tuple[tuple[frozenset[Kind], _Rule], ...]] = (
    (SCOPES, _scope),
    (frozenset({Kind.START}), _start),
    (frozenset({Kind.THROW, Kind.CATCH, Kind.END}), _event),
    (frozenset({Kind.BOUNDARY}), _boundary),
    (frozenset({Kind.EXCLUSIVE, Kind.INCLUSIVE, Kind.COMPLEX}), _choice),
    (frozenset({Kind.COMPLEX, Kind.EVENT_GATEWAY}), _gateway),
    (ACTIVITIES, _activity),
    (frozenset(Kind), _flowing),
)
