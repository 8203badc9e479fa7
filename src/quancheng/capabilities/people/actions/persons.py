"""The writers of people, firms and accounts."""

from __future__ import annotations

import re
import secrets
from datetime import date

from quancheng.capabilities.people import queries
from quancheng.capabilities.people.models import (
    Firm,
    FirmAgent,
    Household,
    NaturalPerson,
    Sex,
    User,
)
from quancheng.core.identity import IdentityNumberError, parse_resident_id
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}", re.ASCII)


@action("people.person.register")
def register_person(
    call: Call,
    *,
    id_number: str,
    name: str,
    region_code: str,
    address: str,
    phone: str = "",
    has_photo: bool = False,
) -> NaturalPerson:
    """登记自然人 with a household of their own.

    Raises InvalidInput, Conflict (number already registered), Forbidden (outside one's regions).
    """
    access.require(call.actor, "register", NaturalPerson)
    try:
        parsed = parse_resident_id(id_number, on=clock.today())
    except IdentityNumberError as wrong:
        raise InvalidInput(wrong.text, fields={"id_number": wrong.text}) from wrong
    name = " ".join(name.split())
    if not name:
        wrong_name = Text("请填写姓名。", "Enter the name.")
        raise InvalidInput(wrong_name, fields={"name": wrong_name})
    place = queries.region(region_code)
    phone = _phone(phone) if phone else ""
    if NaturalPerson.objects.filter(id_number=parsed.number).exists():
        raise Conflict(Text("该身份证号已登记。", "This identity number is already registered."))
    household = Household.objects.create(
        number=f"H{secrets.token_hex(8)}", region_code=place.code, address=address
    )
    created: NaturalPerson = NaturalPerson.objects.create(
        id_number=parsed.number,
        name=name,
        sex=Sex(parsed.sex.value),
        birth_date=parsed.birth_date,
        region_code=place.code,
        address=address.strip(),
        phone=phone,
        household=household,
        has_photo=has_photo,
        simulated=call.actor.simulated,
    )
    access.require(call.actor, "register", created)
    audit.note(person=created.pk, region=place.code)
    events.emit("people.person.registered", created.reference, {"region": place.code})
    return created


@action("people.contact.update")
def update_contact(
    call: Call, *, person: NaturalPerson, phone: str | None = None, address: str | None = None
) -> NaturalPerson:
    """变更联系方式 of oneself, or by a registrar. Raises InvalidInput, Forbidden."""
    access.require(call.actor, "update_contact", person)
    changed = []
    if phone is not None and (wanted := _phone(phone)) != person.phone:
        person.phone = wanted
        changed.append("phone")
    if address is not None and (place := " ".join(address.split())) != person.address:
        if not 4 <= len(place) <= 200:
            wrong = Text("住址应为4到200字。", "An address has 4 to 200 characters.")
            raise InvalidInput(wrong, fields={"address": wrong})
        person.address = place
        changed.append("address")
    if changed:
        person.save(update_fields=changed)
        events.emit("people.contact.changed", person.reference, {"fields": changed})
    audit.note(person=person.pk, fields=changed)
    return person


@action("people.account.link", idempotent=False)
def link_account_to_person(call: Call, *, user: User, id_number: str, name: str) -> User:
    """实名核验: tie an account to the person with this number *and* name.

    Call it through ``accounts.verify_real_name``, which counts wrong pairs. Raises InvalidInput
    (without saying which of the two is wrong), Conflict (already verified, or the person has
    another account).
    """
    access.require(call.actor, "link_person", user)
    if user.verified_at is not None:
        raise Conflict(Text("本账户已完成实名。", "This account is already verified."))
    try:
        number = parse_resident_id(id_number, on=clock.today()).number
    except IdentityNumberError as wrong:
        raise InvalidInput(wrong.text, fields={"id_number": wrong.text}) from wrong
    found = NaturalPerson.objects.filter(id_number=number, name="".join(name.split()), alive=True).first()
    if found is None:
        raise InvalidInput(
            Text(
                "姓名与身份证号不一致，或尚未登记。",
                "Name and number do not belong together, or are not registered.",
            ),
            todo=Text("请对照证件核对后再试。", "Compare with the card and try again."),
        )
    if User.objects.filter(person=found).exclude(pk=user.pk).exists():
        raise Conflict(
            Text("该身份已绑定另一个账户。", "This identity is tied to another account."),
            todo=Text("请用原账户登录，或拨打12345申诉。", "Sign in with that account or call 12345."),
        )
    user.person = found
    user.verified_at = call.at
    user.display_name = found.name
    user.simulated = user.simulated or found.simulated
    user.link_failures = 0
    user.save(update_fields=["person", "verified_at", "display_name", "simulated", "link_failures"])
    audit.note(person=found.pk)
    events.emit("people.account.verified", found.reference, {"user": user.pk})
    return user


@action("people.agent.add")
def add_agent(
    call: Call,
    *,
    firm: Firm,
    id_number: str,
    name: str,
    scope: str = FirmAgent.Scope.SERVICES,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> FirmAgent:
    """授权经办人: the legal representative lets a person act for the firm.

    Raises Forbidden, InvalidInput (scope, period, unknown person).
    """
    access.require(call.actor, "add_agent", firm)
    begin = valid_from or clock.today()
    if scope not in FirmAgent.Scope.values or (valid_to is not None and valid_to <= begin):
        raise InvalidInput(Text("授权范围或期限有误。", "The scope or period is not valid."))
    person = NaturalPerson.objects.filter(
        id_number=id_number.strip().upper(), name=name.strip(), alive=True
    ).first()
    if person is None:
        raise InvalidInput(
            Text("没有姓名与身份证号都相符的人。", "Nobody has both this name and this number.")
        )
    created: FirmAgent = FirmAgent.objects.create(
        firm=firm,
        person=person,
        scope=scope,
        valid_from=begin,
        valid_to=valid_to,
        simulated=firm.simulated,
    )
    audit.note(firm=firm.uscc, person=person.pk, scope=scope)
    events.emit("people.agent.added", firm.reference, {"person": person.pk, "scope": scope})
    return created


@action("people.agent.end")
def end_agent(call: Call, *, agent: FirmAgent) -> FirmAgent:
    """终止经办授权 from today on."""
    access.require(call.actor, "end", agent)
    agent.valid_to = clock.today()
    agent.save(update_fields=["valid_to"])
    audit.note(firm=agent.firm_id, person=agent.person_id)
    return agent


def _phone(raw: str) -> str:
    number = "".join(raw.split())
    if not _PHONE.fullmatch(number):
        wrong = Text(
            "电话号码应为11位手机号，或带区号的固定电话。",
            "A phone number is an 11-digit mobile number or a landline with area code.",
        )
        raise InvalidInput(wrong, fields={"phone": wrong})
    return number
