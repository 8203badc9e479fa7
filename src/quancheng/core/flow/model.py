"""A compiled process: nodes and flows by number, expressions parsed; nothing of the XML left.

A :class:`Program` is what a case runs on. It holds the process and every process it calls in one
list of nodes, so that a state needs small numbers only, and a digest of all that matters for
running (not of labels or diagrams) to recognise its own states.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .expressions import Expr
from .limits import Limits
from .vocabulary import Kind, Trigger

__all__ = ["Catch", "EventDef", "Flow", "Loop", "Mapped", "Node", "Program", "program_of"]


@dataclass(frozen=True, slots=True)
class EventDef:
    """One event definition (事件定义).

    ``ref``: name of the message, signal or link; code of the error or escalation; for compensation
    the id of the activity. ``names``: all names by which ``ref`` may be called.
    """

    trigger: Trigger
    ref: str = ""
    names: tuple[str, ...] = ()
    condition: Expr | None = None
    key: Expr | None = None
    properties: tuple[tuple[Expr, Expr], ...] = ()
    timer: str = ""
    timer_kind: str = ""
    timer_expr: Expr | None = None
    working_days: str = ""
    wait: bool = True
    payload: Expr | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """Multi-instance or standard loop of an activity (多实例或循环)."""

    multiple: bool
    sequential: bool = False
    cardinality: Expr | None = None
    collection: Expr | None = None
    collection_names: tuple[str, ...] = ()
    item: str = ""
    output: str = ""
    output_names: tuple[str, ...] = ()
    output_item: str = ""
    output_expr: Expr | None = None
    completion: Expr | None = None
    condition: Expr | None = None
    test_before: bool = False
    maximum: int | None = None
    behaviour: str = "All"
    thrown: EventDef | None = None
    complex: tuple[tuple[Expr, EventDef | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Mapped:
    """One input or output mapping: the value of ``source`` becomes ``target``."""

    source: Expr
    target: str


Catch = tuple[int, int]
"""(node, number of its event definition): one thing that can be waited for."""


@dataclass(slots=True, eq=False)
class Flow:
    """A sequence flow (顺序流)."""

    index: int
    id: str
    source: int
    target: int
    condition: Expr | None = None
    name: str = ""


@dataclass(slots=True, eq=False)
class Node:
    """A node of the process (节点); ``extra`` are the model's ``qc:`` attributes, others in {ns}name."""

    index: int
    id: str
    kind: Kind
    scope: int = -1
    process: str = ""
    name: str = ""
    documentation: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    incoming: tuple[int, ...] = ()
    outgoing: tuple[int, ...] = ()
    default: int = -1
    events: tuple[EventDef, ...] = ()
    all_events: bool = False
    interrupting: bool = True
    host: int = -1
    boundaries: tuple[int, ...] = ()
    loop: Loop | None = None
    script: Expr | None = None
    result: str = ""
    inputs: tuple[Mapped, ...] = ()
    outputs: tuple[Mapped, ...] = ()
    merges: bool = True
    start_quantity: int = 1
    completion_quantity: int = 1
    is_handler: bool = False
    handler: int = -1
    compensable: bool = False
    called: int = -1
    members: tuple[int, ...] = ()
    entries: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()
    event_subs: tuple[int, ...] = ()
    locals: tuple[str, ...] = ()
    sequential: bool = False
    cancel_remaining: bool = True
    condition: Expr | None = None
    instantiate: bool = False
    own_catches: tuple[Catch, ...] = ()
    boundary_catches: tuple[Catch, ...] = ()
    sub_catches: tuple[Catch, ...] = ()
    reach: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Program:
    """A process ready to run (可执行流程); made by :func:`quancheng.core.flow.compile`."""

    process: str
    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]
    root: int
    digest: str
    limits: Limits
    by_id: Mapping[str, int]
    sources: Any = None
    has_conditionals: bool = False

    def element(self, element: str) -> Node:
        """The node of this id; :class:`KeyError` when there is none."""
        return self.nodes[self.by_id[element]]

    @property
    def elements(self) -> tuple[Node, ...]:
        """All nodes, those of called processes included."""
        return self.nodes


_KNOWN: Final[weakref.WeakValueDictionary[str, Program]] = weakref.WeakValueDictionary()
"""Programs alive in this process by digest, so that a bare state can name its elements."""


def remember(program: Program) -> Program:
    """Let states of this program be read without naming it."""
    _KNOWN[program.digest] = program
    return program


def program_of(digest: str) -> Program | None:
    """A program of this digest that is alive in this process."""
    return _KNOWN.get(digest)
