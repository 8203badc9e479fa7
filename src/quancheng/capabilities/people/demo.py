"""演示身份: identities of ``demo.toml`` to look around with; exist only with QUANCHENG_DEMO."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from quancheng.capabilities.people import city, queries
from quancheng.capabilities.people.models import (
    Appointment,
    Department,
    Firm,
    FirmAgent,
    Household,
    NaturalPerson,
    Post,
    RoleGrant,
    User,
)
from quancheng.core.identity import (
    compute_check,
    compute_organisation_check,
    compute_uscc_check,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action

GROUPS = {
    "citizen": Text("市民与企业", "Citizens and firms"),
    "desk": Text("工作台", "Desk"),
    "command": Text("指挥与处置", "Command and response"),
    "guard": Text("安全监管", "Supervision"),
    "open": Text("数据与开放", "Data and developers"),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """One card of the demo page."""

    key: str
    group: str
    icon: str
    title: Text
    try_: Text
    start: str
    roles: tuple[str, ...]


def identities() -> list[Identity]:
    """The identities of the profile, in order; none when it has no ``demo.toml``."""
    if not (city.folder() / "demo.toml").is_file():
        return []
    return [
        Identity(
            key=row["key"],
            group=row["group"],
            icon=row["icon"],
            title=Text.of(row["title"]),
            try_=Text.of(row["try"]),
            start=row["start"],
            roles=tuple(grant["id"] for grant in row.get("role", ())),
        )
        for row in city.document("demo")["identity"]
    ]


@action("people.demo.ensure", idempotent=False)
def ensure_identities(call: Call) -> dict[str, int]:
    """建立演示身份: accounts, persons, posts and roles of ``demo.toml``, each once."""
    access.require(call.actor, "seed", NaturalPerson)
    made = 0
    rows = city.document("demo")["identity"] if (city.folder() / "demo.toml").is_file() else []
    for row in rows:
        user = User.objects.filter(demo_key=row["key"]).first()
        if user is None:
            user = _account(call, row)
            made += 1
        _roles(call, user, row)
    audit.note(identities=len(rows), made=made)
    return {"identities": len(rows), "made": made}


def _account(call: Call, row: Mapping[str, Any]) -> User:
    today = clock.today()
    person = _person(row["person"], today) if "person" in row else None
    if person is not None and row.get("family"):
        _family(person, row["family"], today)
    if person is not None and "firm" in row:
        _firm(person, row["firm"], today)
    user = User(
        username=f"demo-{row['key']}",
        display_name=person.name if person else row["name"],
        kind=User.Kind.OFFICIAL if "post" in row else User.Kind.PERSON,
        person=person,
        verified_at=call.at if person else None,
        demo_key=row["key"],
        simulated=True,
    )
    user.set_unusable_password()
    user.save()
    if "post" in row:
        _post(user, row["post"], today)
    return user


def _person(facts: Mapping[str, Any], today: date, household: Household | None = None) -> NaturalPerson:
    birth = queries.years_before(today, facts["age"]) - timedelta(days=100)
    number = _free_number(facts["region"][:6], birth, facts["sex"])
    home = household or Household.objects.create(
        number=f"D{secrets.token_hex(8)}",
        region_code=facts["region"],
        address=facts["address"],
        simulated=True,
    )
    made: NaturalPerson = NaturalPerson.objects.create(
        id_number=number,
        name=facts["name"],
        sex=facts["sex"],
        birth_date=birth,
        region_code=facts["region"],
        address=facts["address"],
        phone=facts.get("phone", ""),
        household=home,
        relation=facts.get("relation", "head"),
        has_photo=facts.get("photo", False),
        simulated=True,
    )
    return made


def _free_number(region: str, birth: date, sex: str) -> str:
    """A valid number nobody has; the high-tech zone registers under its district."""
    code = region if region != "370176" else "370102"
    for sequence in range(997 if sex == "1" else 996, 0, -2):
        first17 = f"{code}{birth:%Y%m%d}{sequence:03d}"
        number = first17 + compute_check(first17)
        if not NaturalPerson.objects.filter(id_number=number).exists():
            return number
    raise ValueError("no identity number is free on this day 当日号码已用完")


def _family(head: NaturalPerson, rows: list[dict[str, Any]], today: date) -> None:
    for row in rows:
        facts = {"region": head.region_code, "address": head.address, **row}
        _person(facts, today, head.household)


def _firm(person: NaturalPerson, facts: Mapping[str, Any], today: date) -> None:
    body = f"YX{facts['number']:06d}"
    first17 = f"91{person.region_code[:6]}{body}{compute_organisation_check(body)}"
    firm = Firm.objects.create(
        uscc=first17 + compute_uscc_check(first17),
        name=facts["name"],
        kind=facts["kind"],
        legal_person=person,
        region_code=person.region_code,
        address=person.address,
        industry=facts["industry"],
        established=queries.years_before(today, facts["years"]),
        simulated=True,
    )
    other = NaturalPerson.objects.exclude(pk=person.pk).filter(birth_date__lt=date(2000, 1, 1)).first()
    if other is not None:
        FirmAgent.objects.create(firm=firm, person=other, valid_from=today, simulated=True)


def _post(user: User, facts: Mapping[str, Any], today: date) -> None:
    post, _ = Post.objects.get_or_create(
        department=queries.department(facts["department"]),
        code=facts["code"],
        defaults={"zh": facts["zh"], "en": facts["en"]},
    )
    Appointment.objects.create(post=post, user=user, valid_from=today - timedelta(days=365))


def _roles(call: Call, user: User, row: Mapping[str, Any]) -> None:
    """Role grants of the card that the user does not hold yet."""
    held = set(user.role_grants.filter(revoked_at=None).values_list("role", "department__code"))
    for grant in row.get("role", ()):
        if (grant["id"], grant["department"]) in held:
            continue
        RoleGrant.objects.create(
            user=user,
            role=grant["id"],
            department=Department.objects.get(code=grant["department"]),
            region_code=grant["region"],
            valid_from=clock.today() - timedelta(days=365),
            reason="演示身份",
            granted_by="system:people",
            granted_at=call.at,
        )
