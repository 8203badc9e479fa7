"""What running needs to know beforehand about each node: entries, catches, what can be undone."""

from __future__ import annotations

from collections.abc import Iterable

from .build import Builder
from .model import Catch, Flow, Node
from .vocabulary import ACTIVITIES, CATCHING, SCOPES, SUBPROCESSES, Kind, Trigger

__all__ = ["derive", "edges"]


def derive(builder: Builder) -> None:
    """Fill in the derived fields of all nodes."""
    nodes, flows = builder.nodes, builder.flows
    for node in nodes:
        if node.kind in SCOPES:
            _scope(node, nodes)
        node.boundary_catches = _catches(nodes[b] for b in node.boundaries)
        if node.kind in (Kind.CATCH, Kind.RECEIVE):
            node.own_catches = _catches((node,))
        elif node.kind is Kind.EVENT_GATEWAY:
            node.own_catches = _catches(nodes[flows[f].target] for f in node.outgoing)
    for node in reversed(nodes):  # inner ones come after their scope
        node.compensable = _compensable(node, nodes)
    for node in nodes:
        if node.kind in (Kind.INCLUSIVE, Kind.COMPLEX) and len(node.incoming) > 1:
            node.reach = _reach(node, nodes, flows)


def _scope(scope: Node, nodes: list[Node]) -> None:
    members = [nodes[member] for member in scope.members]
    scope.event_subs = tuple(m.index for m in members if m.kind is Kind.EVENT_SUBPROCESS)
    scope.starts = tuple(m.index for m in members if m.kind is Kind.START)
    scope.sub_catches = _catches(nodes[s] for e in scope.event_subs for s in _starts(nodes[e], nodes))
    scope.entries = _entries(scope, members)
    if scope.kind is Kind.PROCESS:
        scope.own_catches = _catches(nodes[start] for start in scope.starts)


def _starts(scope: Node, nodes: list[Node]) -> list[int]:
    return [member for member in scope.members if nodes[member].kind is Kind.START]


def _entries(scope: Node, members: list[Node]) -> tuple[int, ...]:
    if scope.kind is Kind.EVENT_SUBPROCESS:
        return ()
    if scope.kind is Kind.ADHOC:
        return tuple(m.index for m in members if m.kind in ACTIVITIES and _first(m))
    starts = [m for m in members if m.kind is Kind.START]
    if starts:
        return tuple(m.index for m in starts if not m.events)
    return tuple(m.index for m in members if _first(m))


def _first(node: Node) -> bool:
    """Whether a node without a start event before it begins by itself."""
    if node.incoming or node.is_handler or node.kind in (Kind.BOUNDARY, Kind.EVENT_SUBPROCESS, Kind.START):
        return False
    return not (node.kind is Kind.CATCH and any(d.trigger is Trigger.LINK for d in node.events))


def _catches(nodes: Iterable[Node]) -> tuple[Catch, ...]:
    return tuple(
        (node.index, number)
        for node in nodes
        for number, definition in enumerate(node.events)
        if definition.trigger in CATCHING
    )


def _compensable(node: Node, nodes: list[Node]) -> bool:
    for boundary in node.boundaries:
        if nodes[boundary].handler >= 0 and _has(nodes[boundary], Trigger.COMPENSATION):
            return True
    if node.kind not in SUBPROCESSES:
        return False
    return any(nodes[m].compensable for m in node.members) or any(
        _has(nodes[start], Trigger.COMPENSATION)
        for e in node.event_subs
        for start in _starts(nodes[e], nodes)
    )


def _has(node: Node, trigger: Trigger) -> bool:
    return any(definition.trigger is trigger for definition in node.events)


def edges(node: Node, nodes: list[Node], flows: list[Flow]) -> list[tuple[int, int]]:
    """(flow or −1, next node) for every way a token can go on from a node within its scope."""
    ways = [(flow, flows[flow].target) for flow in node.outgoing]
    ways.extend((-1, boundary) for boundary in node.boundaries)
    if node.kind is Kind.THROW:
        links = {d.ref for d in node.events if d.trigger is Trigger.LINK}
        for member in nodes[node.scope].members if links else ():
            other = nodes[member]
            if other.kind is Kind.CATCH and any(
                d.trigger is Trigger.LINK and d.ref in links for d in other.events
            ):
                ways.append((-1, other.index))
    return ways


def _reach(join: Node, nodes: list[Node], flows: list[Flow]) -> dict[int, int]:
    """For every node: the set (bits) of the join's incoming flows it can reach without passing it.

    This is what the inclusive join of BPMN 2.0 (13.4.3) asks about each token elsewhere.
    """
    before: dict[int, list[int]] = {}
    for member in nodes[join.scope].members:
        for _, target in edges(nodes[member], nodes, flows):
            before.setdefault(target, []).append(member)
    reach: dict[int, int] = {}
    for bit, flow in enumerate(join.incoming):
        stack, seen = [flows[flow].source], {join.index}
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            reach[node] = reach.get(node, 0) | 1 << bit
            stack.extend(before.get(node, ()))
    return reach
