"""From a document to a program: choose the process, resolve calls, derive what running needs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from enum import StrEnum
from typing import Any, Final

from quancheng.core.text import Text

from .build import Builder
from .check_graph import check_graph
from .check_nodes import check_nodes
from .derive import derive
from .document import Document, children, pure, truth
from .errors import NotExecutable, Problem
from .expressions import Expr
from .limits import Limits
from .model import EventDef, Flow, Loop, Mapped, Node, Program, remember
from .vocabulary import BPMN, Kind, Trigger
from .xml import Definitions

__all__ = ["Library", "check", "compile_program"]

Library = Mapping[str, "Definitions | Program"]
_CALLABLE: Final = frozenset(
    {"process", "globalTask", "globalUserTask", "globalManualTask", "globalScriptTask",
     "globalBusinessRuleTask"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Where a program came from, so that another program can call it."""

    definitions: Definitions
    process: str
    library: Library


class _Linker:
    """Builds a process with everything it calls."""

    def __init__(self, library: Library) -> None:
        self.builder = Builder()
        self.library = library
        self.documents: dict[int, Document] = {}
        self._kept: list[Definitions] = []

    def document(self, definitions: Definitions) -> Document:
        if id(definitions.root) not in self.documents:
            self.documents[id(definitions.root)] = Document(definitions.root)
            self._kept.append(definitions)
        return self.documents[id(definitions.root)]

    def build(self, definitions: Definitions, process: str) -> int:
        """The node of the process; every call within is resolved or a problem."""
        document = self.document(definitions)
        root = self.builder.process(document, document.by_id[process])
        pending = [(document, definitions, self.library, root)]
        done: set[int] = set()
        while pending:
            document, definitions, library, index = pending.pop()
            if index in done:
                continue
            done.add(index)
            for node in self._calls(index):
                pending.extend(self._resolve(document, definitions, library, node))
        return root

    def _calls(self, process: int) -> list[Node]:
        name = self.builder.nodes[process].process
        last = len(self.builder.nodes)
        found = []
        for node in self.builder.nodes[process:last]:
            if node.kind is Kind.PROCESS and node.index != process:
                break
            if node.kind is Kind.CALL and node.process == name:
                found.append(node)
        return found

    def _resolve(
        self, document: Document, definitions: Definitions, library: Library, node: Node
    ) -> list[tuple[Document, Definitions, Library, int]]:
        element = document.by_id.get(node.id)
        wanted = document.ref(None if element is None else element.get("calledElement"))
        found = library.get(wanted)
        if isinstance(found, Program) and isinstance(found.sources, Source):
            target, process, inner = found.sources.definitions, found.sources.process, found.sources.library
        elif isinstance(found, Definitions):
            target, process, inner = found, wanted, library
            if wanted not in found.processes:
                process = found.processes[0] if len(found.processes) == 1 else wanted
        else:
            target, process, inner = definitions, wanted, library
        there = self.document(target)
        called = there.by_id.get(process)
        if called is None or pure(called) not in _CALLABLE:
            document.problem(
                node.id,
                "call-unresolved",
                f"调用的流程“{wanted}”不存在。" if wanted else "调用活动没有指明被调用的流程。",
                f"The called process “{wanted}” does not exist."
                if wanted
                else "The call activity names no process.",
            )
            return []
        node.called = self.builder.process(there, called)
        return [(there, target, {**library, **inner}, node.called)]

    def problems(self) -> list[Problem]:
        """Reasons of all documents taken part, then of the whole."""
        found = [problem for document in self.documents.values() for problem in document.problems]
        return list(dict.fromkeys([*found, *self.builder.problems]))


def check(
    definitions: Definitions, process: str | None = None, library: Library | None = None
) -> list[Problem]:
    """Everything the engine cannot run, with the reason; empty: it can be published.

    Without ``process`` the executable processes of the document are checked (all, when none is
    marked executable).
    """
    names = [process] if process else _candidates(definitions)
    if not names:
        return [_no_process()]
    found: list[Problem] = []
    for name in names:
        found.extend(_linked(definitions, name, library or {})[2])
    return list(dict.fromkeys(found))


