"""Small DMN models written in Python, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def definitions(*parts: str, namespace: str = "urn:test", name: str = "test", dmn: str = NAMESPACE) -> bytes:
    """A document of these elements."""
    head = f"<definitions xmlns={quoteattr(dmn)} namespace={quoteattr(namespace)} name={quoteattr(name)}>"
    return f"{head}{''.join(parts)}</definitions>".encode()


def input_data(name: str, type_ref: str = "") -> str:
    """``<inputData>``; its id is ``_name`` without spaces."""
    return f"<inputData name={quoteattr(name)} id={_id(name)}>{variable(name, type_ref)}</inputData>"


def variable(name: str, type_ref: str = "", tag: str = "variable") -> str:
    """``<variable>`` and its like."""
    reference = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
    return f"<{tag} name={quoteattr(name)}{reference}/>"


def literal(text: str, type_ref: str = "") -> str:
    """``<literalExpression>``."""
    reference = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
    return f"<literalExpression{reference}><text>{escape(text)}</text></literalExpression>"


def decision(
    name: str,
    expression: str,
    *,
    needs: Sequence[str] = (),
    decisions: Sequence[str] = (),
    knowledge: Sequence[str] = (),
    type_ref: str = "",
) -> str:
    """``<decision>`` that requires inputs, decisions and knowledge by name, or by href where there is a #."""
    required = "".join(
        f"<informationRequirement><required{kind} href={_href(each)}/></informationRequirement>"
        for kind, names in (("Input", needs), ("Decision", decisions))
        for each in names
    )
    known = "".join(
        f"<knowledgeRequirement><requiredKnowledge href={_href(each)}/></knowledgeRequirement>"
        for each in knowledge
    )
    head = f"<decision name={quoteattr(name)} id={_id(name)}>{variable(name, type_ref)}"
    return f"{head}{required}{known}{expression}</decision>"


def knowledge_model(
    name: str,
    parameters: Sequence[tuple[str, str]],
    body: str,
    *,
    type_ref: str = "",
    knowledge: Sequence[str] = (),
) -> str:
    """``<businessKnowledgeModel>``."""
    formal = "".join(variable(n, t, "formalParameter") for n, t in parameters)
    known = "".join(
        f"<knowledgeRequirement><requiredKnowledge href={_href(each)}/></knowledgeRequirement>"
        for each in knowledge
    )
    return (
        f"<businessKnowledgeModel name={quoteattr(name)} id={_id(name)}>{variable(name, type_ref)}{known}"
        f"<encapsulatedLogic>{formal}{body}</encapsulatedLogic></businessKnowledgeModel>"
    )


def service(
    name: str,
    outputs: Sequence[str],
    *,
    encapsulated: Sequence[str] = (),
    decisions: Sequence[str] = (),
    inputs: Sequence[str] = (),
    type_ref: str = "",
) -> str:
    """``<decisionService>``."""
    parts = "".join(
        f"<{tag} href={_href(each)}/>"
        for tag, names in (
            ("outputDecision", outputs),
            ("encapsulatedDecision", encapsulated),
            ("inputDecision", decisions),
            ("inputData", inputs),
        )
        for each in names
    )
    return f"<decisionService name={quoteattr(name)} id={_id(name)}>{variable(name, type_ref)}{parts}</decisionService>"


def item(
    name: str, inside: str = "", *, type_ref: str = "", allowed: str = "", collection: bool = False
) -> str:
    """``<itemDefinition>``."""
    reference = f"<typeRef>{escape(type_ref)}</typeRef>" if type_ref else ""
    values = f"<allowedValues><text>{escape(allowed)}</text></allowedValues>" if allowed else ""
    many = ' isCollection="true"' if collection else ""
    return f"<itemDefinition name={quoteattr(name)}{many}>{reference}{values}{inside}</itemDefinition>"


def component(name: str, type_ref: str, *, allowed: str = "") -> str:
    """``<itemComponent>``."""
    values = f"<allowedValues><text>{escape(allowed)}</text></allowedValues>" if allowed else ""
    reference = f"<typeRef>{escape(type_ref)}</typeRef>"
    return f"<itemComponent name={quoteattr(name)}>{reference}{values}</itemComponent>"


def boxed(tag: str, source: str, body_tag: str, body: str) -> str:
    """``<filter>``, ``<for>``, ``<some>``, ``<every>``; the iterator is ``x``."""
    iterator = "" if tag == "filter" else ' iteratorVariable="x"'
    return f"<{tag}{iterator}><in>{literal(source)}</in><{body_tag}>{literal(body)}</{body_tag}></{tag}>"


def table(
    inputs: Sequence[tuple[str, str]],
    outputs: Sequence[str],
    rules: Sequence[tuple[Sequence[str], Sequence[str]]],
    *,
    policy: str = "UNIQUE",
    aggregation: str = "",
    output_values: Sequence[str] = (),
    defaults: Sequence[str] = (),
    output_types: Sequence[str] = (),
    input_values: Sequence[str] = (),
    annotations: Sequence[str] = (),
) -> str:
    """``<decisionTable>``: inputs are (expression, type), outputs names (empty for a single one)."""
    aggregated = f" aggregation={quoteattr(aggregation)}" if aggregation else ""
    parts = [f"<decisionTable hitPolicy={quoteattr(policy)}{aggregated}>"]
    for number, (expression, type_ref) in enumerate(inputs):
        reference = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
        values = _values("inputValues", input_values, number)
        parts.append(
            f"<input><inputExpression{reference}>{_text(expression)}</inputExpression>{values}</input>"
        )
    for number, name in enumerate(outputs):
        reference = f" typeRef={quoteattr(output_types[number])}" if output_types else ""
        default = _values("defaultOutputEntry", defaults, number)
        values = _values("outputValues", output_values, number)
        named = f" name={quoteattr(name)}" if name else ""
        parts.append(f"<output{named}{reference}>{values}{default}</output>")
    parts += ["<annotation name='why'/>"] if annotations else []
    for number, (conditions, conclusions) in enumerate(rules):
        cells = "".join(f"<inputEntry>{_text(each)}</inputEntry>" for each in conditions)
        cells += "".join(f"<outputEntry>{_text(each)}</outputEntry>" for each in conclusions)
        cells += _values("annotationEntry", annotations, number)
        parts.append(f"<rule>{cells}</rule>")
    return "".join(parts) + "</decisionTable>"


def _values(tag: str, values: Sequence[str], number: int) -> str:
    return f"<{tag}>{_text(values[number])}</{tag}>" if number < len(values) and values[number] else ""


def _text(text: str) -> str:
    return f"<text>{escape(text)}</text>"


def _id(name: str) -> str:
    return quoteattr("_" + name.replace(" ", "_"))


def _href(name: str) -> str:
    return quoteattr(name if "#" in name else "#_" + name.replace(" ", "_"))
