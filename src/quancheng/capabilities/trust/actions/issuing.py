"""签发: by the system with a decision, or by an officer's hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust.actions.common import numbered, remember, tell
from quancheng.capabilities.trust.lifecycle import Deed
from quancheng.capabilities.trust.models import Licence, LicenceType
from quancheng.capabilities.trust.profiles import Profile, checked_items, profile
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound


@action("trust.licence.issue")
def issue_licence(
    call: Call,
    *,
    type_code: str,
    department_id: int,
    region_code: str,
    holder_name: str,
    items: Mapping[str, Any],
    person_id: int | None = None,
    firm_id: int | None = None,
    case: str = "",
    valid_to: date | None = None,
    submitted_by_id: int | None = None,
) -> Licence:
    """签发证照 to a person or a firm. Raises Forbidden, InvalidInput, Conflict (holds one already)."""
    licence = _begun(type_code, items, holder_name, person_id, firm_id)
    licence.issued_by_id = department_id
    licence.issued_on_case = case
    licence.valid_to = valid_to
    _made(call, licence, region_code)
    access.require(call.actor, "issue", licence)
    _told(licence, submitted_by_id)
    return licence


@action("trust.licence.issue_by_hand")
def issue_by_hand(
    call: Call,
    *,
    type_code: str,
    department_id: int,
    holder_id: str,
    holder_name: str,
    items: Mapping[str, Any],
    valid_to: date | None = None,
) -> Licence:
    """经办签发: the holder by identity number (or unified credit code) and name, the items checked by the type.

    Without ``valid_to`` the type's rule decides. Raises Forbidden, InvalidInput, Conflict.
    """
    rules = profile(type_code)
    person_id, firm_id, name = _holder(call, rules, holder_id.strip().upper(), holder_name.strip())
    office = people.subtree("jn").filter(pk=department_id).first()
    if office is None:
        raise InvalidInput(Text("没有这个机构。", "There is no such department."))
    if not rules.may_issue(office.level):
        no = Text("该机构层级不能签发此类证照。", "A department of this level does not issue this type.")
        raise InvalidInput(no, fields={"department": no})
    licence = _begun(type_code, {}, name, person_id, firm_id)
    licence.items = checked_items(licence.type.items, items)
    licence.issued_by_id = office.pk
    licence.valid_to = valid_to or rules.valid_to(licence.valid_from)
    if licence.valid_to is not None and licence.valid_to < licence.valid_from:
        past = Text("有效期至不能早于今天。", "The last valid day lies in the past.")
        raise InvalidInput(past, fields={"valid_to": past})
    _made(call, licence, office.region_code)
    access.require(call.actor, "issue_by_hand", licence)
    _told(licence, None)
    return licence


def _begun(
    type_code: str, items: Mapping[str, Any], holder: str, person_id: int | None, firm_id: int | None
) -> Licence:
    kind = LicenceType.objects.filter(code=type_code).first()
    if kind is None:
        raise InvalidInput(Text(f"没有证照类型 {type_code}。", f"There is no licence type {type_code}."))
    if (person_id is None) == (firm_id is None):
        raise InvalidInput(Text("证照须有一个持证主体。", "A licence has exactly one holder."))
    if not profile(type_code).issued:
        raise InvalidInput(Text("此类证照不在本平台签发。", "Licences of this type are not issued here."))
    if not kind.several:
        _not_twice(kind, person_id, firm_id)
    today = clock.today()
    return Licence(
        type=kind, person_id=person_id, firm_id=firm_id, holder_name=holder, items=dict(items), valid_from=today,
        check_until=profile(type_code).check_until(today),
    )  # fmt: skip


def _made(call: Call, licence: Licence, region: str) -> None:
    licence.issued_at = call.at
    licence.simulated = call.actor.simulated
    numbered(licence, region)
    remember(call, licence, Deed.ISSUE, to=licence.status)
    audit.note(
        number=licence.number,
        type=licence.type.code,
        case=licence.issued_on_case,
        commitment=licence.commitment,
    )


def _told(licence: Licence, submitted_by_id: int | None) -> None:
    tell(
        "issued", licence, submitted_by_id=submitted_by_id, case=licence.issued_on_case,
        commitment=licence.commitment,
    )  # fmt: skip


def _holder(call: Call, rules: Profile, number: str, name: str) -> tuple[int | None, int | None, str]:
    if rules.holder == "firm" or (rules.holder == "any" and not number[:17].isdigit()):
        firm = people.search_firms(call.actor, {"uscc": number}).first() if number else None
        if firm is None:
            none = Text("没有这个统一社会信用代码的企业。", "No firm has this unified credit code.")
            raise InvalidInput(none, fields={"holder_id": none})
        _same(firm.name, name)
        return None, firm.pk, firm.name
    try:
        person = people.person_by_id_number(call.actor, number, purpose=f"签发证照 {rules.code}")
    except InvalidInput as wrong:
        raise InvalidInput(wrong.detail, fields={"holder_id": Text.of(wrong.detail)}) from wrong
    except NotFound as none:
        unknown = Text(
            "查无此人，或不在您可查询的区域；请核对身份证号。",
            "Nobody has this number in the area you may look up; check it.",
        )
        raise InvalidInput(unknown, fields={"holder_id": unknown}) from none
    _same(person.name, name)
    return person.pk, None, person.name


def _same(known: str, given: str) -> None:
    if known != given:
        other = Text("姓名（名称）与证件号码不符。", "The name does not belong to the number.")
        raise InvalidInput(other, fields={"holder_name": other})


def _not_twice(kind: LicenceType, person_id: int | None, firm_id: int | None) -> None:
    live = (Licence.Status.VALID, Licence.Status.SUSPENDED)
    held = Licence.objects.filter(type=kind, person_id=person_id, firm_id=firm_id, status__in=live)
    if any(not licence.expired for licence in held):
        raise Conflict(
            Text(
                f"该主体已持有有效的{kind.name['zh']}。", f"The holder already has a valid {kind.name['en']}."
            )
        )
