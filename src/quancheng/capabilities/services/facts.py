"""事实: gathers what checks may look at from the registers, once, for the one who applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services.checks import Facts, FileFact, Subject
from quancheng.capabilities.services.definitions import definition_of
from quancheng.capabilities.services.flow import OPEN
from quancheng.capabilities.services.models import Case, CaseFile, Matter
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotSignedIn

__all__ = ["Applicant", "applicant_of", "facts_of", "file_facts", "open_receipts", "prefilled"]


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies, with what the registers say (申请主体)."""

    subject: Subject
    known: Mapping[str, Mapping[str, Any]]
    """``people.queries.prefill``: fact → value, source, as_of, simulated."""
    person_id: int | None
    firm_id: int | None
    region: str


def applicant_of(actor: Actor, spec: MatterSpec) -> Applicant:
    """The applicant of a matter. Raises NotSignedIn, or Forbidden saying how to become one."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    known = people.prefill(actor)
    as_firm = actor.firm_id is not None and spec.applicant in {"firm", "either"}
    if spec.applicant == "firm" and not as_firm:
        raise Forbidden(
            Text("这个事项由企业申请。", "This matter is for firms."),
            todo=Text(
                "请在“我的”中切换到您代表的企业，再来申请。",
                "Switch to the firm you act for under “My account”.",
            ),
        )
    if actor.person_id is None:
        raise Forbidden(
            Text("申请前需要完成实名认证。", "Your real name must be verified before you apply."),
            todo=Text("请在“我的”中完成实名认证。", "Verify your name under “My account”."),
        )
    if as_firm:
        subject = Subject(
            kind="firm",
            name=_value(known, "firm_name"),
            unified_code=_value(known, "firm_uscc"),
            residence=_value(known, "firm_region_code"),
        )
        return Applicant(subject, known, None, actor.firm_id, subject.residence)
    birth = _value(known, "birth_date")
    subject = Subject(
        name=_value(known, "name"),
        resident_id=_value(known, "id_number"),
        birth_date=date.fromisoformat(birth) if birth else None,
        residence=_value(known, "region_code"),
    )
    return Applicant(subject, known, actor.person_id, None, subject.residence)


def facts_of(
    applicant: Applicant,
    matter: Matter,
    spec: MatterSpec,
    *,
    form: Mapping[str, Any] | None = None,
    files: Mapping[str, FileFact] | None = None,
    besides: Case | None = None,
) -> Facts:
    """The facts for this applicant and matter today; ``besides`` leaves one case out of duplicates."""
    today, city = clock.today(), rulebook.city_region()
    return Facts(
        on=today,
        region=city,
        subject=applicant.subject,
        parameter=lambda name: rulebook.find(name, on=today, region=city),
        licences=trust.held_types(person_id=applicant.person_id, firm_id=applicant.firm_id),
        open_receipts=open_receipts(matter, applicant, besides),
        form=form or {},
        files=files or {},
        licence_type=spec.result.licence or "",
        tables=spec.dmn,
    )


def open_receipts(matter: Matter, applicant: Applicant, besides: Case | None = None) -> tuple[str, ...]:
    """Cases of the applicant in this matter that are not decided yet, oldest first, three at most.

    Plain SQL: asked twice for every application, before and inside its transaction.
    """
    column, subject = (
        ("firm_id", applicant.firm_id) if applicant.firm_id else ("applicant_id", applicant.person_id)
    )
    with connection.cursor() as cursor:
        cursor.execute(_OPEN[column], [matter.pk, subject, besides.pk if besides else 0, *_OPEN_STATES])
        return tuple(receipt for (receipt,) in cursor.fetchall())


_OPEN_STATES = tuple(state.value for state in OPEN)
_OPEN = {
    column: f"SELECT receipt FROM services_case WHERE matter_id = %s AND {column} = %s AND id <> %s"  # noqa: S608
    f" AND state IN ({', '.join(['%s'] * len(_OPEN_STATES))}) ORDER BY submitted_at, id LIMIT 3"
    for column in ("firm_id", "applicant_id")
}


def file_facts(files: list[CaseFile]) -> dict[str, FileFact]:
    """Current files by material."""
    return {
        one.material: FileFact(one.digest, one.media_type, one.size, one.width, one.height)
        for one in files
        if one.current
    }


def prefilled(applicant: Applicant, spec: MatterSpec) -> dict[str, dict[str, Any]]:
    """What each form field gets from the registers, with where it comes from."""
    return {
        field.key: dict(applicant.known[field.prefill])
        for field in definition_of(spec).fields
        if field.prefill and field.prefill in applicant.known
    }


def _value(known: Mapping[str, Mapping[str, Any]], key: str) -> str:
    return str(known[key]["value"]) if key in known else ""
