"""Loops and data mappings of activities out of the document."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from .build_events import event_definitions
from .document import Document, child, children, number, pure, truth
from .expressions import Expr, is_word
from .model import EventDef, Loop, Mapped
from .vocabulary import QC

__all__ = ["loop_of", "mappings"]


def loop_of(
    document: Document, activity: etree._Element, owner: str, extra: Mapping[str, str]
) -> Loop | None:
    """The loop characteristics of an activity, if it has any."""
    for element in children(activity, "multiInstanceLoopCharacteristics", "standardLoopCharacteristics"):
        if pure(element).startswith("multi"):
            return _multiple(document, activity, element, {**extra, **document.attributes(element)})
        return _standard(document, element, owner)
    return None


def _standard(document: Document, element: etree._Element, owner: str) -> Loop:
    condition = document.expression(child(element, "loopCondition"), owner)
    maximum = number(element.get("loopMaximum"), -1)
    if condition is None and maximum < 0:
        document.problem(
            owner,
            "missing-condition",
            "循环活动既没有循环条件，也没有最大次数。",
            "A loop activity has neither a condition nor a maximum.",
        )
    return Loop(
        multiple=False,
        sequential=True,
        condition=condition,
        test_before=truth(element.get("testBefore")),
        maximum=None if maximum < 0 else maximum,
    )


def _multiple(
    document: Document, activity: etree._Element, element: etree._Element, extra: Mapping[str, str]
) -> Loop:
    owner = activity.get("id") or ""
    before = len(document.problems)
    reference = document.text(child(element, "loopDataInputRef"))
    cardinality = document.expression(child(element, "loopCardinality"), owner)
    collection = document.feel(extra.get("collection"), owner)
    if cardinality is None and collection is None and not reference and len(document.problems) == before:
        document.problem(
            owner,
            "no-collection",
            "多实例活动既没有集合，也没有次数。",
            "A multi-instance activity has neither a collection nor a cardinality.",
        )
    output = document.text(child(element, "loopDataOutputRef"))
    targets = (*_joined(document, activity, output, "Output"), *_names(document, output))
    behaviour = element.get("behavior") or "All"
    return Loop(
        multiple=True,
        sequential=truth(element.get("isSequential")),
        cardinality=cardinality,
        collection=collection,
        collection_names=(*_names(document, reference), *_joined(document, activity, reference, "Input")),
        item=extra.get("item") or _item(document, element, "inputDataItem"),
        output=extra.get("outputCollection") or next(iter(targets), ""),
        output_names=() if "outputCollection" in extra else targets,
        output_item=_item(document, element, "outputDataItem"),
        output_expr=document.feel(extra.get("outputItem"), owner),
        completion=document.expression(child(element, "completionCondition"), owner),
        behaviour=behaviour,
        thrown=_thrown(document, element, behaviour, owner),
        complex=_complex(document, element, owner) if behaviour == "Complex" else (),
    )


def _names(document: Document, reference: str) -> tuple[str, ...]:
    """The variables a loop data reference may mean, the first that exists is taken."""
    if not reference:
        return ()
    plain = document.ref(reference)
    return tuple(dict.fromkeys((document.variable(reference), plain)))


def _joined(document: Document, activity: etree._Element, reference: str, side: str) -> tuple[str, ...]:
    """Variables that data associations join with an input or output of the activity itself."""
    near, far = ("targetRef", "sourceRef") if side == "Input" else ("sourceRef", "targetRef")
    wanted = document.ref(reference)
    return tuple(
        document.variable(document.text(child(each, far)))
        for each in children(activity, f"data{side}Association")
        if wanted and document.ref(document.text(child(each, near))) == wanted
    )


def _item(document: Document, element: etree._Element, name: str) -> str:
    found = child(element, name)
    return "" if found is None else document.variable_of(found)


def _thrown(document: Document, element: etree._Element, behaviour: str, owner: str) -> EventDef | None:
    attribute = {"None": "noneBehaviorEventRef", "One": "oneBehaviorEventRef"}.get(behaviour)
    return None if attribute is None else _referred(document, element.get(attribute), owner)


def _referred(document: Document, reference: str | None, owner: str) -> EventDef | None:
    target = document.refer(reference)
    if target is None:
        return None
    box = etree.Element("event")
    holder = etree.SubElement(box, target.tag.replace(pure(target), "eventDefinitionRef"))
    holder.text = target.get("id")
    found = event_definitions(document, box, owner)
    return found[0] if found else None


def _complex(
    document: Document, element: etree._Element, owner: str
) -> tuple[tuple[Expr, EventDef | None], ...]:
    found = []
    for each in children(element, "complexBehaviorDefinition"):
        condition = document.expression(child(each, "condition"), owner)
        event = child(each, "event")
        thrown = event_definitions(document, event, owner) if event is not None else ()
        if condition is not None:
            found.append((condition, thrown[0] if thrown else None))
    return tuple(found)


def mappings(
    document: Document, element: etree._Element, owner: str
) -> tuple[tuple[Mapped, ...], tuple[Mapped, ...]]:
    """Inputs and outputs: ``qc:input``/``qc:output`` and data associations that change something."""
    inputs = [*_mapped(document, element, "input", owner)]
    outputs = [*_mapped(document, element, "output", owner)]
    for each in children(element, "dataInputAssociation"):
        inputs.extend(_associated(document, each, owner))
    for each in children(element, "dataOutputAssociation"):
        outputs.extend(_associated(document, each, owner))
    return tuple(inputs), tuple(outputs)


def _mapped(document: Document, element: etree._Element, name: str, owner: str) -> list[Mapped]:
    found = []
    for each in document.qc(element, name):
        source = document.feel(each.get("source"), owner)
        target = each.get("target") or ""
        if source is not None and target:
            found.append(Mapped(source, target))
        elif not target:
            document.problem(
                owner, "bad-mapping", "数据映射没有目标变量。", "A mapping has no target variable."
            )
    return found


def _associated(document: Document, element: etree._Element, owner: str) -> list[Mapped]:
    """A data association; one that only copies a variable to itself maps nothing."""
    target = document.variable(document.text(child(element, "targetRef")))
    source = document.variable(document.text(child(element, "sourceRef")))
    found = []
    transformation = document.expression(child(element, "transformation"), owner)
    if transformation is not None and target:
        found.append(Mapped(transformation, target))
    for each in children(element, "assignment"):
        value = document.expression(child(each, "from"), owner)
        to = document.text(child(each, "to"))
        if value is not None:
            found.append(Mapped(value, to if is_word(to) else target))
    if not found and source and target and source != target and _declared(document, element):
        value = document.feel(source, owner) if is_word(source) else None
        if value is not None:
            found.append(Mapped(value, target))
    return found


def _declared(document: Document, element: etree._Element) -> bool:
    """Whether an association joins named things; many modellers leave anonymous placeholders."""
    ends = (child(element, "sourceRef"), child(element, "targetRef"))
    targets = [document.refer(document.text(end)) for end in ends]
    return all(t is not None and (t.get("name") or t.get(f"{{{QC}}}variable")) for t in targets)
