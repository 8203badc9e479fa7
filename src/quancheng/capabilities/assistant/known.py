"""查登记: gathers from the registers what a picture is compared with, through public queries only.

Looking at a person's record states the purpose and is written into the audit of uses; nothing is
looked up before the number on the page has passed its check digit.
"""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.assistant import normal
from quancheng.capabilities.assistant.facts import Known, LicenceFact, Limits, Subject
from quancheng.capabilities.assistant.kinds import TypeSpec, expected_types, kind
from quancheng.capabilities.assistant.models import Reading
from quancheng.capabilities.assistant.values import PageRead
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import queries as services
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import InvalidInput, NotFound

__all__ = ["case_for", "expected_of", "known_of", "limits", "reads_as"]

NAME = "assistant"


def reads_as(department_id: int) -> Actor:
    """The assistant as an actor: it sees one department's cases, as its head does, and decides none."""
    grant = RoleGrant("services.manager", frozenset({department_id}))
    return Actor(ActorKind.SYSTEM, name=f"system:{NAME}", module=NAME, grants=(grant,))


def case_for(receipt: str, department_id: int) -> Any:
    """A case by receipt; raises NotFound when the department no longer has it."""
    return services.desk_case(reads_as(department_id), receipt)


def limits() -> Limits:
    """The dated parameters of judging."""

    def number(name: str) -> float:
        return rulebook.find(f"assistant.{name}").number()

    return Limits(
        clear_score=number("clear_score"),
        clear_height=number("clear_height"),
        clear_share=number("clear_share"),
        name_alike=number("name_alike"),
        seal_alike=number("seal_alike"),
        sure=number("sure"),
        grey=number("grey"),
    )


def known_of(reading: Reading, case: Any, read: PageRead) -> Known:
    """Everything a picture of a case is judged by."""
    spec = kind(read.type)
    actor = Actor.system(NAME, simulated=case.simulated)
    register, asked = _register(actor, spec, read, case.receipt) if spec else (None, False)
    licence, licence_asked = _licence(actor, spec, read) if spec else (None, False)
    return Known(
        today=clock.today(),
        limits=limits(),
        material=Text.of(reading.material_name),
        expected=tuple(reading.expected),
        applicant=_firm(case.firm) if case.firm_id else _person(case.applicant),
        agent=_person(case.firm.legal_person) if case.firm_id else None,
        answers=_answers(case),
        register=register,
        asked=asked,
        licence=licence,
        licence_asked=licence_asked,
    )


def _person(one: Any) -> Subject | None:
    if one is None:
        return None
    return Subject(
        kind="person",
        name=one.name,
        number=one.id_number,
        sex={"1": "男", "2": "女"}.get(str(one.sex), ""),
        birth_date=one.birth_date.isoformat(),
        address=one.address,
    )


def _firm(one: Any) -> Subject:
    return Subject(
        kind="firm",
        name=one.name,
        number=one.uscc,
        legal_person=one.legal_person.name,
        address=one.address,
        established=one.established.isoformat(),
    )


def _answers(case: Any) -> dict[str, tuple[Text, str]]:
    """The form's plain answers with their labels."""
    rows = {row.key: row.label.text for row in case.spec.field}
    return {
        key: (rows[key], str(value))
        for key, value in case.form.items()
        if key in rows and isinstance(value, str) and value
    }


def _register(actor: Actor, spec: TypeSpec, read: PageRead, receipt: str) -> tuple[Subject | None, bool]:
    """What the register says of the first number on the page that passes its check."""
    for one in spec.fields:
        found = read.fields.get(one.key)
        if one.compare != "number" or found is None or not found.ok:
            continue
        if one.kind == "uscc":
            firm = people.search_firms(actor, {"uscc": found.value}).select_related("legal_person").first()
            return (_firm(firm) if firm else None), True
        return _look_up(actor, found.value[:18], receipt), True
    return None, False


def _look_up(actor: Actor, number: str, receipt: str) -> Subject | None:
    purpose = f"办件{receipt}的材料与人口基础库核对"
    try:
        return _person(people.person_by_id_number(actor, number, purpose=purpose))
    except (NotFound, InvalidInput):
        return None


def _licence(actor: Actor, spec: TypeSpec, read: PageRead) -> tuple[LicenceFact | None, bool]:
    """The licence in the base of licences, for types whose number is known there."""
    one = next((one for one in spec.fields if one.licence and one.key in read.fields), None)
    if one is None:
        return None, False
    try:
        found = trust.licence(actor, normal.normal(one.kind, read.value(one.key)))
    except NotFound:
        return None, True
    return LicenceFact(found.number, found.holder_name, found.good, found.state_text), True


def expected_of(material: Any) -> tuple[str, ...]:
    """Types that a material of a matter asks for, by its Chinese name."""
    return expected_types(str(material.name.zh))