def compile_program(
    definitions: Definitions,
    process: str | None = None,
    library: Library | None = None,
    limits: Limits | None = None,
) -> Program:
    """A program to run; :class:`NotExecutable` with every reason when the engine refuses it."""
    name = process or _only(definitions)
    linker, root, problems = _linked(definitions, name, library or {})
    if problems:
        raise NotExecutable(tuple(problems))
    nodes, flows = tuple(linker.builder.nodes), tuple(linker.builder.flows)
    by_id: dict[str, int] = {}
    for node in nodes:
        by_id.setdefault(node.id, node.index)
    return remember(
        Program(
            process=name,
            nodes=nodes,
            flows=flows,
            root=root,
            digest=_digest(nodes, flows, root),
            limits=limits or definitions.limits,
            by_id=by_id,
            sources=Source(definitions, name, library or {}),
            has_conditionals=any(d.trigger is Trigger.CONDITIONAL for n in nodes for d in n.events),
        )
    )


def _linked(definitions: Definitions, process: str, library: Library) -> tuple[_Linker, int, list[Problem]]:
    linker = _Linker(library)
    document = linker.document(definitions)
    element = document.by_id.get(process)
    if element is None or pure(element) not in _CALLABLE:
        document.problem(
            process, "no-process", f"没有名为“{process}”的流程。", f"There is no process “{process}”."
        )
        return linker, -1, linker.problems()
    root = linker.build(definitions, process)
    derive(linker.builder)
    check_nodes(linker.builder)
    check_graph(linker.builder)
    return linker, root, linker.problems()


def _candidates(definitions: Definitions) -> list[str]:
    """Executable processes with content; where none is marked so, all with content."""
    found = [
        process
        for process in definitions.root.iter(f"{{{BPMN}}}process")
        if process.get("id") and next(children(process), None) is not None
    ]
    marked = [process for process in found if truth(process.get("isExecutable"))]
    return [str(process.get("id")) for process in marked or found]


def _only(definitions: Definitions) -> str:
    """The one process to run: the only candidate that no other one of the document calls."""
    names = _candidates(definitions)
    if not names:
        raise NotExecutable((_no_process(),))
    called = {
        str(each.get("calledElement")).rpartition(":")[2]
        for each in definitions.root.iter(f"{{{BPMN}}}callActivity")
    }
    main = [name for name in names if name not in called] or names
    if len(main) == 1:
        return main[0]
    listed = "、".join(main)
    raise NotExecutable(
        (
            Problem(
                "",
                "several-processes",
                Text(
                    f"文件中有多个流程（{listed}），请指明运行哪一个。",
                    f"The document has several processes ({', '.join(main)}); say which to run.",
                ),
            ),
        )
    )


def _no_process() -> Problem:
    return Problem(
        "", "no-process", Text("文件中没有可运行的流程。", "The document has no process that could run.")
    )


def _digest(nodes: tuple[Node, ...], flows: tuple[Flow, ...], root: int) -> str:
    """A digest of what matters for running: labels, documentation and diagrams do not.

    Only what a model says is in it, and only where it differs from the default: a later engine
    that knows more gives old models the same digest, so that their cases stay readable.
    """
    text = repr((root, [_canonical(node) for node in nodes], [_canonical(flow) for flow in flows]))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


_LEFT_OUT: Final = frozenset(
    {"name", "documentation", "reach", "members", "entries", "starts", "event_subs", "compensable",
     "own_catches", "boundary_catches", "sub_catches"}
)  # fmt: skip


def _canonical(value: Any) -> Any:
    if isinstance(value, Expr):
        return value.text
    if isinstance(value, Node | Flow | Loop | EventDef | Mapped):
        return [
            (each.name, _canonical(part))
            for each in fields(value)
            if each.name not in _LEFT_OUT and not _is_default(each, part := getattr(value, each.name))
        ]
    if isinstance(value, tuple):
        return [_canonical(part) for part in value]
    if isinstance(value, Mapping):
        return sorted(value.items())
    return value.value if isinstance(value, StrEnum) else value


def _is_default(each: Field[Any], value: Any) -> bool:
    if each.default is not MISSING:
        return bool(value == each.default)
    return each.default_factory is not MISSING and bool(value == each.default_factory())
