"""HTTP interface of services: /api/v1/services/. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import File, Query, Router, UploadedFile
from ninja.security import django_auth

from quancheng.capabilities.services import actions, catalogue, files, queries, showing
from quancheng.capabilities.services import schemas as s
from quancheng.capabilities.services.definitions import accepted, definition_of, spec_of
from quancheng.capabilities.services.flow import Side, steps_from
from quancheng.capabilities.services.models import Case, CaseFile, Matter
from quancheng.core.forms import Kind
from quancheng.core.text import Text
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.problems import Problem

router = Router()
READ = {401: Problem, 404: Problem, 422: Problem}
WRITE = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _plain(text: str) -> str:
    return text.replace("\x00", "")


# -- matters ---------------------------------------------------------------------------------
@router.get(
    "/matters", response={200: s.MatterPage, 422: Problem}, summary="事项列表与搜索 Matters: list, search"
)
def matters(request: HttpRequest, filters: Query[s.MatterFilters]) -> dict[str, Any]:
    actor = _actor(request)
    if words := _plain(filters.q).strip():
        return {
            "items": [_matter(one) for one in queries.search(actor, words)],
            "next": None,
            "previous": None,
        }
    params = {**filters.dict(), "online": "1" if filters.online else ""}
    page = catalogue.matters(actor, params)
    return {"items": [_matter(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get(
    "/matters/{code}", response={200: s.MatterDetail, 404: Problem}, summary="办事指南 Guide of a matter"
)
def matter(request: HttpRequest, code: str) -> dict[str, Any]:
    found = catalogue.matter(_actor(request), _plain(code))
    spec = found.current.spec
    legal, promised = queries.days_of(found)
    return _matter(found) | {
        "version": found.current.number, "legal_days": legal, "promised_days": promised,
        "basis": [row.to_dict() for row in spec.basis],
        "conditions": [{"id": row.id, "text": row.text.to_dict(), "basis": row.basis.to_dict()}
                       for row in spec.condition],
        "materials": [{"key": row.key, "name": row.name.to_dict(), "source": row.source,
                       "how": row.how.to_dict(), "required": row.required} for row in spec.material],
        "fields": [{"key": row.path, "label": row.label.to_dict(), "kind": row.kind.value,
                    "required": row.required, "locked": row.locked,
                    "options": [{"value": one.value, "text": one.text.to_dict()} for one in row.options]}
                   for row in definition_of(spec).walk() if row.kind is not Kind.FILE],
        "grounds_of_refusal": [{"id": row.id, "text": row.text.to_dict(), "basis": row.basis.to_dict()}
                               for row in spec.grounds()],
        "result": spec.result.name.to_dict(),
    }  # fmt: skip


@router.get(
    "/matters/{code}/eligibility",
    response={200: s.EligibilityOut, 404: Problem},
    summary="我是否符合 May I apply",
)
def eligibility(request: HttpRequest, code: str) -> dict[str, Any]:
    judged = queries.eligibility(_actor(request), catalogue.matter(_actor(request), _plain(code)))
    return {
        "outcome": judged.outcome, "findings": [_checked(one) for one in judged.findings],
        "problem": judged.problem.detail.to_dict() if judged.problem else None,
    }  # fmt: skip


@router.post(
    "/matters/{code}/files/{material}",
    auth=django_auth,
    summary="上传材料 Upload a material",
    response={200: s.FileOut, 413: Problem, 415: Problem, **WRITE},
)
def upload(request: HttpRequest, code: str, material: str, file: File[UploadedFile]) -> dict[str, Any]:
    call = request.call()  # type: ignore[attr-defined]
    found = catalogue.matter(call.actor, _plain(code))
    kept = files.keep(file, accepted(spec_of(found), _plain(material)))
    draft = queries.draft(call.actor, found) or actions.save_draft(call, matter=found, form={})
    return _file(
        actions.attach_file(
            call, material=_plain(material), fact=kept, name=_plain(str(file.name)), draft=draft
        )
    )


# -- the applicant -----------------------------------------------------------------------------
@router.post("/cases", auth=django_auth, response={201: s.CaseOut, **WRITE}, summary="提交办件 Submit a case")
def submit(request: HttpRequest, body: s.Submission) -> tuple[int, dict[str, Any]]:
    made = actions.submit_case(
        request.call(),
        matter_code=_plain(body.matter),
        form=body.form,
        insist=body.insist,  # type: ignore[attr-defined]
    )
    return 201, _case(made)


@router.get(
    "/cases",
    auth=django_auth,
    response={200: s.CasePage, 401: Problem, 422: Problem},
    summary="我的办件 My cases",
)
def my_cases(request: HttpRequest, filters: Query[s.MineFilters]) -> dict[str, Any]:
    page = queries.my_cases(_actor(request), filters.dict())
    return {"items": [_case(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get(
    "/cases/{receipt}", auth=django_auth, response={200: s.CaseDetail, **READ}, summary="办件详情 One case"
)
def my_case(request: HttpRequest, receipt: str) -> dict[str, Any]:
    return _detail(queries.my_case(_actor(request), receipt), Side.APPLICANT)


@router.post(
    "/cases/{receipt}/correct",
    auth=django_auth,
    response={200: s.CaseOut, **WRITE},
    summary="补正 Correct a returned case",
)
def correct(request: HttpRequest, receipt: str, body: s.Correction) -> dict[str, Any]:
    found = queries.my_case(_actor(request), receipt)
    return _case(actions.correct_case(request.call(), case=found, form=body.form))  # type: ignore[attr-defined]


@router.post(
    "/cases/{receipt}/withdraw", auth=django_auth, response={200: s.CaseOut, **WRITE}, summary="撤回 Withdraw"
)
def withdraw(request: HttpRequest, receipt: str, body: s.Withdrawal) -> dict[str, Any]:
    found = queries.my_case(_actor(request), receipt)
    return _case(actions.withdraw_case(request.call(), case=found, reason=_plain(body.reason)))  # type: ignore[attr-defined]


@router.post(
    "/cases/{receipt}/rating", auth=django_auth, response={200: s.CaseOut, **WRITE}, summary="好差评 Rate"
)
def rate(request: HttpRequest, receipt: str, body: s.Rating) -> dict[str, Any]:
    found = queries.my_case(_actor(request), receipt)
    return _case(actions.rate_case(request.call(), case=found, score=body.score, text=_plain(body.text)))  # type: ignore[attr-defined]


# -- the desk ------------------------------------------------------------------------------------
@router.get(
    "/desk/cases",
    auth=django_auth,
    summary="待办 Inbox of the deciding office",
    response={200: s.CasePage, 401: Problem, 403: Problem, 422: Problem},
)
def inbox(request: HttpRequest, filters: Query[s.InboxFilters]) -> dict[str, Any]:
    page = queries.inbox(_actor(request), {key: _plain(str(value)) for key, value in filters.dict().items()})
    return {"items": [_case(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get(
    "/desk/cases/{receipt}",
    auth=django_auth,
    response={200: s.CaseDetail, 403: Problem, **READ},
    summary="案件 One case at the desk",
)
def desk_case(request: HttpRequest, receipt: str) -> dict[str, Any]:
    return _detail(queries.desk_case(_actor(request), receipt), Side.OFFICE)


@router.post(
    "/desk/cases/{receipt}/decide",
    auth=django_auth,
    response={200: s.CaseOut, **WRITE},
    summary="办理 Take a step",
)
def decide(request: HttpRequest, receipt: str, body: s.Decision) -> dict[str, Any]:
    found = queries.desk_case(_actor(request), receipt)
    call = request.call()  # type: ignore[attr-defined]
    reason = _plain(body.reason)
    if body.verb == "note":
        return _case(actions.note_case(call, case=found, text=reason))
    if body.revision is None:
        needed = Text("请给出办件的修订号。", "Name the revision of the case.")
        raise InvalidInput(needed, fields={"revision": needed})
    match body.verb:
        case "claim":
            done = actions.claim_case(call, case=found, revision=body.revision)
        case "approve":
            done = actions.approve_case(call, case=found, revision=body.revision, opinion=reason)
        case "return":
            done = actions.return_case(call, case=found, revision=body.revision, reason=reason)
        case "refuse":
            done = actions.refuse_case(
                call, case=found, revision=body.revision, reason=reason, ground=_plain(body.ground)
            )
        case _:
            wrong = Text("没有这个步骤。", "There is no such step.")
            raise InvalidInput(wrong, fields={"verb": wrong})
    return _case(done)


# -- shapes ----------------------------------------------------------------------------------------
def _matter(found: Matter) -> dict[str, Any]:
    spec = found.current.spec
    return {
        "code": spec.code,
        "name": spec.name.to_dict(),
        "summary": spec.summary.to_dict(),
        "zones": list(spec.zones),
        "online": spec.online,
        "applicant": spec.applicant,
    }


def _checked(one: Any) -> dict[str, Any]:
    return {
        "condition": one.condition,
        "outcome": str(one.outcome),
        "reason": Text.of(one.reason).to_dict(),
        "citation": Text.of(one.citation).to_dict(),
        "rule": one.rule,
        "evidence": queries.plain(one.evidence),
        "simulated": one.simulated,
    }


def _file(one: CaseFile) -> dict[str, Any]:
    return {
        "id": one.pk,
        "material": one.material,
        "media_type": one.media_type,
        "size": one.size,
        "width": one.width,
        "height": one.height,
        "sha256": one.digest,
    }


def _case(found: Case) -> dict[str, Any]:
    return {
        "receipt": found.receipt, "matter": found.matter.code, "matter_name": found.matter.name,
        "state": str(found.state), "state_name": found.state_text.to_dict(),
        "department": found.department.text.to_dict(), "region": found.region_code,
        "submitted_at": found.submitted_at, "due_on": found.due,
        "suspended": queries.clock_of(found).suspended, "decided_at": found.decided_at,
        "licence": found.licence_number, "revision": found.revision, "simulated": found.simulated,
    }  # fmt: skip


def _detail(found: Case, side: Side) -> dict[str, Any]:
    office = side is Side.OFFICE
    answers = showing.answer_rows(found.spec, found.form, found.provenance)
    return _case(found) | {
        "applicant": found.applicant_name,
        "answers": {row["key"]: row["plain"]
                    for row in answers},
        "provenance": found.provenance,
        "findings": [_checked(one) for one in queries.findings(found)],
        "files": [_file(one) for one in queries.files(found)],
        "history": [{"at": one.at, "kind": one.kind, "text": one.text,
                     "reason": str(one.data.get("reason", ""))}
                    for one in found.history.all() if office or one.public],
        "decision": found.decision,
        "steps": [step.verb for step in steps_from(found.state, side)],
    }  # fmt: skip
