"""证照生命周期: what may be done with a licence in which state, and what each state means. Pure.

A licence keeps one of four decisions (:class:`Kept`); the days it stands on (valid from, valid to, checked
until) and today's date make one of eight states (:class:`State`) of it. Nothing has to be rewritten when a
day passes: an overdue licence is overdue on every page at midnight.

Sources: 电子证照 life cycle of GB/T 36901—2018 (设立、变更、注销、废止), periodic checks after 居住证暂行条例 art. 10
(签注) and 道路货物运输及站场管理规定 (年度审验).
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from quancheng.core.text import Text

__all__ = [
    "Days",
    "Deed",
    "DeedRefused",
    "Kept",
    "Meaning",
    "State",
    "after",
    "meaning",
    "months_on",
    "state_of",
    "status_index",
    "years_on",
]  # fmt: skip


class Kept(StrEnum):
    """What is decided about a licence and kept in its row."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REPLACED = "replaced"


class State(StrEnum):
    """状态: what a licence is today."""

    VALID = "valid"
    CHECK_DUE = "check_due"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REVOKED = "revoked"
    FUTURE = "future"


class Deed(StrEnum):
    """变动: what is done with a licence."""

    ISSUE = "issue"
    CHANGE = "change"
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"
    PASS = "check_pass"  # noqa: S105 - a check, no password
    FAIL = "check_fail"

    @property
    def text(self) -> Text:
        """签发, 变更 …"""
        return _DEEDS[self]


_DEEDS = {
    Deed.ISSUE: Text("签发", "Issued"),
    Deed.CHANGE: Text("变更换发", "Changed, new version issued"),
    Deed.SUSPEND: Text("暂停", "Suspended"),
    Deed.RESUME: Text("恢复", "Resumed"),
    Deed.REVOKE: Text("撤销", "Revoked"),
    Deed.PASS: Text("审验合格", "Check passed"),
    Deed.FAIL: Text("审验不合格", "Check failed"),
}


class DeedRefused(Exception):
    """The deed does not fit the state; ``text`` says why in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.zh)
        self.text = text


@dataclass(frozen=True, slots=True)
class Days:
    """The days a licence stands on; all inclusive."""

    valid_from: date
    valid_to: date | None = None
    """The last valid day; None means without end."""
    check_until: date | None = None
    """The last day before which the next check has to be passed; None means that there are no checks."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a state means for showing and for verifying."""

    text: Text
    """On the face of the licence."""
    verdict: Text
    """What a verifier is told."""
    good: bool
    """May be relied on; only a good licence can be shown in part or printed with a seal."""
    kind: str
    """Tone: ok, warn or bad."""


_MEANINGS = {
    State.VALID: Meaning(
        Text("有效", "Valid"), Text("证照真实有效。", "The licence is genuine and valid."), True, "ok"
    ),
    State.CHECK_DUE: Meaning(
        Text("待审验", "Check due"),
        Text("证照真实有效，近期应办理审验。", "The licence is genuine and valid; its periodic check is due soon."),
        True, "warn",
    ),
    State.OVERDUE: Meaning(
        Text("逾期未审验", "Check overdue"),
        Text("证照真实，但逾期未审验，审验前不得使用。",
             "The licence is genuine but its periodic check is overdue; it may not be used before that."),
        False, "bad",
    ),
    State.SUSPENDED: Meaning(
        Text("已暂停", "Suspended"),
        Text("证照真实，但已被暂停使用。", "The licence is genuine but its use is suspended."), False, "bad",
    ),
    State.EXPIRED: Meaning(
        Text("已过期", "Expired"), Text("证照真实，但已过有效期。", "The licence is genuine but has expired."), False, "bad"
    ),
    State.REPLACED: Meaning(
        Text("已换发", "Replaced"),
        Text("证照已变更换发，请出示新证。", "The licence was changed and replaced; ask for the new one."), False, "bad",
    ),
    State.REVOKED: Meaning(
        Text("已撤销", "Revoked"),
        Text("证照已撤销，不再有效。", "The licence was revoked and is no longer valid."), False, "bad",
    ),
    State.FUTURE: Meaning(
        Text("未到启用日", "Not yet valid"),
        Text("证照真实，但尚未到启用日。", "The licence is genuine but not valid yet."), False, "bad",
    ),
}  # fmt: skip


def meaning(state: State) -> Meaning:
    """What a state means."""
    return _MEANINGS[state]


def state_of(kept: Kept, days: Days, today: date, notice: int = 0) -> State:
    """The state today; ``notice`` days before ``check_until`` the check counts as due.

    A decision goes before a date, an end before a check: a revoked licence that also expired is revoked.
    """
    if kept is not Kept.VALID:
        return State(kept.value)
    if today < days.valid_from:
        return State.FUTURE
    if days.valid_to is not None and days.valid_to < today:
        return State.EXPIRED
    if days.check_until is None:
        return State.VALID
    if days.check_until < today:
        return State.OVERDUE
    return State.CHECK_DUE if days.check_until <= today + timedelta(days=notice) else State.VALID


_AFTER = {
    (Kept.VALID, Deed.CHANGE): Kept.REPLACED,
    (Kept.VALID, Deed.SUSPEND): Kept.SUSPENDED,
    (Kept.VALID, Deed.REVOKE): Kept.REVOKED,
    (Kept.VALID, Deed.PASS): Kept.VALID,
    (Kept.VALID, Deed.FAIL): Kept.SUSPENDED,
    (Kept.SUSPENDED, Deed.RESUME): Kept.VALID,
    (Kept.SUSPENDED, Deed.REVOKE): Kept.REVOKED,
}
"""Nothing leads back from revoked and replaced; a suspended licence is resumed before it is changed."""

_WHY_NOT = {
    Kept.REVOKED: Text("该证照已经撤销。", "The licence was revoked already."),
    Kept.REPLACED: Text(
        "该证照已经换发，请办理新证。", "The licence was replaced already; deal with the new one."
    ),
    Kept.SUSPENDED: Text("该证照已暂停，请先恢复。", "The licence is suspended; resume it first."),
    Kept.VALID: Text("该证照没有暂停，不用恢复。", "The licence is not suspended."),
}


def after(kept: Kept, deed: Deed) -> Kept:
    """What is kept after a deed. Raises DeedRefused."""
    found = _AFTER.get((kept, deed))
    if found is None:
        raise DeedRefused(_WHY_NOT[kept])
    return found


def months_on(day: date, months: int) -> date:
    """The same day some months later, or that month's last day."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def years_on(day: date, years: int) -> date:
    """The last valid day of something valid for some years from ``day`` on."""
    return months_on(day, years * 12) - timedelta(days=1)


LIST_BITS = 20
"""A status list holds 2^20 entries."""
_HALF = LIST_BITS // 2
_MASK = (1 << _HALF) - 1


def status_index(secret: str, serial: int) -> int:
    """状态序号: the place of a licence in the status lists, from its serial number (from 0).

    List ``index >> 20``, entry ``index & 0xFFFFF``. Within a list the entries are given in an order only the
    platform's secret knows (a Feistel permutation of four rounds), so that neighbours in a list say nothing
    about neighbours in time. Every serial has an index of its own.
    """
    number, place = divmod(serial, 1 << LIST_BITS)
    left, right = place >> _HALF, place & _MASK
    for turn in range(4):
        text = f"status:{number}:{turn}:{right}".encode()
        mixed = int.from_bytes(hmac.new(secret.encode(), text, hashlib.sha256).digest()[:4], "big") & _MASK
        left, right = right, left ^ mixed
    return number << LIST_BITS | left << _HALF | right
