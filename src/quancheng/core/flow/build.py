"""Nodes and flows out of one process of a document; what cannot be run is noted as a reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from lxml import etree

from quancheng.core.text import Text

from .build_events import event_definitions, message_definition
from .build_loops import loop_of, mappings
from .document import Document, child, children, number, pure, truth
from .errors import Problem
from .model import Flow, Node
from .vocabulary import ACTIVITIES, SUBPROCESSES, Kind, Trigger

__all__ = ["Builder"]

_KINDS: Final = {
    "task": Kind.TASK,
    "userTask": Kind.USER,
    "manualTask": Kind.MANUAL,
    "serviceTask": Kind.SERVICE,
    "sendTask": Kind.SEND,
    "receiveTask": Kind.RECEIVE,
    "scriptTask": Kind.SCRIPT,
    "businessRuleTask": Kind.RULE,
    "callActivity": Kind.CALL,
    "subProcess": Kind.SUBPROCESS,
    "transaction": Kind.TRANSACTION,
    "adHocSubProcess": Kind.ADHOC,
    "startEvent": Kind.START,
    "endEvent": Kind.END,
    "intermediateThrowEvent": Kind.THROW,
    "intermediateCatchEvent": Kind.CATCH,
    "boundaryEvent": Kind.BOUNDARY,
    "exclusiveGateway": Kind.EXCLUSIVE,
    "parallelGateway": Kind.PARALLEL,
    "inclusiveGateway": Kind.INCLUSIVE,
    "complexGateway": Kind.COMPLEX,
    "eventBasedGateway": Kind.EVENT_GATEWAY,
}
_GLOBAL: Final = {
    "globalTask": Kind.TASK,
    "globalUserTask": Kind.USER,
    "globalManualTask": Kind.MANUAL,
    "globalScriptTask": Kind.SCRIPT,
    "globalBusinessRuleTask": Kind.RULE,
}
_COMPARISON: Final = re.compile(r"\w+\s*=[^={}]*")
_SILENT: Final = frozenset(
    {"sequenceFlow", "incoming", "outgoing", "documentation", "extensionElements", "laneSet", "dataObject",
     "dataObjectReference", "dataStoreReference", "property", "ioSpecification", "association", "group",
     "textAnnotation", "auditing", "monitoring", "resourceRole", "performer", "humanPerformer",
     "potentialOwner", "supports", "correlationSubscription", "artifact", "multiInstanceLoopCharacteristics",
     "standardLoopCharacteristics", "completionCondition", "dataInputAssociation", "dataOutputAssociation",
     "ioBinding", "supportedInterfaceRef", "categoryValueRef", "script", "rendering"}
)  # fmt: skip
_LOCALS: Final = ("dataObject", "property")


class Builder:
    """Collects the nodes of several processes in one numbering."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.flows: list[Flow] = []
        self.problems: list[Problem] = []
        self.documents: list[Document] = []
        self.processes: dict[tuple[int, str], int] = {}

    def problem(self, element: str, code: str, zh: str, en: str) -> None:
        """Note a reason against the whole."""
        self.problems.append(Problem(element, code, Text(zh, en)))

    def document_problems(self) -> list[Problem]:
        """Reasons noted while reading the documents."""
        return [problem for document in self.documents for problem in document.problems]

    def process(self, document: Document, element: etree._Element) -> int:
        """Add a process (or a global task as a process of one task); the number of its node."""
        key = (id(document), element.get("id") or "")
        if key in self.processes:
            return self.processes[key]
        if document not in self.documents:
            self.documents.append(document)
        part = _Part(self, document, key[1])
        index = self.processes[key] = part.root(element)
        return index


