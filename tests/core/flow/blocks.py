"""Random well-structured processes for Hypothesis: blocks within blocks, each with one way in and out."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

VARIABLES = {"yes": True, "v0": True, "v1": False, "v2": True, "v3": False}
CONDITIONS = ["v0", "v1", "v2", "v3"]


@dataclass
class Writer:
    """Collects elements and flows; ``chain`` gives (first, last) node of a block."""

    elements: list[str] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    number: int = 0

    def name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def node(self, tag: str, kind: str, inside: str = "", more: str = "") -> str:
        name = self.name(kind)
        self.elements.append(f'<{tag} id="{name}" {more}>{inside}</{tag}>')
        return name

    def flow(self, source: str, target: str, condition: str = "", id: str = "") -> str:
        name = id or self.name("f")
        inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        self.flows.append(
            f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'
        )
        return name

    def block(self, block: Any) -> tuple[str, str]:
        kind, *rest = block
        made: tuple[str, str] = getattr(self, f"_{kind}")(*rest)
        return made

    def _task(self) -> tuple[str, str]:
        name = self.node("userTask", "t")
        return name, name

    def _seq(self, blocks: list[Any]) -> tuple[str, str]:
        ends = [self.block(each) for each in blocks]
        for (_, last), (first, _) in pairwise(ends):
            self.flow(last, first)
        return ends[0][0], ends[-1][1]

    def _fork(self, tag: str, branches: list[tuple[str, Any]], default: bool) -> tuple[str, str]:
        split, join = self.name("g"), self.node(tag, "j")
        chosen = ""
        for number, (condition, branch) in enumerate(branches):
            first, last = self.block(branch)
            is_default = default and number == len(branches) - 1
            flow = self.flow(split, first, "" if is_default else condition)
            chosen = flow if is_default else chosen
            self.flow(last, join)
        more = f'default="{chosen}"' if chosen else ""
        self.elements.append(f'<{tag} id="{split}" {more}/>')
        return split, join

    def _xor(self, branches: list[tuple[str, Any]]) -> tuple[str, str]:
        return self._fork("exclusiveGateway", branches, True)

    def _and(self, branches: list[Any]) -> tuple[str, str]:
        return self._fork("parallelGateway", [("", each) for each in branches], False)

    def _or(self, branches: list[tuple[str, Any]]) -> tuple[str, str]:
        sure = [("yes", branches[0][1]), *branches[1:]]
        return self._fork("inclusiveGateway", sure, False)

    def _sub(self, block: Any) -> tuple[str, str]:
        inner = Writer(number=self.number)
        body = inner.scope(block)
        self.number = inner.number
        name = self.node("subProcess", "s", body)
        return name, name

    def _many(self, count: int, sequential: bool) -> tuple[str, str]:
        loop = (
            f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
            f"<loopCardinality>{count}</loopCardinality></multiInstanceLoopCharacteristics>"
        )
        name = self.node("userTask", "m", loop)
        return name, name

    def _timed(self, interrupting: bool, block: Any) -> tuple[str, str]:
        host = self.node("userTask", "t")
        boundary = self.node(
            "boundaryEvent",
            "b",
            "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>",
            f'attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}"',
        )
        first, last = self.block(block)
        self.flow(boundary, first)
        if not interrupting:
            self.flow(last, self.node("endEvent", "e"))
            return host, host
        merge = self.node("exclusiveGateway", "x")
        self.flow(host, merge)
        self.flow(last, merge)
        return host, merge

    def _again(self, block: Any) -> tuple[str, str]:
        loop = '<standardLoopCharacteristics loopMaximum="2"/>'
        inner = Writer(number=self.number)
        body = inner.scope(block)
        self.number = inner.number
        name = self.node("subProcess", "l", loop + body)
        return name, name

    def scope(self, block: Any) -> str:
        first, last = self.block(block)
        self.flow(self.node("startEvent", "s"), first)
        self.flow(last, self.node("endEvent", "e"))
        return "".join(self.elements + self.flows)


def document(block: Any) -> bytes:
    """The process of a block as BPMN."""
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:t">'
        f'<process id="P" isExecutable="true">{Writer().scope(block)}</process></definitions>'
    ).encode()


def blocks(*, own: bool) -> st.SearchStrategy[Any]:
    """Blocks both engines agree on; with ``own`` also those only ours runs."""
    leaf: st.SearchStrategy[Any] = st.just(("task",)) | st.tuples(
        st.just("many"), st.integers(1, 3), st.booleans()
    )

    def wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        guarded = st.lists(st.tuples(st.sampled_from(CONDITIONS), inner), min_size=2, max_size=3)
        kinds = [
            st.tuples(st.just("seq"), st.lists(inner, min_size=2, max_size=3)),
            st.tuples(st.just("xor"), guarded),
            st.tuples(st.just("and"), st.lists(inner, min_size=2, max_size=3)),
            st.tuples(st.just("or"), guarded),
            st.tuples(st.just("sub"), inner),
        ]
        if own:
            kinds.append(st.tuples(st.just("timed"), st.booleans(), inner))
            kinds.append(st.tuples(st.just("again"), inner))
        return st.one_of(*kinds)

    return st.recursive(leaf, wider, max_leaves=8)
