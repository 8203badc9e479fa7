"""问题整改: the life of a finding, from the day it was found to the day it is repaired, as a pure state machine.

    发现 → 派单 → 整改中 → 待复核 → 复核通过
                    ↑         ↓
                    └─ 复核未通过
    派单后可提出异议（成立即撤销，不成立则继续整改），或经批准按现状接受。

State and event in; state and effects out. Times come with the events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from quancheng.core.quality.errors import LifeCycleError
from quancheng.core.text import Text

__all__ = [
    "Accept",
    "Begin",
    "Dispute",
    "Effect",
    "EffectKind",
    "Issue",
    "IssueState",
    "Judge",
    "Order",
    "Recheck",
    "Repaired",
    "Step",
    "Withdraw",
    "advance",
]


class IssueState(StrEnum):
    """Where an issue is (问题状态)."""

    FOUND = "found"
    ORDERED = "ordered"
    REPAIRING = "repairing"
    CHECKING = "checking"
    PASSED = "passed"
    FAILED_AGAIN = "failed_again"
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"
    ACCEPTED = "accepted"

    @property
    def text(self) -> Text:
        """Label (状态名称)."""
        return _STATES[self]

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something (是否未办结)."""
        return self not in {IssueState.PASSED, IssueState.WITHDRAWN, IssueState.ACCEPTED}


_STATES = {
    IssueState.FOUND: Text("已发现", "found"),
    IssueState.ORDERED: Text("已派单", "work order sent"),
    IssueState.REPAIRING: Text("整改中", "being repaired"),
    IssueState.CHECKING: Text("待复核", "waiting for the re-check"),
    IssueState.PASSED: Text("复核通过", "re-check passed"),
    IssueState.FAILED_AGAIN: Text("复核未通过", "re-check failed"),
    IssueState.DISPUTED: Text("有异议", "disputed"),
    IssueState.WITHDRAWN: Text("已撤销", "withdrawn"),
    IssueState.ACCEPTED: Text("按现状接受", "accepted as it is"),
}


class EffectKind(StrEnum):
    """What the world is to do (效果)."""

    SEND_ORDER = "send_order"
    RECHECK = "recheck"
    ASK_JUDGEMENT = "ask_judgement"
    TELL_ORGAN = "tell_organ"
    CLOSE_ORDER = "close_order"


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing to do, and for whom (效果)."""

    kind: EffectKind
    text: Text


@dataclass(frozen=True, slots=True)
class Issue:
    """A broken rule under repair (质量问题). ``rows``: failing rows when found, ``left``: at the last check."""

    rule: str
    found_at: datetime
    rows: int
    left: int
    state: IssueState = IssueState.FOUND
    organ: str = ""
    order: str = ""
    due: datetime | None = None
    checks: int = 0
    recurrences: int = 0
    closed_at: datetime | None = None
    reason: str = ""
    accepted_until: datetime | None = None

    @classmethod
    def found(cls, rule: str, at: datetime, rows: int) -> Issue:
        """A rule was found broken by so many rows (发现问题); for a rule of the whole table, 1."""
        if rows < 1:
            raise LifeCycleError(
                Text("没有不合格的行，不成为问题。", "Without a failing row there is no issue.")
            )
        return cls(rule, at, rows, rows)

    def overdue(self, at: datetime) -> bool:
        """Whether it should have been repaired by now (是否逾期)."""
        end = self.closed_at or at
        return self.due is not None and end > self.due and self.state is not IssueState.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Order:
    """A work order to the organ that the data comes from (派单)."""

    at: datetime
    order: str
    organ: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Begin:
    """The organ has taken it up (开始整改)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Repaired:
    """The organ says it is repaired (报告整改完成)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Recheck:
    """The rule was run again and so many rows fail; ``passed`` by the rule's share (复核)."""

    at: datetime
    left: int
    passed: bool


