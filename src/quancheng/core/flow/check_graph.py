"""Reasons against the shape: what no token reaches, what never ends, loops that never wait."""

from __future__ import annotations

from .build import Builder
from .derive import edges
from .model import Node
from .vocabulary import ACTIVITIES, SCOPES, WAITING_TASKS, Kind, Trigger

__all__ = ["check_graph"]


def check_graph(builder: Builder) -> None:
    """Note the reasons against each scope of the builder."""
    for scope in builder.nodes:
        if scope.kind in SCOPES and scope.members:
            ahead = _ahead(builder, scope)
            _unreachable(builder, scope, ahead)
            _endless(builder, scope, ahead)
            _restless(builder, scope, ahead)
    _recursion(builder)


def _ahead(builder: Builder, scope: Node) -> dict[int, list[int]]:
    return {
        member: [target for _, target in edges(builder.nodes[member], builder.nodes, builder.flows)]
        for member in scope.members
    }


def _closure(begin: list[int], ahead: dict[int, list[int]]) -> set[int]:
    seen: set[int] = set()
    stack = list(begin)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(ahead.get(node, ()))
    return seen


def _unreachable(builder: Builder, scope: Node, ahead: dict[int, list[int]]) -> None:
    begin = [*scope.entries, *scope.starts, *scope.event_subs]
    handlers = [m for m in scope.members if builder.nodes[m].is_handler]
    seen = _closure(begin + handlers, ahead)
    attached = {builder.nodes[m].handler for m in scope.members if builder.nodes[m].kind is Kind.BOUNDARY}
    for member in scope.members:
        node = builder.nodes[member]
        if member not in seen or (node.is_handler and member not in attached):
            builder.problem(
                node.id,
                "unreachable",
                "没有任何路径能走到这一步。",
                "No path leads to this step.",
            )


def _endless(builder: Builder, scope: Node, ahead: dict[int, list[int]]) -> None:
    """Every step must be able to reach an end, or be left by an event of its scope."""
    if _can_be_left(builder, scope):
        return
    back: dict[int, list[int]] = {}
    for member, targets in ahead.items():
        for target in targets:
            back.setdefault(target, []).append(member)
    ends = [member for member, targets in ahead.items() if not targets]
    fine = _closure(ends, back)
    live = _closure([*scope.entries, *scope.starts], ahead)
    for member in scope.members:
        if member in live and member not in fine:
            builder.problem(
                builder.nodes[member].id,
                "no-end",
                "从这一步走不到任何结束。",
                "From this step no end can be reached.",
            )
            return


def _can_be_left(builder: Builder, scope: Node) -> bool:
    """An interrupting event can end the scope from within or without."""
    if any(builder.nodes[b].interrupting for b in scope.boundaries):
        return True
    starts = [start for sub in scope.event_subs for start in builder.nodes[sub].starts]
    return any(builder.nodes[start].interrupting for start in starts)


def _restless(builder: Builder, scope: Node, ahead: dict[int, list[int]]) -> None:
    """A cycle in which nothing ever waits would run for ever."""
    moving = {m for m in scope.members if not _waits(builder, builder.nodes[m])}
    inner = {
        m: [t for t in targets if t in moving and builder.nodes[t].kind is not Kind.BOUNDARY]
        for m, targets in ahead.items()
        if m in moving
    }
    for cycle in _cycles(inner):
        names = "、".join(builder.nodes[m].name or builder.nodes[m].id for m in cycle[:6])
        builder.problem(
            builder.nodes[cycle[0]].id,
            "cycle",
            f"循环中没有任何等待的步骤，会无休止地转下去：{names}。",
            f"A cycle without any step that waits would never rest: {names.replace('、', ', ')}.",
        )


def _recursion(builder: Builder) -> None:
    """Processes that call each other without ever waiting would never come to rest."""
    calls: dict[int, list[int]] = {}
    for node in builder.nodes:
        if node.kind is Kind.PROCESS:
            calls[node.index] = [builder.nodes[call].called for call in _at_once(builder, node)]
    for cycle in _cycles({caller: [c for c in called if c in calls] for caller, called in calls.items()}):
        names = [builder.nodes[m].id for m in cycle[:6]]
        builder.problem(
            builder.nodes[cycle[0]].id,
            "cycle",
            f"流程不经任何等待就又调用到自己：{'、'.join(names)}。",
            f"The process calls itself again without ever waiting: {', '.join(names)}.",
        )


def _at_once(builder: Builder, process: Node) -> set[int]:
    """Call activities a token can reach from the start of a process before anything waits."""
    calls: set[int] = set()
    seen: set[int] = set()
    stack = list(process.entries)
    while stack:
        node = builder.nodes[stack.pop()]
        if node.index in seen:
            continue
        seen.add(node.index)
        if node.kind is Kind.CALL:
            calls.add(node.index)
            continue
        stack.extend(node.entries)
        if not _waits(builder, node):
            stack.extend(target for _, target in edges(node, builder.nodes, builder.flows))
    return calls


def _waits(builder: Builder, node: Node) -> bool:
    if node.kind in WAITING_TASKS or node.kind is Kind.EVENT_GATEWAY:
        return True
    if node.kind is Kind.SEND:
        return not node.events or "service" in node.extra
    if node.kind is Kind.CATCH:
        return not any(d.trigger is Trigger.LINK for d in node.events)
    if node.kind in ACTIVITIES and (node.kind is Kind.CALL or node.members):
        return node.kind is Kind.CALL or any(_waits(builder, builder.nodes[m]) for m in node.members)
    return False


def _cycles(graph: dict[int, list[int]]) -> list[list[int]]:
    """Strongly connected parts that hold a cycle (Tarjan, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    held: list[int] = []
    found: list[list[int]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        held.append(root)
        while work:
            node, targets = work[-1]
            following = next(targets, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    found.append(_component(held, node))
            elif following not in index:
                index[following] = low[following] = len(index)
                held.append(following)
                work.append((following, iter(graph[following])))
            elif following in held:
                low[node] = min(low[node], index[following])
    return [part for part in found if len(part) > 1 or part[0] in graph[part[0]]]


def _component(held: list[int], node: int) -> list[int]:
    at = held.index(node)
    part = held[at:]
    del held[at:]
    return sorted(part)
