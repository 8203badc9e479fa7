"""One step in progress: a private copy of a state, the tokens in motion, the effects so far.

Instances of the state are shared until they are changed (``edit``), so a step costs what it
touches. Modules above move tokens by ``arrive`` only; the loop in ``engine`` enters the nodes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from quancheng.core.text import Text

from .errors import FlowLimitError
from .events import Effect
from .expressions import MISSING, Expr, environment
from .model import EventDef, Node, Program
from .state import Inst, State, Timer
from .vocabulary import Kind, Role

__all__ = ["Run"]

ROOT = 0
COUNTER = "loopCounter"


class Run:
    """The working copy; ``freeze`` makes the new state of it."""

    __slots__ = (
        "_env",
        "_owned",
        "at",
        "dirty",
        "effects",
        "final",
        "flows",
        "gates",
        "insts",
        "joins",
        "kids",
        "limits",
        "moved",
        "next_id",
        "nodes",
        "outcome",
        "program",
        "queue",
        "reached",
        "steps",
        "thrown",
        "timers",
        "touched",
    )

    def __init__(self, program: Program, state: State, at: datetime) -> None:
        self.program, self.nodes, self.flows = program, program.nodes, program.flows
        self.limits, self.at = program.limits, at
        self.insts, self.timers = dict(state.insts), dict(state.timers)
        self.joins, self.gates, self.kids = dict(state.joins), dict(state.gates), dict(state.kids)
        self.next_id, self.outcome = state.next_id, state.outcome
        self.reached: list[int | str] = list(state.reached)
        self.final: Mapping[str, Any] = state.final
        self.effects: list[Effect] = []
        self.queue: deque[tuple[int, int, int]] = deque()
        self.dirty: dict[int, None] = {}
        self.touched: set[int] = set()  # scopes to look for joins that can go on now
        self.moved: set[int] = set()  # all scopes in which anything has changed
        self.steps = 0
        self.thrown: list[tuple[int, EventDef]] = []
        self._owned: set[int] = set()
        self._env: Any = None

    def freeze(self) -> State:
        """The state after this step."""
        return State(
            digest=self.program.digest,
            next_id=self.next_id,
            insts=self.insts,
            timers=self.timers,
            joins=self.joins,
            gates=self.gates,
            kids=self.kids,
            final=self.final,
            reached=tuple(self.reached),
            outcome=self.outcome,
            program=self.program,
        )

    # identity and tree

    def new_id(self) -> int:
        """The next number of this case."""
        self.next_id += 1
        return self.next_id - 1

    def add(
        self,
        node: int,
        parent: int,
        role: int = Role.PLAIN,
        index: int = 0,
        item: Any = None,
        locals: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
    ) -> Inst:
        """A new live instance; :class:`FlowLimitError` when the case has too many."""
        if len(self.insts) >= self.limits.max_instances:
            raise FlowLimitError(
                Text(
                    f"同时进行的步骤超过{self.limits.max_instances}个。",
                    f"More than {self.limits.max_instances} steps would be open at once.",
                )
            )
        inst = Inst(self.new_id(), node, parent, role, index, item, locals, data)
        self.insts[inst.id] = inst
        self._owned.add(inst.id)
        if parent >= 0:
            self.held(parent)
        return inst

    def held(self, scope: int) -> None:
        """One thing more lives in a scope: an instance or a token at a join."""
        self.kids[scope] = self.kids.get(scope, 0) + 1
        self.touched.add(scope)

    def edit(self, inst: int) -> Inst:
        """The instance for changing: a private copy, made once a step."""
        found = self.insts[inst]
        if inst not in self._owned:
            found = self.insts[inst] = found.clone()
            self._owned.add(inst)
        return found

    def note(self, inst: int) -> dict[str, Any]:
        """The changeable private notes of an instance; parts within must be replaced, not changed."""
        edited = self.edit(inst)
        if edited.data is None:
            edited.data = {}
        return edited.data

    def drop(self, inst: int) -> None:
        """Remove a live instance; its scope may be complete now."""
        gone = self.insts.pop(inst)
        self.kids.pop(inst, None)
        if gone.parent >= 0:
            self.released(gone.parent)

    def released(self, scope: int, count: int = 1) -> None:
        """``count`` things less live in a scope."""
        left = self.kids.get(scope, 0) - count
        if left > 0:
            self.kids[scope] = left
        else:
            self.kids.pop(scope, None)
        self.dirty[scope] = None
        self.touched.add(scope)

    def node_of(self, inst: Inst) -> Node:
        """The node of an instance."""
        return self.nodes[inst.node]

    # tokens

    def arrive(self, scope: int, node: int, flow: int = -1) -> None:
        """A token is on its way to a node."""
        self.queue.append((scope, node, flow))

    def count(self) -> None:
        """One move more; :class:`FlowLimitError` when one event moves too much."""
        self.steps += 1
        if self.steps > self.limits.max_steps:
            raise FlowLimitError(
                Text(
                    f"一次事件引起的流转超过{self.limits.max_steps}步，流程可能在无休止地循环。",
                    f"One event moved tokens more than {self.limits.max_steps} times; "
                    "the process may loop without end.",
                )
            )

    # variables

    def lookup(self, start: int, name: str) -> Any:
        """A variable as seen from an instance: the nearest one; MISSING when there is none."""
        at = start
        while at >= 0:
            inst = self.insts[at]
            node = self.nodes[inst.node]
            if inst.index and node.loop is not None:
                if name == node.loop.item and name:
                    return inst.item
                if name == COUNTER:
                    return inst.index
            if inst.locals is not None and name in inst.locals:
                return inst.locals[name]
            if node.kind is Kind.PROCESS:
                break
            at = inst.parent
        return MISSING

    def viewer(self, inst: int, more: Mapping[str, Any] | None = None) -> Callable[[str], Any]:
        """A look-up for expressions evaluated at an instance; ``more`` comes first."""

        def view(name: str) -> Any:
            if more is not None and name in more:
                return more[name]
            return self.lookup(inst, name)

        return view

    def assign(self, start: int, name: str, value: Any) -> None:
        """Set a variable where it is defined, nearest first; a new one belongs to the process."""
        at = start
        while True:
            inst = self.insts[at]
            node = self.nodes[inst.node]
            if inst.index and node.loop is not None and name == node.loop.item:
                self.edit(at).item = value
                return
            if node.kind is Kind.PROCESS or (inst.locals is not None and name in inst.locals):
                edited = self.edit(at)
                if edited.locals is None:
                    edited.locals = {}
                edited.locals[name] = value
                if node.kind is Kind.PROCESS and inst.parent >= 0:
                    self._written(edited, name)
                return
            at = inst.parent

    def _written(self, inst: Inst, name: str) -> None:
        """A called process gives back only what it has written itself."""
        notes = self.note(inst.id)
        if name not in notes.get("w", ()):
            notes["w"] = [*notes.get("w", ()), name]

    def merge(self, start: int, data: Mapping[str, Any]) -> None:
        """Set several variables."""
        for name, value in data.items():
            self.assign(start, name, value)

    # expressions

    @property
    def env(self) -> Any:
        """The FEEL environment of this step."""
        if self._env is None:
            self._env = environment(self.at)
        return self._env

    def json(self, expression: Expr, inst: int, more: Mapping[str, Any] | None = None) -> Any:
        """The JSON value of an expression at an instance."""
        return expression.json(self.viewer(inst, more), self.env)

    def holds(self, expression: Expr, inst: int, more: Mapping[str, Any] | None = None) -> bool:
        """Whether a condition is true at an instance."""
        return expression.holds(self.viewer(inst, more), self.env)

    def host_of(self, inst: Inst) -> Inst:
        """The instance that carries the boundary events: of a looped activity the outer one."""
        parent = self.insts.get(inst.parent)
        if parent is not None and parent.role == Role.LOOP and parent.node == inst.node:
            return parent
        return inst

    def hosts(self, inst: Inst) -> bool:
        """Whether boundary events are attached to this very instance."""
        if inst.role == Role.LOOP:
            return True
        return inst.role == Role.PLAIN and inst.index == 0

    def add_timer(self, timer: Timer) -> None:
        """Remember a running timer."""
        self.timers[timer.id] = timer
