"""XML → :class:`Document`: the parts of a model as they are written, for DMN 1.1 to 1.5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lxml import etree

from quancheng.core.text import Text

from . import safexml as x
from .boxed import expression_in, function_definition, information_item, type_ref
from .document import (
    BusinessKnowledgeModel,
    Decision,
    DecisionService,
    Document,
    Element,
    FunctionItem,
    Import,
    InformationItem,
    InputData,
    ItemDefinition,
    KnowledgeSource,
)
from .errors import DmnError

__all__ = ["read_document"]

_Node = etree._Element


def read_document(xml: bytes) -> Document:
    """Read one file; :class:`DmnError` when it isn't DMN, is too large or names an id twice."""
    root = x.parse(xml)
    found: dict[str, Element] = {}
    for node in x.elements(root):
        reader = _ELEMENTS.get(x.local(node))
        if reader is None:
            continue
        element = reader(node)
        if element.id in found:
            raise DmnError(Text(f"编号重复：{element.id}", f"the id {element.id!r} is used twice"))
        found[element.id] = element
    return Document(
        namespace=x.attribute(root, "namespace"),
        name=x.attribute(root, "name"),
        elements=found,
        items=tuple(_item(each) for each in x.children(root, "itemDefinition")),
        imports=tuple(_import(each) for each in x.children(root, "import")),
        prefixes={k: uri for k, uri in root.nsmap.items() if k and uri not in x.DMN_NAMESPACES},
        expression_language=x.attribute(root, "expressionLanguage"),
        type_language=x.attribute(root, "typeLanguage"),
    )


def _import(node: _Node) -> Import:
    return Import(
        name=x.attribute(node, "name"),
        namespace=x.attribute(node, "namespace"),
        location=x.attribute(node, "locationURI"),
        kind=x.attribute(node, "importType"),
    )


def _item(node: _Node) -> ItemDefinition:
    allowed, constraint = x.child(node, "allowedValues"), x.child(node, "typeConstraint")
    function = x.child(node, "functionItem")
    return ItemDefinition(
        name=x.attribute(node, "name"),
        type_ref=type_ref(node),
        allowed="" if allowed is None else x.child_text(allowed, "text"),
        constraint="" if constraint is None else x.child_text(constraint, "text"),
        components=tuple(_item(each) for each in x.children(node, "itemComponent")),
        collection=x.flag(node, "isCollection"),
        function=None if function is None else _function_item(function),
    )


def _function_item(node: _Node) -> FunctionItem:
    parameters = tuple(information_item(each) for each in x.children(node, "parameters"))
    return FunctionItem(parameters, x.attribute(node, "outputTypeRef"))


def _named(node: _Node) -> tuple[str, str, InformationItem, str]:
    name = x.attribute(node, "name")
    if not name:
        kind = x.local(node)
        raise DmnError(Text(f"{kind} 元素缺少名称", f"an element {kind} has no name"))
    variable = x.child(node, "variable")
    written = InformationItem(name) if variable is None else information_item(variable)
    identity = x.attribute(node, "id") or f"{x.local(node)}:{name}"
    item = InformationItem(written.name or name, written.type_ref)
    return identity, name, item, x.child_text(node, "description")


def _hrefs(node: _Node, *names: str) -> tuple[str, ...]:
    return tuple(x.attribute(each, "href") for each in x.children(node, *names))


def _required(node: _Node, requirement: str, *names: str) -> tuple[str, ...]:
    return tuple(href for each in x.children(node, requirement) for href in _hrefs(each, *names))


def _authority(node: _Node) -> tuple[str, ...]:
    kinds = ("requiredAuthority", "requiredDecision", "requiredInput")
    return _required(node, "authorityRequirement", *kinds)


def _input_data(node: _Node) -> Element:
    return InputData(*_named(node))


def _decision(node: _Node) -> Element:
    identity, name, variable, description = _named(node)
    return Decision(
        identity,
        name,
        variable,
        description,
        question=x.child_text(node, "question"),
        allowed_answers=x.child_text(node, "allowedAnswers"),
        information=_required(node, "informationRequirement", "requiredDecision", "requiredInput"),
        inputs=_required(node, "informationRequirement", "requiredInput"),
        knowledge=_required(node, "knowledgeRequirement", "requiredKnowledge"),
        authority=_authority(node),
        expression=expression_in(node, name),
    )


def _knowledge_model(node: _Node) -> Element:
    identity, name, variable, description = _named(node)
    logic = x.child(node, "encapsulatedLogic")
    return BusinessKnowledgeModel(
        identity,
        name,
        variable,
        description,
        knowledge=_required(node, "knowledgeRequirement", "requiredKnowledge"),
        authority=_authority(node),
        logic=None if logic is None else function_definition(logic, name),
    )


def _service(node: _Node) -> Element:
    identity, name, variable, description = _named(node)
    return DecisionService(
        identity,
        name,
        variable,
        description,
        output_decisions=_hrefs(node, "outputDecision"),
        encapsulated=_hrefs(node, "encapsulatedDecision"),
        input_decisions=_hrefs(node, "inputDecision"),
        input_data=_hrefs(node, "inputData"),
    )


def _source(node: _Node) -> Element:
    identity, name, variable, description = _named(node)
    return KnowledgeSource(
        identity,
        name,
        variable,
        description,
        location=x.attribute(node, "locationURI"),
        kind=x.child_text(node, "type"),
    )


_ELEMENTS: Final[dict[str, Callable[[_Node], Element]]] = {
    "inputData": _input_data,
    "decision": _decision,
    "businessKnowledgeModel": _knowledge_model,
    "decisionService": _service,
    "knowledgeSource": _source,
}
