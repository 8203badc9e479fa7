"""What a document says, kept as plain values so that it can be printed again the same."""

from __future__ import annotations

from datetime import date
from typing import Any

from quancheng.capabilities.services.models import Case, CaseDocument, ReceiptSerial
from quancheng.capabilities.services.work_models import DocumentKind
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.db.serials import next_number

MARK = {
    DocumentKind.ACCEPTANCE: "受", DocumentKind.CORRECTION: "补", DocumentKind.APPROVAL: "准",
    DocumentKind.REFUSAL: "不", DocumentKind.REVIEW: "复",
}  # fmt: skip


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
    serial = next_number(ReceiptSerial, f"{mark}{office.pk}-{today.year}")
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
