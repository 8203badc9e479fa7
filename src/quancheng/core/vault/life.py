"""授权生命线: request, grant, use, withdrawal as one state machine over values.

``apply`` is the only transition and judges everything; making an entry and replaying a log go through it.
What always holds:

1. No use without a live grant: granted, not withdrawn, not run out, not used up.
2. A use names the grant it rests on; recipient and purpose are the granted ones, items never more.
3. A grant is never wider than the request: items, way (once or a period), end.
4. A grant for one use ends with it.
5. Entries follow each other by number, hash and time. Of two that were prepared at once the one written
   second is STALE and must be prepared again on what is there now: a withdrawal then still goes through,
   a use does not. So nothing is used after a withdrawal that was written.
6. What ended stays ended.

Suspension concerns a recipient and not one thread; ``use`` takes the recipient's standing and refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from quancheng.core.exchange.canonical import Json, b64decode, b64encode, read_time, write_time
from quancheng.core.exchange.errors import FormatError
from quancheng.core.text import Text
from quancheng.core.vault.entry import NOTHING, Entry, Kind
from quancheng.core.vault.errors import Reason, VaultFault

__all__ = [
    "Asked", "Grant", "Item", "Mode", "Recipient", "State", "Thread", "Used", "apply", "ask", "grant", "refuse",
    "replay", "use", "withdraw",
]  # fmt: skip


class Mode(StrEnum):
    """How often a grant may be used (使用方式)."""

    ONCE = "once"
    PERIOD = "period"


class State(StrEnum):
    """Where a thread stands (状态)."""

    ASKED = "asked"
    LAPSED = "lapsed"
    REFUSED = "refused"
    LIVE = "live"
    USED_UP = "used_up"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who asks and uses (使用方), with its standing at this moment."""

    code: str
    name: Text
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An item of data by code, with its name for people (数据项)."""

    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class Asked:
    """The request (数据请求)."""

    recipient: str
    name: Text
    holder: bytes
    """Salted commitment to the person."""
    purpose: str
    basis: str
    items: tuple[Item, ...]
    mode: Mode
    """The widest way asked for: a person may answer a period with one use."""
    until: datetime
    """The latest end of a grant."""
    answer_by: datetime
    request: bytes
    """SHA-256 of the recipient's signed request."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The grant (授权): what the person allowed, at most what was asked."""

    hash: bytes
    items: frozenset[str]
    mode: Mode
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """What a use brings (一次使用)."""

    number: str
    items: tuple[str, ...]
    data: bytes
    """Commitment to the facts given."""
    request: bytes
    """SHA-256 of the recipient's signed request for this use."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A request and all that became of it (一份请求的全程)."""

    city: str
    number: str
    asked: Asked
    seq: int
    head: bytes
    at: datetime
    grant: Grant | None = None
    ended: State | None = None
    uses: int = 0

    def state(self, at: datetime) -> State:
        """Where it stands at a moment: time alone ends requests and grants."""
        if self.ended is not None:
            return self.ended
        if self.grant is None:
            return State.ASKED if at < self.asked.answer_by else State.LAPSED
        return State.LIVE if at < self.grant.until else State.EXPIRED


_NOT_LIVE = {
    State.WITHDRAWN: Reason.WITHDRAWN,
    State.USED_UP: Reason.USED_UP,
    State.EXPIRED: Reason.EXPIRED,
}


# -- making entries
def ask(city: str, number: str, asked: Asked, at: datetime) -> tuple[Thread, Entry]:
    """请求: the first entry of a thread. Raises VaultFault."""
    body: dict[str, Json] = {
        "recipient": asked.recipient,
        "name": asked.name.to_dict(),
        "holder": b64encode(asked.holder),
        "purpose": asked.purpose,
        "basis": asked.basis,
        "items": [{"code": one.code, **one.name.to_dict()} for one in asked.items],
        "mode": asked.mode.value,
        "until": write_time(asked.until),
        "answer_by": write_time(asked.answer_by),
        "request": b64encode(asked.request),
    }
    entry = Entry(city, number, 1, Kind.ASKED, at, NOTHING, body)
    return apply(None, entry), entry


def grant(
    thread: Thread, *, items: Iterable[str], mode: Mode, until: datetime, level: int, at: datetime
) -> tuple[Thread, Entry]:
    """授权: some of the items, once or until a day. ``level`` is how surely the person was known (0–3)."""
    body: dict[str, Json] = {
        "items": sorted(items),
        "mode": mode.value,
        "until": write_time(until),
        "level": level,
    }
    return _next(thread, Kind.GRANTED, at, body)


