"""变动: change, suspend, resume, revoke, periodic check; each a row of history and news for the holder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from quancheng.capabilities.trust.actions.common import locked, numbered, reason_of, remember, stepped, tell
from quancheng.capabilities.trust.lifecycle import Deed
from quancheng.capabilities.trust.models import Licence
from quancheng.capabilities.trust.profiles import checked_items, profile
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput

AT_ONCE = 500
"""Licences of one batch: more would hold the database for too long."""


@action("trust.licence.change")
def change_licence(
    call: Call, *, licence: Licence, items: Mapping[str, Any], reason: str, valid_to: date | None = None
) -> Licence:
    """变更换发: a new version with a number of its own; the old one is replaced and kept.

    ``valid_to`` None keeps the last day. Raises Forbidden, InvalidInput, Conflict.
    """
    access.require(call.actor, "change", licence)
    said = reason_of(reason, Text("变更原因", "the reason for changing"))
    old = locked(licence)
    kept = stepped(old, Deed.CHANGE)
    photo = {"photo": old.items["photo"]} if "photo" in old.items else {}
    checked = checked_items(old.type.items, items) | photo
    changed = sorted(k for k in checked.keys() | old.items.keys() if checked.get(k) != old.items.get(k))
    ends = valid_to or old.valid_to
    if not changed and ends == old.valid_to:
        raise InvalidInput(Text("没有任何变化。", "Nothing was changed."))
    if ends is not None and ends < clock.today():
        past = Text("有效期至不能早于今天。", "The last valid day lies in the past.")
        raise InvalidInput(past, fields={"valid_to": past})
    old.status = kept.value
    old.save(update_fields=["status"])
    new = Licence(
        type=old.type, person_id=old.person_id, firm_id=old.firm_id, holder_name=old.holder_name, items=checked,
        issued_by=old.issued_by, issued_on_case=old.issued_on_case, issued_at=call.at, valid_from=clock.today(),
        valid_to=ends, check_until=old.check_until, version=old.version + 1, replaces=old, simulated=old.simulated,
    )  # fmt: skip
    numbered(new, old.number.split("-")[1])
    remember(
        call, old, Deed.CHANGE, said, **{"from": "valid", "to": kept.value}, items=changed, number=new.number
    )
    remember(call, new, Deed.ISSUE, said, to=new.status, items=changed, number=old.number)
    audit.note(number=new.number, replaces=old.number, items=changed, commitment=new.commitment)
    tell("replaced", old, new_number=new.number, reason=said)
    tell("issued", new, case=new.issued_on_case, commitment=new.commitment, replaces=old.number)
    return new


@action("trust.licence.suspend")
def suspend_licence(call: Call, *, licence: Licence, reason: str) -> Licence:
    """暂停, with a reason the holder is told. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "suspend", licence)
    said = reason_of(reason, Text("暂停原因", "the reason for suspending"))
    found = _moved(call, licence, Deed.SUSPEND, said)
    tell("suspended", found, reason=said)
    return found


@action("trust.licence.resume")
def resume_licence(call: Call, *, licence: Licence, reason: str) -> Licence:
    """恢复. Raises Forbidden, InvalidInput, Conflict (not suspended)."""
    access.require(call.actor, "resume", licence)
    said = reason_of(reason, Text("恢复原因", "the reason for resuming"))
    found = _moved(call, licence, Deed.RESUME, said)
    tell("resumed", found, reason=said)
    return found


@action("trust.licence.revoke")
def revoke_licence(call: Call, *, licence: Licence, reason: str) -> Licence:
    """撤销证照, with a reason the holder is told. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "revoke", licence)
    said = reason_of(reason, Text("撤销原因", "the reason for revoking"))
    _revoked(call, licence, said)
    return licence.refresh()


@action("trust.licence.revoke_many")
def revoke_many(call: Call, *, numbers: Iterable[str], reason: str) -> int:
    """批量撤销, all or none; says how many. Raises Forbidden, InvalidInput, Conflict."""
    said = reason_of(reason, Text("撤销原因", "the reason for revoking"))
    chosen = _chosen(call, numbers, "revoke")
    for licence in chosen:
        _revoked(call, licence, said)
    audit.note(count=len(chosen), reason=said)
    return len(chosen)


@action("trust.licence.check")
def check_licence(call: Call, *, licence: Licence, passed: bool, note: str = "") -> Licence:
    """年检（审验）: passed begins the next period, failed suspends. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "check", licence)
    return _checked(call, licence, passed, note)


@action("trust.licence.check_many")
def check_many(call: Call, *, numbers: Iterable[str], passed: bool, note: str = "") -> int:
    """批量审验, all or none; says how many. Raises Forbidden, InvalidInput, Conflict."""
    chosen = _chosen(call, numbers, "check")
    for licence in chosen:
        _checked(call, licence, passed, note)
    return len(chosen)


def _moved(call: Call, licence: Licence, deed: Deed, reason: str, **what: Any) -> Licence:
    found = locked(licence)
    before, kept = found.status, stepped(found, deed)
    found.status = kept.value
    found.save(update_fields=["status"])
    remember(call, found, deed, reason, **{"from": before, "to": kept.value}, **what)
    audit.note(number=found.number, reason=reason, commitment=found.commitment)
    return found


def _revoked(call: Call, licence: Licence, reason: str) -> None:
    found = _moved(call, licence, Deed.REVOKE, reason)
    found.revoked_at, found.revoked_reason = call.at, reason
    found.save(update_fields=["revoked_at", "revoked_reason"])
    tell("revoked", found, reason=reason)


def _checked(call: Call, licence: Licence, passed: bool, note: str) -> Licence:
    until = profile(licence.type.code).check_until(clock.today())
    if until is None:
        raise InvalidInput(Text("此类证照不用审验。", "Licences of this type need no check."))
    if not passed:
        said = reason_of(note, Text("不合格的原因", "the reason for failing"), "note")
        found = _moved(call, licence, Deed.FAIL, said)
        tell("suspended", found, reason=said)
        return found
    found = _moved(call, licence, Deed.PASS, note.strip(), check_until=until.isoformat())
    found.check_until = until
    found.save(update_fields=["check_until"])
    tell("checked", found, until=until.isoformat())
    return found


def _chosen(call: Call, numbers: Iterable[str], verb: str) -> list[Licence]:
    wanted = sorted(set(numbers))
    if not wanted:
        none = Text("请至少选择一张证照。", "Choose at least one licence.")
        raise InvalidInput(none, fields={"numbers": none})
    if len(wanted) > AT_ONCE:
        raise InvalidInput(Text(f"一次最多{AT_ONCE}张。", f"At most {AT_ONCE} at a time."))
    access.require(call.actor, verb, Licence)
    rows = access.visible(call.actor, Licence, verb=verb).filter(number__in=wanted)
    found = list(rows.select_related("type", "firm").order_by("number"))
    if len(found) < len(wanted):
        raise InvalidInput(
            Text("所选证照有的不属于本部门。", "Some of them do not belong to your department.")
        )
    return found
