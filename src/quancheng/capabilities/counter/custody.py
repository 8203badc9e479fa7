"""材料流转: the chain of custody of one bag of paper, as pure values.

A bag is moved by steps; each step is one link of a hash chain, so that a link changed, taken out or
put in between is seen by anybody who reads the chain. Who holds the paper is always one answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from quancheng.core.text import Text

__all__ = [
    "GENESIS", "OVER", "STEPS", "BagState", "BrokenLink", "Holder", "Link", "Side", "Step", "digest_of",
    "first_broken", "holder_text", "steps_for",
]  # fmt: skip

GENESIS = "0" * 64


class Side(StrEnum):
    """Who registers a step."""

    HALL = "hall"
    OFFICE = "office"


class Holder(StrEnum):
    """Who has the paper."""

    HALL = "hall"
    COURIER = "courier"
    OFFICE = "office"
    ARCHIVE = "archive"
    APPLICANT = "applicant"


class BagState(StrEnum):
    """Where a bag is on its way."""

    SEALED = "sealed"
    TRANSIT = "transit"
    RECEIVED = "received"
    CHECKED = "checked"
    ARCHIVED = "archived"
    RETURNING = "returning"
    BACK = "back"
    RETURNED = "returned"

    @property
    def text(self) -> Text:
        return _STATES[self]


_STATES = {
    BagState.SEALED: Text("已封装，待交寄", "Sealed, to be dispatched"),
    BagState.TRANSIT: Text("寄送途中", "On its way"),
    BagState.RECEIVED: Text("已签收，待清点", "Received, to be checked"),
    BagState.CHECKED: Text("已清点", "Checked"),
    BagState.ARCHIVED: Text("已归档", "Archived"),
    BagState.RETURNING: Text("退还途中", "On its way back"),
    BagState.BACK: Text("已退到窗口，待领取", "Back at the counter, to be collected"),
    BagState.RETURNED: Text("已退还申请人", "Returned to the applicant"),
}
OVER = frozenset({BagState.ARCHIVED, BagState.RETURNED})
_HOLDERS = {
    Holder.HALL: Text("收件窗口", "Receiving counter"),
    Holder.COURIER: Text("承运人", "Courier"),
    Holder.OFFICE: Text("审批部门", "Deciding office"),
    Holder.ARCHIVE: Text("档案室", "Archive"),
    Holder.APPLICANT: Text("申请人", "Applicant"),
}


def holder_text(holder: str) -> Text:
    """The word for who has the paper."""
    return _HOLDERS[Holder(holder)]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: from which states, to which, registered by whom, who has the paper then."""

    verb: str
    sources: frozenset[BagState]
    target: BagState
    side: Side
    holder: Holder
    text: Text
    by_courier: bool = False
    """Needs a courier and a waybill."""
    confirms: bool = False
    """The taker counts and looks at the seal."""


def _step(
    verb: str, source: str, target: str, side: str, holder: str, zh: str, en: str, **more: bool
) -> Step:
    sources = frozenset(BagState(one) for one in source.split())
    return Step(verb, sources, BagState(target), Side(side), Holder(holder), Text(zh, en), **more)


STEPS: Mapping[str, Step] = {
    one.verb: one
    for one in (
        _step("dispatch", "sealed", "transit", "hall", "courier", "交寄", "Dispatch", by_courier=True),
        _step("receive", "transit", "received", "office", "office", "签收", "Receive", confirms=True),
        _step("check", "received", "checked", "office", "office", "清点核对", "Check the contents", confirms=True),
        _step("archive", "checked", "archived", "office", "archive", "归档", "Archive"),
        _step("send_back", "received checked", "returning", "office", "courier", "退还原件", "Send back", by_courier=True),
        _step("take_back", "returning", "back", "hall", "hall", "签收退件", "Receive the return", confirms=True),
        _step("hand_out", "sealed back", "returned", "hall", "applicant", "交还申请人", "Hand to the applicant"),
    )
}  # fmt: skip


def steps_for(state: str, side: str) -> tuple[Step, ...]:
    """What a side may do with a bag now."""
    return tuple(one for one in STEPS.values() if state in one.sources and one.side == side)


# -- chain ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Link:
    """One hand-over as it is hashed."""

    bag: str
    sequence: int
    at: datetime
    kind: str
    giver: str
    taker: str
    signer: str
    data: Mapping[str, Any]
    previous: str


def digest_of(link: Link) -> str:
    """SHA-256 of the canonical JSON of a link (64 hex digits)."""
    text = json.dumps(
        [
            link.bag, link.sequence, link.at.astimezone(UTC).isoformat(timespec="microseconds"), link.kind,
            link.giver, link.taker, link.signer, link.data, link.previous,
        ],
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    )  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first link that does not fit, and why."""

    sequence: int
    text: Text


def first_broken(chain: Sequence[tuple[Link, str]], head: str) -> BrokenLink | None:
    """Read a chain of (link, recorded digest) from its beginning; None when every link fits.

    ``head`` is the digest the bag itself keeps of its last link: links cut off at the end are seen.
    """
    previous = GENESIS
    for number, (link, recorded) in enumerate(chain, start=1):
        if link.sequence != number:
            return BrokenLink(number, Text(f"缺少第{number}条记录。", f"Record {number} is missing."))
        if link.previous != previous:
            return BrokenLink(
                number,
                Text(f"第{number}条与前一条接不上。", f"Record {number} does not follow its forerunner."),
            )
        if digest_of(link) != recorded:
            return BrokenLink(number, Text(f"第{number}条内容被改动。", f"Record {number} was changed."))
        previous = recorded
    if previous != head:
        return BrokenLink(len(chain) + 1, Text("末尾的记录被删去。", "Records at the end were cut off."))
    return None