class _Part:
    """One process on its way into the builder."""

    def __init__(self, builder: Builder, document: Document, process: str) -> None:
        self.builder, self.document, self.process = builder, document, process
        self.nodes, self.flows = builder.nodes, builder.flows
        self.here: dict[str, Node] = {}
        self.elements: dict[int, etree._Element] = {}

    def root(self, element: etree._Element) -> int:
        node = self._new(element, Kind.PROCESS, -1)
        global_kind = _GLOBAL.get(pure(element))
        if global_kind is not None:
            self._fill(self._new(element, global_kind, node.index, suffix="·"), element)
        else:
            self._fill_scope(node, element)
        self._link_flows()
        self._attach()
        return node.index

    def _new(self, element: etree._Element, kind: Kind, scope: int, suffix: str = "") -> Node:
        identifier = (element.get("id") or f"{pure(element)}.{len(self.nodes)}") + suffix
        node = Node(
            index=len(self.nodes),
            id=identifier,
            kind=kind,
            scope=scope,
            process=self.process,
            name=element.get("name") or "",
            documentation=self.document.text(child(element, "documentation")),
            extra=self.document.attributes(element),
        )
        self.nodes.append(node)
        self.here[identifier] = node
        self.elements[node.index] = element
        if scope >= 0:
            self.nodes[scope].members += (node.index,)
        return node

    def _fill_scope(self, scope: Node, element: etree._Element) -> None:
        scope.locals = tuple(self.document.variable_of(each) for each in children(element, *_LOCALS))
        for each in children(element):
            local = pure(each)
            kind = _KINDS.get(local)
            if kind is not None:
                if kind is Kind.SUBPROCESS and truth(each.get("triggeredByEvent")):
                    kind = Kind.EVENT_SUBPROCESS
                self._fill(self._new(each, kind, scope.index), each)
            elif local not in _SILENT and not local.endswith("EventDefinition"):
                self.document.problem(
                    each.get("id") or scope.id,
                    "unknown-element",
                    f"不支持的元素“{local}”。",
                    f"The element “{local}” is not supported.",
                )

    def _fill(self, node: Node, element: etree._Element) -> None:
        if node.kind in ACTIVITIES:
            self._fill_activity(node, element)
        if node.kind in SUBPROCESSES or node.kind is Kind.EVENT_SUBPROCESS:
            self._fill_scope(node, element)
        fill = _FILLERS.get(node.kind)
        if fill is not None:
            fill(self, node, element)

    def _fill_activity(self, node: Node, element: etree._Element) -> None:
        node.loop = loop_of(self.document, element, node.id, node.extra)
        node.inputs, node.outputs = mappings(self.document, element, node.id)
        node.merges = next(self.document.qc(element, "output"), None) is None
        node.start_quantity = max(1, number(element.get("startQuantity"), 1))
        node.completion_quantity = number(element.get("completionQuantity"), 1)
        node.is_handler = truth(element.get("isForCompensation"))
        node.result = node.extra.get("result", "")

    def _script(self, node: Node, element: etree._Element) -> None:
        language = (element.get("scriptFormat") or element.get("scriptLanguage") or "feel").lower()
        text = self.document.text(child(element, "script"))
        if not text:
            self._problem(node, "no-script", "脚本任务没有脚本。", "The script task has no script.")
        elif "feel" not in language:
            self._problem(
                node,
                "script-language",
                f"脚本语言“{language}”不受支持，请用FEEL。",
                f"The script language “{language}” is not supported; use FEEL.",
            )
        else:
            node.script = self.document.feel(text, node.id)
            if not node.extra.get("result") and _COMPARISON.fullmatch(text):
                self._problem(
                    node,
                    "no-result",
                    "脚本只是一个比较，没有结果变量；FEEL不赋值，请写成{名称: 值}或用qc:result。",
                    "The script is a mere comparison without a result variable; FEEL does not assign: "
                    "write {name: value} or use qc:result.",
                )

    def _message_task(self, node: Node, element: etree._Element) -> None:
        node.instantiate = truth(element.get("instantiate"))
        if element.get("messageRef"):
            node.events = (message_definition(self.document, element, element, node.id),)

    def _event(self, node: Node, element: etree._Element) -> None:
        node.events = event_definitions(self.document, element, node.id)
        node.all_events = truth(element.get("parallelMultiple"))
        node.interrupting = truth(
            element.get("cancelActivity" if node.kind is Kind.BOUNDARY else "isInterrupting"), default=True
        )
        if node.kind is Kind.START and any(d.trigger is Trigger.ERROR for d in node.events):
            node.interrupting = True  # errors always do, whatever the file says
        node.inputs, node.outputs = mappings(self.document, element, node.id)
        node.merges = next(self.document.qc(element, "output"), None) is None
        node.result = node.extra.get("result", "")

    def _gateway(self, node: Node, element: etree._Element) -> None:
        node.instantiate = truth(element.get("instantiate"))
        node.all_events = element.get("eventGatewayType") == "Parallel"
        node.condition = self.document.expression(child(element, "activationCondition"), node.id)

    def _adhoc(self, node: Node, element: etree._Element) -> None:
        node.sequential = element.get("ordering") == "Sequential"
        node.cancel_remaining = truth(element.get("cancelRemainingInstances"), default=True)
        node.condition = self.document.expression(child(element, "completionCondition"), node.id)

    def _link_flows(self) -> None:
        for scope in [node for node in self.here.values() if node.members]:
            element = self.elements[scope.index]
            for each in children(element, "sequenceFlow"):
                self._link_flow(each, scope)
        for node in self.here.values():
            default = self.elements[node.index].get("default")
            if default:
                self._default(node, self.document.ref(default))

    def _link_flow(self, element: etree._Element, scope: Node) -> None:
        identifier = element.get("id") or f"flow.{len(self.flows)}"
        source = self.here.get(self.document.ref(element.get("sourceRef")))
        target = self.here.get(self.document.ref(element.get("targetRef")))
        if source is None or target is None or source.scope != target.scope:
            self.document.problem(
                identifier,
                "bad-flow",
                "顺序流的起点或终点不存在，或不在同一层。",
                "The sequence flow's source or target is missing or in another scope.",
            )
            return
        flow = Flow(
            index=len(self.flows),
            id=identifier,
            source=source.index,
            target=target.index,
            condition=self.document.expression(child(element, "conditionExpression"), identifier),
            name=element.get("name") or "",
        )
        self.flows.append(flow)
        source.outgoing += (flow.index,)
        target.incoming += (flow.index,)

    def _default(self, node: Node, identifier: str) -> None:
        found = [flow for flow in node.outgoing if self.flows[flow].id == identifier]
        if found:
            node.default = found[0]
            return
        self._problem(
            node,
            "bad-default",
            f"默认流“{identifier}”不是它的流出。",
            f"The default flow “{identifier}” does not leave it.",
        )

    def _attach(self) -> None:
        for node in self.here.values():
            if node.kind is not Kind.BOUNDARY:
                continue
            host = self.here.get(self.document.ref(self.elements[node.index].get("attachedToRef")))
            if host is None or host.kind not in ACTIVITIES or host.scope != node.scope:
                self._problem(
                    node,
                    "bad-boundary",
                    "边界事件没有依附于同层的活动。",
                    "The boundary event is not attached to an activity of its scope.",
                )
                continue
            node.host = host.index
            host.boundaries += (node.index,)
        self._attach_handlers()

    def _attach_handlers(self) -> None:
        for element in self.document.root.iter("{*}association"):
            source = self.here.get(self.document.ref(element.get("sourceRef")))
            target = self.here.get(self.document.ref(element.get("targetRef")))
            if source is None or target is None:
                continue
            boundary, handler = (source, target) if source.kind is Kind.BOUNDARY else (target, source)
            if boundary.kind is Kind.BOUNDARY and handler.kind in ACTIVITIES and handler.is_handler:
                boundary.handler = handler.index

    def _problem(self, node: Node, code: str, zh: str, en: str) -> None:
        self.document.problem(node.id, code, zh, en)


_Filler = Callable[[_Part, Node, etree._Element], None]
_FILLERS: Final[dict[Kind, _Filler]] = {
    Kind.SCRIPT: _Part._script,
    Kind.SEND: _Part._message_task,
    Kind.RECEIVE: _Part._message_task,
    Kind.ADHOC: _Part._adhoc,
    **dict.fromkeys((Kind.START, Kind.END, Kind.THROW, Kind.CATCH, Kind.BOUNDARY), _Part._event),
    **dict.fromkeys(
        (Kind.EXCLUSIVE, Kind.PARALLEL, Kind.INCLUSIVE, Kind.COMPLEX, Kind.EVENT_GATEWAY), _Part._gateway
    ),
}
