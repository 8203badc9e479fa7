"""消息链: every update and cancel refers to messages that exist and still stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quancheng.core.text import Text

from .model import Alert, MsgType, Reference

__all__ = ["ChainFault", "ChainProblem", "active", "check_chain"]

_STANDING = frozenset({MsgType.ALERT, MsgType.UPDATE})
_REPLACING = frozenset({MsgType.UPDATE, MsgType.CANCEL})


class ChainFault(StrEnum):
    """链错误."""

    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    MISMATCH = "mismatch"
    NOT_BEFORE = "not-before"
    CANCELLED = "cancelled"
    NOT_AN_ALERT = "not-an-alert"
    FORK = "fork"


_TEXTS = {
    ChainFault.DUPLICATE: Text("标识重复", "this sender has used the identifier before"),
    ChainFault.ORPHAN: Text("引用的消息不存在或没有引用", "refers to no message that exists"),
    ChainFault.MISMATCH: Text("引用的时间与原消息不符", "the time is not the message's own"),
    ChainFault.NOT_BEFORE: Text("引用了同时或之后的消息", "refers to a message not sent before"),
    ChainFault.CANCELLED: Text("引用的消息已解除", "refers to a message already cancelled"),
    ChainFault.NOT_AN_ALERT: Text("只能更新或解除预警", "only alerts and updates can be replaced"),
    ChainFault.FORK: Text("原消息已被更新，须引用最新一条", "replaced already: name the latest"),
}


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """One broken link: the message, its reference if that is at fault, and why."""

    alert: Alert
    fault: ChainFault
    reference: Reference | None = None

    @property
    def text(self) -> Text:
        """What is wrong, in both languages."""
        return _TEXTS[self.fault]


def _key(item: Alert | Reference) -> tuple[str, str]:
    return item.sender, item.identifier


def check_chain(alerts: Iterable[Alert]) -> tuple[ChainProblem, ...]:
    """Return every broken link among messages, read in the order they were sent.

    An update may list its whole history; a fork is an update or cancel that names only messages
    which another update has already replaced.
    """
    found: list[ChainProblem] = []
    seen: dict[tuple[str, str], Alert] = {}
    cancelled: set[tuple[str, str]] = set()
    replaced: set[tuple[str, str]] = set()
    ordered = sorted(alerts, key=lambda alert: alert.sent)
    every = {_key(alert): alert for alert in reversed(ordered)}
    for alert in ordered:
        if _key(alert) in seen:
            found.append(ChainProblem(alert, ChainFault.DUPLICATE))
            continue
        faults = [(r, _fault(alert, r, every, seen, cancelled)) for r in alert.references]
        found.extend(ChainProblem(alert, fault, r) for r, fault in faults if fault is not None)
        if alert.msg_type in _REPLACING:
            good = {_key(r) for r, fault in faults if fault is None}
            if not alert.references:
                found.append(ChainProblem(alert, ChainFault.ORPHAN))
            elif good and good <= replaced:
                found.append(ChainProblem(alert, ChainFault.FORK))
            replaced |= good
            if alert.msg_type is MsgType.CANCEL:
                cancelled |= good
        seen[_key(alert)] = alert
    return tuple(found)


def _fault(
    alert: Alert,
    reference: Reference,
    every: dict[tuple[str, str], Alert],
    seen: dict[tuple[str, str], Alert],
    cancelled: set[tuple[str, str]],
) -> ChainFault | None:
    target = every.get(_key(reference))
    if target is None:
        return ChainFault.ORPHAN
    if target.sent != reference.sent:
        return ChainFault.MISMATCH
    if _key(reference) not in seen or target.sent >= alert.sent:
        return ChainFault.NOT_BEFORE
    if alert.msg_type not in _REPLACING:
        return None
    if _key(reference) in cancelled:
        return ChainFault.CANCELLED
    return None if target.msg_type in _STANDING else ChainFault.NOT_AN_ALERT


def active(alerts: Iterable[Alert], at: datetime) -> tuple[Alert, ...]:
    """The alerts and updates in force at a time: sent, not replaced, cancelled or expired."""
    known = sorted((a for a in alerts if a.sent <= at), key=lambda alert: alert.sent)
    gone = {_key(r) for a in known if a.msg_type in _REPLACING for r in a.references}
    return tuple(
        alert
        for alert in known
        if alert.msg_type in _STANDING and _key(alert) not in gone and not _expired(alert, at)
    )


def _expired(alert: Alert, at: datetime) -> bool:
    ends = [info.expires for info in alert.infos]
    return bool(ends) and all(end is not None and end <= at for end in ends)
