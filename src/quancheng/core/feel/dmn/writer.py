""":class:`Document` → DMN 1.5 XML: what editors of tables and models save.

What is read again is the same document; diagrams, extensions and ids of inner parts are not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lxml import etree

from quancheng.core.text import Text

from .document import (
    Aggregation,
    BusinessKnowledgeModel,
    Conditional,
    Context,
    Decision,
    DecisionService,
    DecisionTable,
    Document,
    Element,
    Expression,
    Filter,
    FunctionDefinition,
    InformationItem,
    InputData,
    Invocation,
    ItemDefinition,
    Iteration,
    IterationKind,
    KnowledgeSource,
    ListExpression,
    Literal,
    Relation,
)
from .errors import DmnError

__all__ = ["NAMESPACE", "write"]

NAMESPACE: Final = "https://www.omg.org/spec/DMN/20230324/MODEL/"

_Node = etree._Element


def write(document: Document) -> bytes:
    """The document as UTF-8 XML of DMN 1.5; :class:`DmnError` for characters that XML has no place for."""
    try:
        return _written(document)
    except ValueError:
        text = Text("内容含有 XML 不允许的字符", "there is a character that XML does not allow")
        raise DmnError(text) from None


def _written(document: Document) -> bytes:
    prefixes: dict[Any, str] = {None: NAMESPACE}
    prefixes.update({k: v for k, v in document.prefixes.items() if v != NAMESPACE})
    root = etree.Element(f"{{{NAMESPACE}}}definitions", nsmap=prefixes)
    _attributes(
        root,
        namespace=document.namespace,
        name=document.name,
        expressionLanguage=document.expression_language,
        typeLanguage=document.type_language,
    )
    for each in document.imports:
        node = _child(root, "import")
        node.set("name", each.name)
        _attributes(node, namespace=each.namespace, locationURI=each.location, importType=each.kind)
    for item in document.items:
        _item(root, "itemDefinition", item)
    for element in document.elements.values():
        _ELEMENTS[type(element)](root, element, document)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _child(parent: _Node, tag: str) -> _Node:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}")


def _attributes(node: _Node, **values: str) -> None:
    for name, value in values.items():
        if value:
            node.set(name, value)


def _text(parent: _Node, tag: str, text: str) -> None:
    if text:
        _child(parent, tag).text = text


def _tests(parent: _Node, tag: str, text: str) -> None:
    if text:
        _child(_child(parent, tag), "text").text = text


def _information(parent: _Node, tag: str, item: InformationItem) -> None:
    node = _child(parent, tag)
    node.set("name", item.name)
    _attributes(node, typeRef=item.type_ref)


def _item(parent: _Node, tag: str, item: ItemDefinition) -> None:
    node = _child(parent, tag)
    node.set("name", item.name)
    _attributes(node, isCollection="true" if item.collection else "")
    _text(node, "typeRef", item.type_ref)
    _tests(node, "allowedValues", item.allowed)
    _tests(node, "typeConstraint", item.constraint)
    for component in item.components:
        _item(node, "itemComponent", component)
    if item.function is not None:
        signature = _child(node, "functionItem")
        _attributes(signature, outputTypeRef=item.function.output)
        for parameter in item.function.parameters:
            _information(signature, "parameters", parameter)


# --- elements of the requirements graph


def _element(root: _Node, tag: str, element: Element) -> _Node:
    node = _child(root, tag)
    node.set("name", element.name)
    _attributes(node, id="" if element.id == f"{tag}:{element.name}" else element.id)
    _text(node, "description", element.description)
    return node


def _required(node: _Node, requirement: str, tag: str, href: str, document: Document) -> None:
    """A requirement; of the document's own elements their kind says what is required."""
    kind = type(document.elements.get(href.removeprefix("#")))
    known = {InputData: "requiredInput", Decision: "requiredDecision"}.get(kind, tag)
    _child(_child(node, requirement), known).set("href", href)


def _knowledge(node: _Node, element: Decision | BusinessKnowledgeModel, document: Document) -> None:
    for href in element.knowledge:
        _child(_child(node, "knowledgeRequirement"), "requiredKnowledge").set("href", href)
    for href in element.authority:
        _required(node, "authorityRequirement", "requiredAuthority", href, document)


def _input_data(root: _Node, element: InputData, _document: Document) -> None:
    _information(_element(root, "inputData", element), "variable", element.variable)


def _decision(root: _Node, element: Decision, document: Document) -> None:
    node = _element(root, "decision", element)
    _text(node, "question", element.question)
    _text(node, "allowedAnswers", element.allowed_answers)
    _information(node, "variable", element.variable)
    for href in element.information:
        tag = "requiredInput" if href in element.inputs else "requiredDecision"
        _required(node, "informationRequirement", tag, href, document)
    _knowledge(node, element, document)
    _expression(node, element.expression)


def _knowledge_model(root: _Node, element: BusinessKnowledgeModel, document: Document) -> None:
    node = _element(root, "businessKnowledgeModel", element)
    _information(node, "variable", element.variable)
    if element.logic is not None:
        _function(_child(node, "encapsulatedLogic"), element.logic)
    _knowledge(node, element, document)


