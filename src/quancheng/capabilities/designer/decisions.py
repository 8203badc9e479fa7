"""决策表编辑: tables as rows an author edits, written back as DMN by ``core.feel.dmn``. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from quancheng.core import feel
from quancheng.core.feel import dmn
from quancheng.core.feel.dmn.document import (
    Decision,
    DecisionTable,
    Document,
    InformationItem,
    InputClause,
    InputData,
    Literal,
    OutputClause,
    Rule,
)
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

__all__ = ["MAX_RULES", "add", "edited", "element_of", "opened", "removed", "tables", "tried", "written"]

GIVEN = ("form", "applicant", "today", "parameters")
"""Input data every table of a matter may look at."""
MAX_RULES = 500
MAX_COLUMNS = 30
OUTPUTS = ("outcome", "zh", "en")


def opened(text: str, code: str) -> Document:
    """The document of a draft; an empty one where there are no tables yet. Raises InvalidInput."""
    if not text.strip():
        given = {
            name: InputData(name, name, InformationItem(name, "date" if name == "today" else "Any"))
            for name in GIVEN
        }
        return Document(f"urn:quancheng:matter:{code}", code, dict(given))
    try:
        return dmn.read_document(text.encode())
    except dmn.DmnError as wrong:
        raise InvalidInput(wrong.text, fields={"dmn": wrong.text}) from wrong


def written(document: Document) -> str:
    """The document as DMN XML. Raises InvalidInput for characters XML has no place for."""
    try:
        return dmn.write(document).decode()
    except dmn.DmnError as wrong:
        raise InvalidInput(wrong.text) from wrong


def tables(document: Document) -> Iterator[Decision]:
    """The decisions of a document, in its order."""
    for one in document.elements.values():
        if isinstance(one, Decision):
            yield one


def element_of(document: Document, name: str) -> Decision:
    """A decision by id or name. Raises InvalidInput."""
    found = next((one for one in tables(document) if name in (one.id, one.name)), None)
    if found is None:
        raise InvalidInput(Text(f"没有决策“{name}”。", f"There is no decision “{name}”."))
    return found


def add(document: Document, name: str, expression: str) -> Document:
    """A new table that answers pass, fail or person with reasons in both languages."""
    if not name.strip():
        wrong = Text("请填写决策表名称。", "Give the table a name.")
        raise InvalidInput(wrong, fields={"name": wrong})
    if any(one.name == name for one in document.elements.values()):
        wrong = Text(f"已经有“{name}”。", f"There is “{name}” already.")
        raise InvalidInput(wrong, fields={"name": wrong})
    key = next(f"table{n}" for n in range(1, 10_000) if f"table{n}" not in document.elements)
    rule = Rule(("-",), (Literal('"person"'), Literal('"需人工判断"'), Literal('"A person judges"')))
    table = DecisionTable(
        (InputClause(label=expression, expression=expression),),
        tuple(OutputClause(name=one, type_ref="string") for one in OUTPUTS),
        (rule,), dmn.HitPolicy.FIRST,
    )  # fmt: skip
    made = Decision(key, name, InformationItem(name), expression=table)
    elements: dict[str, Any] = dict(document.elements)
    for given in GIVEN:
        if not any(one.name == given for one in elements.values()):
            elements[given] = InputData(
                given, given, InformationItem(given, "date" if given == "today" else "Any")
            )
    elements[key] = made
    return _connected(replace(document, elements=elements), key)


def removed(document: Document, key: str) -> Document:
    """Without one decision, nor requirements of it."""
    found = element_of(document, key)
    kept: dict[str, Any] = {}
    for name, one in document.elements.items():
        if name == found.id:
            continue
        if isinstance(one, Decision):
            href = f"#{found.id}"
            one = replace(one, information=tuple(each for each in one.information if each != href))
        kept[name] = one
    return replace(document, elements=kept)


def edited(document: Document, key: str, given: Mapping[str, str]) -> Document:
    """The document after what an author typed (``name``, ``policy``, ``in0``, ``out0``, ``r0i0``, ``r0o0``,
    ``literal``) and one step (``do``): add or remove rules and columns, move a rule up or down.
    """
    found = element_of(document, key)
    expression: Any = found.expression
    if isinstance(expression, DecisionTable):
        expression = _stepped(_typed(expression, given), given.get("do", ""))
    elif isinstance(expression, Literal) and "literal" in given:
        expression = replace(expression, text=given["literal"])
    elements: dict[str, Any] = dict(document.elements)
    elements[found.id] = replace(found, expression=expression)
    return _connected(replace(document, elements=elements), found.id)


def _typed(table: DecisionTable, given: Mapping[str, str]) -> DecisionTable:
    policy = given.get("policy", "")
    inputs = tuple(
        replace(
            one,
            label=given.get(f"in{n}label", one.label).strip(),
            expression=given.get(f"in{n}", one.expression).strip(),
        )
        for n, one in enumerate(table.inputs)
    )
    outputs = tuple(
        replace(one, name=given.get(f"out{n}", one.name).strip()) for n, one in enumerate(table.outputs)
    )
    rules = tuple(
        replace(
            rule,
            inputs=tuple(given.get(f"r{r}i{n}", one).strip() or "-" for n, one in enumerate(rule.inputs)),
            outputs=tuple(
                replace(one, text=given.get(f"r{r}o{n}", one.text).strip())
                for n, one in enumerate(rule.outputs)
            ),
        )
        for r, rule in enumerate(table.rules)
    )
    found = dmn.HitPolicy[policy] if policy in dmn.HitPolicy.__members__ else table.hit_policy
    aggregation = table.aggregation if found is dmn.HitPolicy.COLLECT else dmn.Aggregation.NONE
    return replace(
        table, inputs=inputs, outputs=outputs, rules=rules, hit_policy=found, aggregation=aggregation
    )


def _stepped(table: DecisionTable, step: str) -> DecisionTable:
    verb, _, place = step.partition(":")
    at = int(place) if place.isdecimal() and len(place) < 5 else -1
    rules = list(table.rules)
    if verb == "add-rule":
        if len(rules) >= MAX_RULES:
            raise InvalidInput(Text(f"最多{MAX_RULES}条规则。", f"At most {MAX_RULES} rules."))
        empty = Rule(tuple("-" for _ in table.inputs), tuple(Literal('""') for _ in table.outputs))
        rules.insert(at if 0 <= at <= len(rules) else len(rules), empty)
    elif verb == "drop-rule" and 0 <= at < len(rules) and len(rules) > 1:
        del rules[at]
    elif verb == "up" and 0 < at < len(rules):
        rules[at - 1], rules[at] = rules[at], rules[at - 1]
    elif verb == "down" and 0 <= at < len(rules) - 1:
        rules[at + 1], rules[at] = rules[at], rules[at + 1]
    elif verb in {"add-input", "drop-input"}:
        return _columns(replace(table, rules=tuple(rules)), verb, at)
    return replace(table, rules=tuple(rules))


def _columns(table: DecisionTable, verb: str, at: int) -> DecisionTable:
    if verb == "add-input" and len(table.inputs) < MAX_COLUMNS:
        inputs = (*table.inputs, InputClause(label="", expression="applicant.age"))
        return replace(
            table, inputs=inputs,
            rules=tuple(replace(one, inputs=(*one.inputs, "-")) for one in table.rules),
        )  # fmt: skip
    if verb == "drop-input" and 0 <= at < len(table.inputs) and len(table.inputs) > 1:

        def without(row: tuple[Any, ...]) -> tuple[Any, ...]:
            return (*row[:at], *row[at + 1 :])

        return replace(
            table, inputs=without(table.inputs),
            rules=tuple(replace(one, inputs=without(one.inputs)) for one in table.rules),
        )  # fmt: skip
    return table


def _connected(document: Document, key: str) -> Document:
    """Requirements of one decision as its expressions name them, those it already has included."""
    found = document.elements[key]
    assert isinstance(found, Decision)
    named = _names(found)
    hrefs, inputs = list(found.information), list(found.inputs)
    for one in document.elements.values():
        href = f"#{one.id}"
        if one.id == key or one.variable.name not in named or href in hrefs:
            continue
        if isinstance(one, InputData | Decision):
            hrefs.append(href)
        if isinstance(one, InputData):
            inputs.append(href)
    elements: dict[str, Any] = dict(document.elements)
    elements[key] = replace(found, information=tuple(hrefs), inputs=tuple(inputs))
    return replace(document, elements=elements)


def _names(decision: Decision) -> frozenset[str]:
    expression = decision.expression
    texts: list[str] = []
    if isinstance(expression, DecisionTable):
        texts += [one.expression for one in expression.inputs]
        texts += [one.text for rule in expression.rules for one in rule.outputs]
        texts += [f"({one})" for rule in expression.rules for one in rule.inputs if one not in {"-", ""}]
    elif isinstance(expression, Literal):
        texts.append(expression.text)
    found: set[str] = set()
    for text in texts:
        try:
            found |= set(feel.parse(text).names)
        except (feel.FeelSyntaxError, feel.FeelLimitError):
            found |= {name for name in GIVEN if name in text}
    return frozenset(found)


def tried(table: DecisionTable, values: list[str]) -> dmn.Outcome:
    """The table alone, for FEEL literals of its input columns (试一试). Raises InvalidInput."""
    given: dict[str, Any] = {}
    for n, text in enumerate(values[: len(table.inputs)]):
        try:
            given[f"c{n}"] = feel.parse(text.strip() or "null").evaluate({})
        except (feel.FeelSyntaxError, feel.FeelLimitError) as wrong:
            raise InvalidInput(wrong.text, fields={f"try{n}": wrong.text}) from wrong
    inputs = tuple(replace(one, expression=f"c{n}") for n, one in enumerate(table.inputs))
    elements: dict[str, Any] = {
        f"c{n}": InputData(f"c{n}", f"c{n}", InformationItem(f"c{n}", "Any")) for n in range(len(inputs))
    }
    hrefs = tuple(f"#{name}" for name in elements)
    elements["tried"] = Decision(
        "tried", "tried", InformationItem("tried"), information=hrefs, inputs=hrefs,
        expression=replace(table, inputs=inputs),
    )  # fmt: skip
    try:
        model = dmn.read(written(Document("urn:quancheng:try", "try", elements)).encode())
        return model.evaluate("tried", given)
    except (dmn.DmnError, feel.FeelLimitError) as wrong:
        raise InvalidInput(wrong.text) from wrong
