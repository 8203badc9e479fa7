"""What a document says, kept as plain values so that it can be printed again the same."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from quancheng.capabilities.services.models import Case, CaseDocument
from quancheng.capabilities.services.work_models import DocumentKind
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call

MARK = {
    DocumentKind.ACCEPTANCE: "受", DocumentKind.CORRECTION: "补", DocumentKind.APPROVAL: "准",
    DocumentKind.REFUSAL: "不", DocumentKind.REVIEW: "复",
}  # fmt: skip
_NEXT = (
    "INSERT INTO services_receiptserial (key, last) VALUES (%s, 1)"
    " ON CONFLICT (key) DO UPDATE SET last = services_receiptserial.last + 1 RETURNING last"
)


def draw(call: Call, case: Case, kind: DocumentKind, **more: Any) -> CaseDocument:
    """A document of a case as a row, with its number; printing and sealing follow by a job."""
    today = clock.today()
    document: CaseDocument = CaseDocument.objects.create(
        case=case, kind=kind.value, number=_number(case, kind, today), made_at=call.at,
        content=_content(case, today) | more,
    )  # fmt: skip
    jobs.enqueue("services.print_document", {"document": document.pk}, key=f"print-{document.pk}")
    return document


def _number(case: Case, kind: DocumentKind, today: date) -> str:
    """文号: gap-free by office, kind and year."""
    office, mark = case.department, MARK[kind]
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [f"{mark}{office.pk}-{today.year}"])
        (serial,) = cursor.fetchone()
    return f"{_short(office.text.zh)}{mark}字〔{today.year}〕{serial}号"


def _short(name: str) -> str:
    return name.removeprefix("济南市")[:16]


def _content(case: Case, today: date) -> dict[str, Any]:
    spec = case.version.spec
    return {
        "office": case.department.text.to_dict(), "applicant": case.applicant_name, "matter": spec.name.to_dict(),
        "basis": [one.to_dict() for one in spec.basis], "receipt": case.receipt, "on": today.isoformat(),
        "submitted": case.submitted_at.astimezone(clock.LOCAL).date().isoformat(),
        "due": case.due.isoformat() if case.due else "", "promised": case.clock.get("promised"),
        "decision": dict(case.decision), "licence": case.licence_number, "result": spec.result.name.to_dict(),
        "simulated": case.simulated or spec.simulated,
    }  # fmt: skip