def _service(root: _Node, element: DecisionService, _document: Document) -> None:
    node = _element(root, "decisionService", element)
    _information(node, "variable", element.variable)
    for tag, hrefs in (
        ("outputDecision", element.output_decisions),
        ("encapsulatedDecision", element.encapsulated),
        ("inputDecision", element.input_decisions),
        ("inputData", element.input_data),
    ):
        for href in hrefs:
            _child(node, tag).set("href", href)


def _source(root: _Node, element: KnowledgeSource, _document: Document) -> None:
    node = _element(root, "knowledgeSource", element)
    _attributes(node, locationURI=element.location)
    _text(node, "type", element.kind)


_ELEMENTS: Final[dict[type, Callable[[_Node, Any, Document], None]]] = {
    InputData: _input_data,
    Decision: _decision,
    BusinessKnowledgeModel: _knowledge_model,
    DecisionService: _service,
    KnowledgeSource: _source,
}


# --- boxed expressions


def _expression(parent: _Node, expression: Expression | None) -> None:
    if expression is None:
        return
    tag, fill = _EXPRESSIONS[type(expression)]
    node = _child(parent, expression.kind.value if isinstance(expression, Iteration) else tag)
    fill(node, expression)
    if not isinstance(expression, FunctionDefinition):
        _attributes(node, typeRef=expression.type_ref)


def _within(parent: _Node, tag: str, expression: Expression | None) -> None:
    if expression is not None:
        _expression(_child(parent, tag), expression)


def _literal(node: _Node, literal: Literal) -> None:
    if literal.language == "importedValues":
        _child(node, "importedValues")
    else:
        _attributes(node, expressionLanguage=literal.language, typeRef=literal.type_ref)
    _child(node, "text").text = literal.text


def _context(node: _Node, context: Context) -> None:
    for entry in context.entries:
        line = _child(node, "contextEntry")
        if entry.variable is not None:
            _information(line, "variable", entry.variable)
        _expression(line, entry.expression)


def _invocation(node: _Node, invocation: Invocation) -> None:
    _expression(node, invocation.function)
    for binding in invocation.bindings:
        bound = _child(node, "binding")
        _child(bound, "parameter").set("name", binding.name)
        _expression(bound, binding.expression)


def _function(node: _Node, definition: FunctionDefinition) -> None:
    _attributes(node, kind=definition.kind.value, typeRef=definition.type_ref)
    for parameter in definition.parameters:
        _information(node, "formalParameter", parameter)
    _expression(node, definition.body)


def _relation(node: _Node, relation: Relation) -> None:
    for column in relation.columns:
        _information(node, "column", column)
    for row in relation.rows:
        line = _child(node, "row")
        for cell in row:
            _expression(line, cell)


def _list(node: _Node, listed: ListExpression) -> None:
    for each in listed.items:
        _expression(node, each)


def _conditional(node: _Node, boxed: Conditional) -> None:
    _within(node, "if", boxed.condition)
    _within(node, "then", boxed.then)
    _within(node, "else", boxed.otherwise)


def _filter(node: _Node, boxed: Filter) -> None:
    _within(node, "in", boxed.source)
    _within(node, "match", boxed.match)


def _iteration(node: _Node, boxed: Iteration) -> None:
    _attributes(node, iteratorVariable=boxed.variable)
    _within(node, "in", boxed.source)
    _within(node, "return" if boxed.kind is IterationKind.FOR else "satisfies", boxed.body)


def _table(node: _Node, table: DecisionTable) -> None:
    aggregation = "" if table.aggregation is Aggregation.NONE else table.aggregation.value
    policy = table.hit_policy.name.replace("_", " ")
    _attributes(node, hitPolicy=policy, aggregation=aggregation, outputLabel=table.output_label)
    for asked in table.inputs:
        column = _child(node, "input")
        _attributes(column, label="" if asked.label == asked.expression else asked.label)
        expression = _child(column, "inputExpression")
        _attributes(expression, typeRef=asked.type_ref)
        _child(expression, "text").text = asked.expression
        _tests(column, "inputValues", asked.values)
    for clause in table.outputs:
        column = _child(node, "output")
        label = "" if clause.label == clause.name else clause.label
        _attributes(column, name=clause.name, label=label, typeRef=clause.type_ref)
        _tests(column, "outputValues", clause.values)
        if clause.default is not None:
            _literal(_child(column, "defaultOutputEntry"), clause.default)
    for name in table.annotations:
        _child(node, "annotation").set("name", name)
    for rule in table.rules:
        row = _child(node, "rule")
        _text(row, "description", rule.description)
        for text in rule.inputs:
            _child(_child(row, "inputEntry"), "text").text = text
        for cell in rule.outputs:
            _literal(_child(row, "outputEntry"), cell)
        for text in rule.annotations:
            _child(_child(row, "annotationEntry"), "text").text = text


_EXPRESSIONS: Final[dict[type, tuple[str, Callable[[_Node, Any], None]]]] = {
    Literal: ("literalExpression", _literal),
    Context: ("context", _context),
    Invocation: ("invocation", _invocation),
    FunctionDefinition: ("functionDefinition", _function),
    Relation: ("relation", _relation),
    ListExpression: ("list", _list),
    DecisionTable: ("decisionTable", _table),
    Conditional: ("conditional", _conditional),
    Filter: ("filter", _filter),
    Iteration: ("", _iteration),
}
