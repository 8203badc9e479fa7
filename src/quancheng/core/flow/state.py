"""案件状态: where a case stands, as a small value; see ``to_json`` for its stored shape.

A state never holds the model, only its digest; nodes are numbers of the program. Instances form a
tree: the process, sub-processes and loops are scopes, open tasks and waiting events are leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from quancheng.core.text import Text

from .errors import Rejected
from .model import Node, Program, program_of
from .vocabulary import TASKS, Kind, Role

__all__ = ["Inst", "OpenTask", "OpenTimer", "State", "Timer", "is_open_task"]

_ROOT: Final = 0


class Inst:
    """One live instance of a node; treated as immutable once it is part of a state."""

    __slots__ = ("data", "id", "index", "item", "locals", "node", "parent", "role")

    def __init__(
        self,
        id: int,
        node: int,
        parent: int,
        role: int = Role.PLAIN,
        index: int = 0,
        item: Any = None,
        locals: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        self.id, self.node, self.parent, self.role = id, node, parent, role
        self.index, self.item, self.locals, self.data = index, item, locals, data

    def clone(self) -> Inst:
        """A copy whose own dictionaries may be changed."""
        return Inst(
            self.id,
            self.node,
            self.parent,
            self.role,
            self.index,
            self.item,
            None if self.locals is None else dict(self.locals),
            None if self.data is None else dict(self.data),
        )

    def to_json(self) -> list[Any]:
        """``[id, node, parent]`` and, where there is more, one object."""
        more: dict[str, Any] = {}
        if self.role:
            more["r"] = self.role
        if self.index:
            more["x"] = self.index
            if self.item is not None:
                more["i"] = self.item
        if self.locals is not None and self.id != _ROOT:
            more["v"] = self.locals
        if self.data is not None:
            more["d"] = self.data
        return [self.id, self.node, self.parent, more] if more else [self.id, self.node, self.parent]

    @classmethod
    def from_json(cls, data: list[Any]) -> Inst:
        """The inverse of :meth:`to_json`."""
        if len(data) == 3:
            return cls(data[0], data[1], data[2])
        more = data[3]
        return cls(
            data[0],
            data[1],
            data[2],
            more.get("r", 0),
            more.get("x", 0),
            more.get("i"),
            more.get("v"),
            more.get("d"),
        )


@dataclass(frozen=True, slots=True)
class Timer:
    """A running timer: whose event definition it is, when due, how often still (−1: for ever)."""

    id: int
    node: int
    definition: int
    owner: int
    due: str | None
    left: int = 1
    every: str = ""

    def to_json(self) -> list[Any]:
        """Seven values, the last ones left out where they say nothing."""
        row = [self.id, self.node, self.definition, self.owner, self.due]
        return row if self.left == 1 else [*row, self.left, self.every]


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that waits for TaskDone (待办); ``data`` are its mapped inputs."""

    id: str
    element: str
    kind: str
    item: Any = None
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class OpenTimer:
    """A timer the shell should be holding (待触发定时)."""

    id: str
    element: str
    due: datetime | None
    working_days: str | None


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Where a case stands; two states are equal when their JSON is."""

    digest: str
    next_id: int
    insts: Mapping[int, Inst]
    timers: Mapping[int, Timer]
    joins: Mapping[tuple[int, int], tuple[int, ...]]
    gates: Mapping[tuple[int, int], tuple[int, ...]]
    kids: Mapping[int, int]
    final: Mapping[str, Any]
    reached: tuple[int | str, ...]
    outcome: str
    program: Program | None = None

    @property
    def variables(self) -> dict[str, Any]:
        """Variables of the process (流程变量), as JSON values; a copy."""
        root = self.insts.get(_ROOT)
        return dict(self.final if root is None else root.locals or {})

    @property
    def finished(self) -> bool:
        """Whether the case is over."""
        return bool(self.outcome)

    @property
    def ends(self) -> tuple[str, ...]:
        """Ids of the end events reached, each once, in the order first reached."""
        nodes = self._bound().nodes
        return tuple(end if isinstance(end, str) else nodes[end].id for end in self.reached)

    @property
    def open_tasks(self) -> tuple[OpenTask, ...]:
        """Tasks that wait for their TaskDone, oldest first."""
        nodes = self._bound().nodes
        return tuple(
            OpenTask(str(inst.id), nodes[inst.node].id, nodes[inst.node].kind.value, inst.item, inst.locals)
            for inst in self.insts.values()
            if is_open_task(inst, nodes[inst.node])
        )

    @property
    def open_timers(self) -> tuple[OpenTimer, ...]:
        """Timers that wait for their TimerFired."""
        nodes = self._bound().nodes
        return tuple(
            OpenTimer(
                str(timer.id),
                nodes[timer.node].id,
                None if timer.due is None else datetime.fromisoformat(timer.due),
                nodes[timer.node].events[timer.definition].working_days or None,
            )
            for timer in self.timers.values()
        )

    @property
    def waiting(self) -> tuple[str, ...]:
        """Ids of all elements where the case waits: tasks, events, event gateways, joins."""
        nodes = self._bound().nodes
        leaves = [nodes[i.node].id for i in self.insts.values() if not self.kids.get(i.id)]
        return tuple(leaves + [nodes[node].id for _, node in self.joins])

    @property
    def stuck(self) -> bool:
        """Whether nothing can ever happen again: tokens wait at joins whose partners cannot come."""
        if self.outcome or self.timers or self.startable:
            return False
        nodes = self._bound().nodes
        for inst in self.insts.values():
            node = nodes[inst.node]
            leaf = inst.role == Role.START or node.kind in TASKS or node.own_catches
            listens = bool(node.boundary_catches or node.sub_catches)
            if listens or (leaf and node.kind is not Kind.PROCESS) or inst.role == Role.START:
                return False
        return True

    @property
    def startable(self) -> tuple[str, ...]:
        """Ids of activities that AdHocStart may start now."""
        nodes = self._bound().nodes
        found: list[str] = []
        for inst in self.insts.values():
            node = nodes[inst.node]
            if node.kind is Kind.ADHOC and inst.role == Role.PLAIN and not (inst.data or {}).get("done"):
                if node.sequential and self.kids.get(inst.id):
                    continue
                found.extend(nodes[entry].id for entry in node.entries)
        return tuple(found)

    def _bound(self) -> Program:
        program = self.program or program_of(self.digest)
        if program is None:
            raise Rejected(
                Text(
                    f"状态所属的流程模型（摘要{self.digest}）尚未装入。",
                    f"The model of this state (digest {self.digest}) is not loaded.",
                )
            )
        return program

    def to_json(self) -> dict[str, Any]:
        """Small JSON: digest ``m``, counter ``n``, variables ``v``, instances ``i`` and what waits."""
        data: dict[str, Any] = {"m": self.digest, "n": self.next_id, "v": self.variables}
        if self.insts:
            data["i"] = [inst.to_json() for inst in self.insts.values()]
        if self.timers:
            data["t"] = [timer.to_json() for timer in self.timers.values()]
        if self.joins:
            data["j"] = [[*key, *flows] for key, flows in self.joins.items()]
        if self.gates:
            data["g"] = [[*key, *flows] for key, flows in self.gates.items()]
        if self.reached:
            data["e"] = list(self.reached)
        if self.outcome:
            data["o"] = self.outcome
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any], program: Program | None = None) -> State:
        """Read a stored state; :class:`Rejected` when it is damaged or of another program.

        Without ``program`` the digest is looked up among the programs alive in this process, and
        checked again by ``handle``.
        """
        try:
            state = cls._from_json(data, program)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            raise Rejected(Text("保存的状态已损坏。", "The stored state is damaged.")) from None
        if program is not None:
            state.require(program)
        if state.program is not None and not state._fits(state.program):
            raise Rejected(Text("保存的状态已损坏。", "The stored state is damaged."))
        return state

    def _fits(self, program: Program) -> bool:
        """Whether all numbers are numbers of the program."""
        nodes, flows = len(program.nodes), len(program.flows)
        used = [inst.node for inst in self.insts.values()] + [timer.node for timer in self.timers.values()]
        tokens = [flow for waiting in (*self.joins.values(), *self.gates.values()) for flow in waiting]
        owners = all(timer.owner in self.insts for timer in self.timers.values())
        return owners and all(0 <= n < nodes for n in used) and all(0 <= f < flows for f in tokens)

    @classmethod
    def _from_json(cls, data: Mapping[str, Any], program: Program | None) -> State:
        insts = {row[0]: Inst.from_json(row) for row in data.get("i", ())}
        if _ROOT in insts:
            insts[_ROOT].locals = dict(data["v"])
        joins = {(row[0], row[1]): tuple(row[2:]) for row in data.get("j", ())}
        kids: dict[int, int] = {}
        for inst in insts.values():
            if inst.parent >= 0:
                insts[inst.parent]
                kids[inst.parent] = kids.get(inst.parent, 0) + 1
        for (scope, _), flows in joins.items():
            kids[scope] = kids.get(scope, 0) + len(flows)
        return cls(
            digest=str(data["m"]),
            next_id=int(data["n"]),
            insts=insts,
            timers={row[0]: Timer(*row) for row in data.get("t", ())},
            joins=joins,
            gates={(row[0], row[1]): tuple(row[2:]) for row in data.get("g", ())},
            kids=kids,
            final=dict(data["v"]),
            reached=tuple(data.get("e", ())),
            outcome=data.get("o", ""),
            program=program or program_of(str(data["m"])),
        )

    def require(self, program: Program) -> None:
        """:class:`Rejected` unless this state belongs to ``program``."""
        if self.digest != program.digest:
            raise Rejected(
                Text(
                    f"状态属于另一版本的流程（{self.digest}），不是{program.digest}；请先迁移。",
                    f"The state belongs to another version ({self.digest}), not to {program.digest}; "
                    "migrate it first.",
                )
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]


def is_open_task(inst: Inst, node: Node) -> bool:
    """Whether this instance is a task that TaskDone can answer."""
    return node.kind in TASKS and inst.role == Role.PLAIN
