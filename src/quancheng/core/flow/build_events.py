"""Event definitions out of the document: message, timer, signal, error … of one event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from .document import Document, child, children, pure, truth
from .expressions import Expr
from .model import EventDef
from .timers import instant, parse_cycle, parse_duration
from .vocabulary import QC, Trigger

__all__ = ["event_definitions", "message_definition"]

_SUFFIX: Final = "EventDefinition"
_LIKE: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NAMES: Final = {
    "message": Trigger.MESSAGE,
    "timer": Trigger.TIMER,
    "signal": Trigger.SIGNAL,
    "conditional": Trigger.CONDITIONAL,
    "error": Trigger.ERROR,
    "escalation": Trigger.ESCALATION,
    "compensate": Trigger.COMPENSATION,
    "cancel": Trigger.CANCEL,
    "terminate": Trigger.TERMINATE,
    "link": Trigger.LINK,
}


def event_definitions(document: Document, event: etree._Element, owner: str) -> tuple[EventDef, ...]:
    """All definitions of an event, those given by reference included, in document order."""
    found = []
    for element in _definitions(document, event):
        trigger = _NAMES.get(pure(element).removesuffix(_SUFFIX))
        if trigger is None:
            document.problem(
                owner,
                "unknown-element",
                f"不支持的事件类型“{pure(element)}”。",
                f"The event definition “{pure(element)}” is not supported.",
            )
            continue
        found.append(_MAKERS[trigger](document, element, event, owner))
    return tuple(found)


def _definitions(document: Document, event: etree._Element) -> Iterator[etree._Element]:
    for each in children(event):
        local = pure(each)
        if local == "eventDefinitionRef":
            target = document.refer(each.text)
            if target is not None:
                yield target
        elif local.endswith(_SUFFIX):
            yield each


def _message(document: Document, element: etree._Element, event: etree._Element, owner: str) -> EventDef:
    return message_definition(document, element, event, owner)


def message_definition(
    document: Document, element: etree._Element, event: etree._Element, owner: str
) -> EventDef:
    """A message as a throw or a catch sees it: name, key, payload."""
    target = document.refer(element.get("messageRef"))
    ref, names = document.called(target, document.ref(element.get("messageRef")))
    key = event.get(f"{{{QC}}}key") or element.get(f"{{{QC}}}key")
    if key is None and target is not None:
        key = target.get(f"{{{QC}}}key")
    return EventDef(
        Trigger.MESSAGE,
        ref,
        names,
        key=document.feel(key, owner),
        properties=_properties(document, target, owner),
        payload=document.feel(event.get(f"{{{QC}}}payload"), owner),
    )


def _properties(
    document: Document, message: etree._Element | None, owner: str
) -> tuple[tuple[Expr, Expr], ...]:
    """Pairs (path into the message, path into the process) of correlation subscriptions."""
    if message is None:
        return ()
    pairs = []
    for subscription in document.root.iter("{*}correlationSubscription"):
        for binding in children(subscription, "correlationPropertyBinding"):
            wanted = document.expression(child(binding, "dataPath"), owner)
            given = _retrieval(document, binding, message, owner)
            if wanted is not None and given is not None:
                pairs.append((given, wanted))
    return tuple(pairs)


def _retrieval(
    document: Document, binding: etree._Element, message: etree._Element, owner: str
) -> Expr | None:
    prop = document.refer(binding.get("correlationPropertyRef"))
    if prop is None:
        return None
    for each in children(prop, "correlationPropertyRetrievalExpression"):
        if document.refer(each.get("messageRef")) is message:
            return document.expression(child(each, "messagePath"), owner)
    return None


def _named(trigger: Trigger, attribute: str) -> Callable[..., EventDef]:
    def make(document: Document, element: etree._Element, event: etree._Element, owner: str) -> EventDef:
        given = element.get(attribute)
        ref, names = document.called(document.refer(given), document.ref(given))
        payload = document.feel(event.get(f"{{{QC}}}payload"), owner)
        return EventDef(trigger, ref, names, payload=payload)

    return make


def _conditional(document: Document, element: etree._Element, _: etree._Element, owner: str) -> EventDef:
    before = len(document.problems)
    condition = document.expression(child(element, "condition"), owner)
    if condition is None and len(document.problems) == before:
        document.problem(
            owner, "missing-condition", "条件事件没有条件。", "A conditional event has no condition."
        )
    return EventDef(Trigger.CONDITIONAL, condition=condition)


def _compensation(document: Document, element: etree._Element, _: etree._Element, owner: str) -> EventDef:
    activity = document.ref(element.get("activityRef"))
    if activity and activity not in document.by_id:
        document.problem(
            owner,
            "bad-reference",
            f"补偿所指的活动“{activity}”不存在。",
            f"The activity “{activity}” to be compensated does not exist.",
        )
    return EventDef(
        Trigger.COMPENSATION, activity, wait=truth(element.get("waitForCompletion"), default=True)
    )


def _link(_: Document, element: etree._Element, event: etree._Element, owner: str) -> EventDef:
    return EventDef(Trigger.LINK, element.get("name") or event.get("name") or "")


def _bare(trigger: Trigger) -> Callable[..., EventDef]:
    def make(*_: object) -> EventDef:
        return EventDef(trigger)

    return make


def _timer(document: Document, element: etree._Element, event: etree._Element, owner: str) -> EventDef:
    days = event.get(f"{{{QC}}}workingDays") or element.get(f"{{{QC}}}workingDays") or ""
    kinds = list(children(element, "timeDate", "timeDuration", "timeCycle"))
    text = document.text(kinds[0]) if kinds else ""
    if not text:
        if not days:
            document.problem(
                owner,
                "no-timer",
                "定时事件没有日期、时长或周期。",
                "A timer event has no date, duration or cycle.",
            )
        return EventDef(Trigger.TIMER, working_days=days)
    kind = pure(kinds[0])
    if _is_literal(kind, text):
        return EventDef(Trigger.TIMER, timer=text, timer_kind=kind, working_days=days)
    expression = document.expression(kinds[0], owner)
    return EventDef(Trigger.TIMER, timer_kind=kind, timer_expr=expression, working_days=days)


def _is_literal(kind: str, text: str) -> bool:
    try:
        if kind == "timeDate":
            instant(text, _LIKE)
        elif kind == "timeDuration":
            parse_duration(text)
        else:
            parse_cycle(text, _LIKE)
    except ValueError:
        return False
    return True


_MAKERS: Final[dict[Trigger, Callable[..., EventDef]]] = {
    Trigger.MESSAGE: _message,
    Trigger.TIMER: _timer,
    Trigger.SIGNAL: _named(Trigger.SIGNAL, "signalRef"),
    Trigger.ERROR: _named(Trigger.ERROR, "errorRef"),
    Trigger.ESCALATION: _named(Trigger.ESCALATION, "escalationRef"),
    Trigger.CONDITIONAL: _conditional,
    Trigger.COMPENSATION: _compensation,
    Trigger.LINK: _link,
    Trigger.CANCEL: _bare(Trigger.CANCEL),
    Trigger.TERMINATE: _bare(Trigger.TERMINATE),
}
