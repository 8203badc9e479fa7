"""What service tasks of matters do: issue the result, close what is overdue, charge, tell."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from quancheng.capabilities.services import casework
from quancheng.capabilities.services.models import Case, CaseFile, Charge
from quancheng.capabilities.services.running import service
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.capabilities.trust.actions import issue_licence
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call

if TYPE_CHECKING:
    from quancheng.capabilities.trust.models import Licence


@service("services.issue_result")
def issue_result(call: Call, case: Case, element: Any) -> dict[str, Any]:
    """办结: issue the licence the matter promises, if it promises one."""
    licence = _issue(call, case, case.version.spec)
    case.licence_number = licence.number if licence else ""
    return {"licence": case.licence_number}


@service("services.close_overdue")
def close_overdue(call: Call, case: Case, element: Any) -> dict[str, Any]:
    """逾期未补正: nothing came in time, so the application counts as withdrawn; the applicant is told."""
    text = Text(
        "逾期未补正，视为撤回申请；可以重新申请。",
        "Nothing was corrected in time, so the application counts as withdrawn; you may apply again.",
    )
    case.decision = {"kind": "withdrawn", "reason": text.zh, "overdue": True}
    casework.remember(call, case, "withdrawn", text)
    casework.tell(case, "lapsed", reason=text.to_dict())
    return {}


@service("services.notify")
def notify(call: Call, case: Case, element: Any) -> dict[str, Any]:
    """告知申请人: a step of the process that only tells."""
    casework.remember(call, case, "notified", Text(element.name or "告知", element.extra.get("en") or "Told"))
    return {}


@service("services.charge")
def charge(call: Call, case: Case, element: Any) -> dict[str, Any]:
    """收费: what the dated parameter named by ``qc:rule`` says, in cents."""
    rule = rulebook.find(element.extra["rule"], on=clock.today(), region=rulebook.city_region())
    cents = rule.integer() * 100
    if cents:
        label = {"zh": element.name or "费用", "en": element.extra.get("en") or "Fee"}
        Charge.objects.create(case=case, label=label, cents=cents, rule=rule.rule.id, made_at=call.at)
    return {"charged": cents}


def _issue(call: Call, case: Case, spec: MatterSpec) -> Licence | None:
    if spec.result.licence is None:
        return None
    photos = dict(CaseFile.objects.filter(case=case, current=True).values_list("material", "digest"))
    items: dict[str, Any] = {}
    for item, source in spec.result.items.items():
        value = case.form.get(source, photos.get(source, ""))
        items[item] = value
    return issue_licence(
        call.with_key(None),
        type_code=spec.result.licence,
        department_id=case.department_id,
        region_code=case.department.region_code,
        holder_name=case.applicant_name,
        items=items,
        person_id=case.applicant_id,
        firm_id=case.firm_id,
        case=case.receipt,
        valid_to=_valid_to(spec),
        submitted_by_id=case.submitted_by_id,
    )


def _valid_to(spec: MatterSpec) -> date | None:
    if spec.result.validity_years is None:
        return None
    today = clock.today()
    years = rulebook.find(spec.result.validity_years).integer()
    try:
        end = today.replace(year=today.year + years)
    except ValueError:
        end = date(today.year + years, 2, 28)
    return date.fromordinal(end.toordinal() - 1)
