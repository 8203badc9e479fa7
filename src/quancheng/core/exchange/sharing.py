"""共享申请: the life of a request for data under the legal clock (《政务数据共享条例》, 国令第809号).

drafted → submitted → (returned for correction →) accepted → answered yes or no → delivered → in
use ⇄ suspended → expired or withdrawn; a no can be objected to and brought before the authority.
Everything is a pure step: state, event, parameters → state and effects. Day counts and extensions
are parameters (``Terms``), counted in working days (``core.calendar``); a stage without a day
count is refused, never unlimited by accident. A no needs a reason and a legal basis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from quancheng.core.calendar import LegalClock
from quancheng.core.text import Text

__all__ = [
    "Clock",
    "Deed",
    "Effect",
    "EffectKind",
    "Entry",
    "Event",
    "Role",
    "ShareType",
    "SharingRequest",
    "Stage",
    "Stepped",
    "Terms",
    "draft",
]


class Role(StrEnum):
    """Who acts (办理方)."""

    CONSUMER = "consumer"
    PROVIDER = "provider"
    AUTHORITY = "authority"
    SYSTEM = "system"

    @property
    def text(self) -> Text:
        """Label (名称)."""
        return _ROLES[self]


_ROLES = {
    Role.CONSUMER: Text("数据需求部门", "consumer"),
    Role.PROVIDER: Text("数据提供部门", "provider"),
    Role.AUTHORITY: Text("政务数据共享主管部门", "sharing authority"),
    Role.SYSTEM: Text("系统", "system"),
}


class ShareType(StrEnum):
    """Share type of the resource (共享属性)."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NOT_SHARED = "not_shared"


class Stage(StrEnum):
    """Where a request stands (办理环节)."""

    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    AGREED = "agreed"
    DECLINED = "declined"
    OBJECTED = "objected"
    ARBITRATED = "arbitrated"
    DELIVERED = "delivered"
    IN_USE = "in_use"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"

    @property
    def text(self) -> Text:
        """Label (名称)."""
        return _STAGES[self]

    @property
    def final(self) -> bool:
        """Whether nothing can follow (是否终结)."""
        return self in (Stage.EXPIRED, Stage.WITHDRAWN)


_STAGES = {
    Stage.DRAFTED: Text("草稿", "drafted"),
    Stage.SUBMITTED: Text("已提交，待受理", "submitted"),
    Stage.RETURNED: Text("退回补正", "returned for correction"),
    Stage.ACCEPTED: Text("已受理，待答复", "accepted, to be answered"),
    Stage.AGREED: Text("同意共享，待提供", "agreed, to be delivered"),
    Stage.DECLINED: Text("不同意共享", "declined"),
    Stage.OBJECTED: Text("已提出异议，待提供部门复核", "objected, to be reviewed"),
    Stage.ARBITRATED: Text("争议处理中", "before the authority"),
    Stage.DELIVERED: Text("已提供，待确认", "delivered, to be confirmed"),
    Stage.IN_USE: Text("使用中", "in use"),
    Stage.SUSPENDED: Text("已暂停", "suspended"),
    Stage.EXPIRED: Text("已到期", "expired"),
    Stage.WITHDRAWN: Text("已撤回", "withdrawn"),
}


class Clock(StrEnum):
    """Time limits (期限)."""

    ACCEPT = "accept"
    CORRECT = "correct"
    ANSWER = "answer"
    DELIVER = "deliver"
    CONFIRM = "confirm"
    OBJECT = "object"
    REVIEW = "review"
    ARBITRATE = "arbitrate"


class Deed(StrEnum):
    """What can happen to a request (办理操作)."""

    SUBMIT = "submit"
    RETURN = "return"
    ACCEPT = "accept"
    EXTEND = "extend"
    ASK = "ask"
    SUPPLY = "supply"
    AGREE = "agree"
    DECLINE = "decline"
    OBJECT = "object"
    ESCALATE = "escalate"
    UPHOLD = "uphold"
    OVERRULE = "overrule"
    DELIVER = "deliver"
    CONFIRM = "confirm"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    TICK = "tick"


@dataclass(frozen=True, slots=True)
class Event:
    """A deed on a day by a role (事件); ``basis`` for a no, ``days`` for an extension."""

    deed: Deed
    by: Role
    on: date
    reason: str = ""
    basis: str = ""
    days: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """Legal day counts of each limit and how often and far it may be extended (法定天数).

    ``days`` in working days; ``extension`` gives (most days of one extension, how many).
    """

    days: Mapping[Clock, int]
    extension: Mapping[Clock, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A step that was made (办理记录)."""

    event: Event
    before: Stage
    after: Stage


@dataclass(frozen=True, slots=True)
class SharingRequest:
    """State of one request (共享申请). ``clock`` runs in stages that have a limit."""

    id: str
    share_type: ShareType
    drafted: date
    stage: Stage = Stage.DRAFTED
    limit: Clock | None = None
    clock: LegalClock | None = None
    warned: bool = False
    ends: date | None = None
    history: tuple[Entry, ...] = ()

    @property
    def waiting(self) -> bool:
        """Whether the provider waits for what it asked of the consumer (等待补充说明)."""
        return self.clock is not None and self.clock.suspended

    @property
    def last(self) -> date:
        """Day of the last step (最近办理日)."""
        return self.history[-1].event.on if self.history else self.drafted


class EffectKind(StrEnum):
    """What the shell must do (效果)."""

    CLOCK_STARTED = "clock_started"
    CLOCK_STOPPED = "clock_stopped"
    OVERDUE = "overdue"
    NOTIFY = "notify"
    GRANT = "grant"
    SUSPEND_GRANT = "suspend_grant"
    RESUME_GRANT = "resume_grant"
    END_GRANT = "end_grant"


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect (效果): whom it concerns, by which day, and what to tell."""

    kind: EffectKind
    to: Role | None = None
    clock: Clock | None = None
    due: date | None = None
    text: Text | None = None


@dataclass(frozen=True, slots=True)
class Stepped:
    """New state and effects (结果)."""

    request: SharingRequest
    effects: tuple[Effect, ...]


def draft(id: str, share_type: ShareType, on: date, ends: date | None = None) -> SharingRequest:
    """A new draft (起草); ``ends`` is the last day of the use asked for."""
    return SharingRequest(id, share_type, on, ends=ends)