@dataclass(frozen=True, slots=True)
class Dispute:
    """The organ says that the data is right (提出异议)."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Judge:
    """The bureau decides on the dispute (异议裁定)."""

    at: datetime
    upheld: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Accept:
    """The bureau accepts the data as it is (按现状接受), for a reason that stays on record.

    ``until``: when the acceptance ends; for good without it. It covers the rows that fail now, no more.
    """

    at: datetime
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """What was asked is asked no more (撤销): the rule was retired or the table is gone."""

    at: datetime
    reason: str


Event = Order | Begin | Repaired | Recheck | Dispute | Judge | Accept | Withdraw


@dataclass(frozen=True, slots=True)
class Step:
    """What came of an event (结果)."""

    issue: Issue
    effects: tuple[Effect, ...] = ()


def advance(issue: Issue, event: Event) -> Step:
    """Take an event (推进).

    Raises ``LifeCycleError`` where the event cannot follow, or is without a reason it needs.
    """
    allowed, move = _MOVES[type(event)]
    if issue.state not in allowed:
        wanted = "、".join(state.text.zh for state in sorted(allowed))
        raise LifeCycleError(
            Text(
                f"当前为“{issue.state.text.zh}”，该操作只能用于：{wanted}。",
                f"It is “{issue.state.text.en}”; this is possible only from: "
                f"{', '.join(state.text.en for state in sorted(allowed))}.",
            )
        )
    if isinstance(event, Dispute | Judge | Accept | Withdraw) and not event.reason.strip():
        raise LifeCycleError(Text("请写明理由。", "Please say why."))
    return move(issue, event)


def _order(issue: Issue, event: Event) -> Step:
    assert isinstance(event, Order)
    if event.due <= event.at or not event.organ or not event.order:
        raise LifeCycleError(
            Text(
                "工单须有编号、单位和晚于派单时间的期限。",
                "An order has a number, an organ and a time still ahead.",
            )
        )
    text = Text("请整改，期限见工单。", "Please repair by the time on the order.")
    changed = replace(
        issue, state=IssueState.ORDERED, order=event.order, organ=event.organ, due=event.due, closed_at=None
    )
    return Step(changed, (Effect(EffectKind.SEND_ORDER, text),))


def _begin(issue: Issue, _event: Event) -> Step:
    return Step(replace(issue, state=IssueState.REPAIRING))


def _repaired(issue: Issue, _event: Event) -> Step:
    text = Text("请重新检查该规则。", "Please run the rule again.")
    return Step(replace(issue, state=IssueState.CHECKING), (Effect(EffectKind.RECHECK, text),))


def _recheck(issue: Issue, event: Event) -> Step:
    assert isinstance(event, Recheck)
    if event.left < 0:
        raise LifeCycleError(Text("行数不能为负。", "There are no negative rows."))
    checked = replace(issue, left=event.left, checks=issue.checks + 1)
    if event.passed:
        if issue.state is IssueState.PASSED:
            return Step(checked)
        text = Text("复核通过，工单关闭。", "The re-check passed; the order is closed.")
        told = (Effect(EffectKind.CLOSE_ORDER, text),) if issue.order else ()
        passed = replace(checked, state=IssueState.PASSED, closed_at=event.at, accepted_until=None)
        return Step(passed, told)
    if issue.state is not IssueState.ACCEPTED:
        checked = replace(checked, rows=max(issue.rows, event.left))
    if issue.state not in _ENDS_BADLY:
        return Step(checked)
    again = int(issue.state is IssueState.PASSED)
    failed = replace(
        checked,
        state=IssueState.FAILED_AGAIN,
        closed_at=None,
        recurrences=issue.recurrences + again,
    )
    text = Text(f"复核未通过，仍有{event.left}行。", f"The re-check failed: {event.left} rows are left.")
    return Step(failed, (Effect(EffectKind.TELL_ORGAN, text),))


def _dispute(issue: Issue, event: Event) -> Step:
    assert isinstance(event, Dispute)
    text = Text("来源单位提出异议，请裁定。", "The source organ disputes it; please decide.")
    changed = replace(issue, state=IssueState.DISPUTED, reason=event.reason)
    return Step(changed, (Effect(EffectKind.ASK_JUDGEMENT, text),))


def _judge(issue: Issue, event: Event) -> Step:
    assert isinstance(event, Judge)
    if event.upheld:
        text = Text("异议成立，问题撤销。", "The dispute is upheld; the issue is withdrawn.")
        changed = replace(issue, state=IssueState.WITHDRAWN, reason=event.reason, closed_at=event.at)
        return Step(changed, (Effect(EffectKind.CLOSE_ORDER, text),))
    text = Text("异议不成立，请继续整改。", "The dispute is not upheld; please go on repairing.")
    changed = replace(issue, state=IssueState.REPAIRING, reason=event.reason)
    return Step(changed, (Effect(EffectKind.TELL_ORGAN, text),))


def _accept(issue: Issue, event: Event) -> Step:
    assert isinstance(event, Accept)
    if event.until is not None and event.until <= event.at:
        raise LifeCycleError(
            Text("接受的期限应晚于现在。", "The acceptance has to end at a time still ahead.")
        )
    text = Text("按现状接受，工单关闭。", "Accepted as it is; the order is closed.")
    changed = replace(
        issue,
        state=IssueState.ACCEPTED,
        reason=event.reason,
        closed_at=event.at,
        accepted_until=event.until,
    )
    return Step(changed, (Effect(EffectKind.CLOSE_ORDER, text),) if issue.order else ())


def _withdraw(issue: Issue, event: Event) -> Step:
    assert isinstance(event, Withdraw)
    text = Text("问题已撤销，工单关闭。", "The issue is withdrawn; the order is closed.")
    changed = replace(issue, state=IssueState.WITHDRAWN, reason=event.reason, closed_at=event.at)
    return Step(changed, (Effect(EffectKind.CLOSE_ORDER, text),) if issue.order else ())


_S = IssueState
_AT_WORK = frozenset({_S.ORDERED, _S.REPAIRING, _S.FAILED_AGAIN})
_ENDS_BADLY = frozenset({_S.CHECKING, _S.PASSED})
"""Where rows that fail say something new: the repair did not help, or the trouble is back."""
_MOVES: dict[type, tuple[frozenset[IssueState], Callable[[Issue, Event], Step]]] = {
    Order: (frozenset({_S.FOUND, _S.FAILED_AGAIN}), _order),
    Begin: (frozenset({_S.ORDERED, _S.FAILED_AGAIN}), _begin),
    Repaired: (_AT_WORK, _repaired),
    # A routine run counts as well: what is repaired without a word is repaired, what comes back is back.
    Recheck: (_AT_WORK | {_S.FOUND, _S.CHECKING, _S.PASSED, _S.DISPUTED, _S.ACCEPTED}, _recheck),
    Dispute: (_AT_WORK, _dispute),
    Judge: (frozenset({_S.DISPUTED}), _judge),
    Accept: (_AT_WORK | {_S.FOUND, _S.DISPUTED}, _accept),
    Withdraw: (frozenset(state for state in _S if state.open), _withdraw),
}