def refuse(thread: Thread, *, reason: str, at: datetime) -> tuple[Thread, Entry]:
    """拒绝, with the person's reason."""
    return _next(thread, Kind.REFUSED, at, {"reason": reason})


def withdraw(thread: Thread, *, reason: str, at: datetime) -> tuple[Thread, Entry]:
    """撤回: from this entry on nothing more is used; a reason need not be given."""
    return _next(thread, Kind.WITHDRAWN, at, {"reason": reason})


def use(
    thread: Thread, *, recipient: Recipient, purpose: str, used: Used, at: datetime
) -> tuple[Thread, Entry]:
    """使用: the use and its entry are one. Raises VaultFault (SUSPENDED, RECIPIENT, PURPOSE, ITEMS, NOT_LIVE …)."""
    if recipient.suspended:
        raise VaultFault(Reason.SUSPENDED, recipient.code)
    if thread.grant is None:
        raise VaultFault(Reason.NOT_LIVE, thread.state(at))
    names = {one.code: one.name for one in thread.asked.items}
    if not set(used.items) <= set(names):
        raise VaultFault(Reason.ITEMS)
    body: dict[str, Json] = {
        "number": used.number,
        "grant": b64encode(thread.grant.hash),
        "recipient": recipient.code,
        "name": thread.asked.name.to_dict(),
        "purpose": purpose,
        "items": [{"code": code, **names[code].to_dict()} for code in used.items],
        "data": b64encode(used.data),
        "request": b64encode(used.request),
    }
    return _next(thread, Kind.USED, at, body)


def _next(thread: Thread, kind: Kind, at: datetime, body: Mapping[str, Json]) -> tuple[Thread, Entry]:
    entry = Entry(thread.city, thread.number, thread.seq + 1, kind, at, thread.head, body)
    return apply(thread, entry), entry


# -- judging entries
def replay(entries: Sequence[Entry]) -> Thread:
    """The thread a log tells, every entry judged again (复核). Raises VaultFault; an empty log is none."""
    thread: Thread | None = None
    for entry in entries:
        thread = apply(thread, entry)
    if thread is None:
        raise VaultFault(Reason.HISTORY, "no entries")
    return thread


def apply(thread: Thread | None, entry: Entry) -> Thread:
    """The thread after one more entry. Raises VaultFault."""
    try:
        if thread is None:
            return _first(entry)
        _follows(thread, entry)
        moved = replace(thread, seq=entry.seq, head=entry.hash, at=entry.at)
        match entry.kind:
            case Kind.GRANTED:
                return replace(moved, grant=_granted(thread, entry))
            case Kind.REFUSED:
                return replace(moved, ended=_refused(thread, entry))
            case Kind.WITHDRAWN:
                return replace(moved, ended=_withdrawn(thread, entry))
            case Kind.USED:
                return replace(moved, uses=thread.uses + 1, ended=_used(thread, entry))
            case Kind.ASKED:
                raise VaultFault(Reason.HISTORY, "asked twice")
    except (FormatError, KeyError, TypeError, ValueError) as wrong:
        raise VaultFault(Reason.MALFORMED, f"{entry.kind}: {wrong}") from None


def _first(entry: Entry) -> Thread:
    if entry.kind is not Kind.ASKED or entry.seq != 1 or entry.prev != NOTHING:
        raise VaultFault(Reason.HISTORY, "a thread begins with a request")
    body = entry.body
    asked = Asked(
        recipient=_words(body, "recipient"),
        name=_text(body["name"]),
        holder=_digest(body, "holder"),
        purpose=_words(body, "purpose"),
        basis=_words(body, "basis"),
        items=_items(body),
        mode=Mode(_words(body, "mode")),
        until=read_time(body["until"], "until"),
        answer_by=read_time(body["answer_by"], "answer_by"),
        request=_digest(body, "request"),
    )
    _exactly(body, "recipient name holder purpose basis items mode until answer_by request")
    if not (entry.at < asked.answer_by <= asked.until):
        raise VaultFault(Reason.TERM, "answer_by and until")
    return Thread(entry.city, entry.thread, asked, 1, entry.hash, entry.at)


def _follows(thread: Thread, entry: Entry) -> None:
    if (entry.city, entry.thread) != (thread.city, thread.number):
        raise VaultFault(Reason.HISTORY, "another thread")
    if entry.seq != thread.seq + 1 or entry.prev != thread.head:
        raise VaultFault(Reason.STALE, f"{entry.seq} after {thread.seq}")
    if entry.at < thread.at:
        raise VaultFault(Reason.CLOCK, "before the entry it follows")


def _granted(thread: Thread, entry: Entry) -> Grant:
    if thread.state(entry.at) is not State.ASKED:
        raise VaultFault(Reason.NOT_OPEN, thread.state(entry.at))
    body, asked = entry.body, thread.asked
    _exactly(body, "items mode until level")
    codes = body["items"]
    if not isinstance(codes, Sequence) or isinstance(codes, str) or not codes:
        raise VaultFault(Reason.ITEMS, "none")
    items = frozenset(str(code) for code in codes)
    if len(items) != len(codes) or not items <= {one.code for one in asked.items}:
        raise VaultFault(Reason.ITEMS)
    mode, until = Mode(_words(body, "mode")), read_time(body["until"], "until")
    if (asked.mode is Mode.ONCE and mode is Mode.PERIOD) or not entry.at < until <= asked.until:
        raise VaultFault(Reason.TERM)
    return Grant(entry.hash, items, mode, entry.at, until)


def _refused(thread: Thread, entry: Entry) -> State:
    if thread.state(entry.at) is not State.ASKED:
        raise VaultFault(Reason.NOT_OPEN, thread.state(entry.at))
    _exactly(entry.body, "reason")
    if not _words(entry.body, "reason").strip():
        raise VaultFault(Reason.REASON_MISSING)
    return State.REFUSED


def _withdrawn(thread: Thread, entry: Entry) -> State:
    if (state := thread.state(entry.at)) is not State.LIVE:
        raise _not_live(state)
    _exactly(entry.body, "reason")
    if not isinstance(entry.body["reason"], str):
        raise VaultFault(Reason.MALFORMED, "reason")
    return State.WITHDRAWN


def _used(thread: Thread, entry: Entry) -> State | None:
    live, state = thread.grant, thread.state(entry.at)
    if live is None or state is not State.LIVE:
        raise _not_live(state)
    body = entry.body
    _exactly(body, "number grant recipient name purpose items data request")
    _words(body, "number")
    _digest(body, "data")
    _digest(body, "request")
    if _digest(body, "grant") != live.hash:
        raise VaultFault(Reason.GRANT)
    if body["recipient"] != thread.asked.recipient or _text(body["name"]) != thread.asked.name:
        raise VaultFault(Reason.RECIPIENT)
    if body["purpose"] != thread.asked.purpose:
        raise VaultFault(Reason.PURPOSE)
    items = _items(body)
    if not {one.code for one in items} <= live.items or not set(items) <= set(thread.asked.items):
        raise VaultFault(Reason.ITEMS)
    return State.USED_UP if live.mode is Mode.ONCE else None


def _not_live(state: State) -> VaultFault:
    return VaultFault(_NOT_LIVE.get(state, Reason.NOT_LIVE), state)


# -- reading bodies
def _exactly(body: Mapping[str, Json], names: str) -> None:
    if set(body) != set(names.split()):
        raise VaultFault(Reason.MALFORMED, "members")


def _words(body: Mapping[str, Json], name: str) -> str:
    value = body[name]
    if not isinstance(value, str) or not value:
        raise VaultFault(Reason.REASON_MISSING if name == "reason" else Reason.MALFORMED, name)
    return value


def _digest(body: Mapping[str, Json], name: str) -> bytes:
    value = b64decode(body[name], name)
    if len(value) != len(NOTHING):
        raise VaultFault(Reason.MALFORMED, name)
    return value


def _text(value: Json) -> Text:
    match value:
        case {"zh": str(zh), "en": str(en), **others} if not others:
            return Text(zh, en)
    raise VaultFault(Reason.MALFORMED, "a text has zh and en")


def _items(body: Mapping[str, Json]) -> tuple[Item, ...]:
    rows = body["items"]
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise VaultFault(Reason.ITEMS, "none")
    found = []
    for row in rows:
        match row:
            case {"code": str(code), "zh": str(zh), "en": str(en), **others} if not others:
                found.append(Item(code, Text(zh, en)))
            case _:
                raise VaultFault(Reason.MALFORMED, "item")
    if len({one.code for one in found}) != len(found):
        raise VaultFault(Reason.ITEMS, "twice")
    return tuple(found)
