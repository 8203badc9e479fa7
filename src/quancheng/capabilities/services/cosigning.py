"""共同申请: invite the second applicant, let them agree from their own account, and know who agreed.

What was agreed to is fixed by a digest of the answers: after a change it takes a new word. Once the
application is submitted the word stays with the case, also through corrections.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from quancheng.capabilities.messages import actions as messages
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services.cosign_models import CoSigner
from quancheng.capabilities.services.definitions import definition_of, spec_of
from quancheng.capabilities.services.facts import Applicant
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.models import Case, Draft
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.forms import Field, FormDefinition, FormState, Kind, Page
from quancheng.core.identity import IdentityNumberError, parse_resident_id
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "agreed",
    "answer_invitation",
    "digest_of_answers",
    "fields_of",
    "invite_cosigner",
    "named",
    "standing",
]


def named(value: Any) -> dict[str, str]:
    """The name and number of a second applicant, and nothing else that was sent."""
    if not isinstance(value, Mapping):
        return {}
    found = {key: str(value.get(key) or "").replace("\x00", "").strip()[:60] for key in ("name", "id_number")}
    found["id_number"] = found["id_number"].upper().replace(" ", "")
    return {key: text for key, text in found.items() if text}


def fields_of(definition: FormDefinition) -> tuple[Field, ...]:
    """Fields that name another person who must agree."""
    return tuple(field for field in definition.fields if field.kind is Kind.COSIGNER)


def digest_of_answers(found: FormState) -> str:
    """Fingerprint of what is agreed to: every answer but the notes of the house."""
    text = json.dumps(found.answers, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def standing(draft: Draft | None) -> dict[str, CoSigner]:
    """The last invitation of a draft, by field."""
    if draft is None:
        return {}
    rows = CoSigner.objects.filter(draft=draft).exclude(state=CoSigner.State.REPLACED)
    return {row.field: row for row in rows.select_related("person").order_by("invited_at", "pk")}


def agreed(
    spec: MatterSpec, applicant: Applicant, definition: FormDefinition, found: FormState
) -> tuple[dict[str, Any], dict[str, Text]]:
    """Provenance of the other applicants' words, and whose word is missing."""
    provenance: dict[str, Any] = {}
    missing: dict[str, Text] = {}
    for field in fields_of(definition):
        person = found.answers.get(field.key)
        if field.key not in found.visible or not person:
            continue
        if wrong := person_problem(field, person, applicant):
            missing[field.key] = wrong
            continue
        row = _word(spec, applicant, field, person, found)
        if row is None or row.answered_at is None:
            missing[field.key] = Text(
                f"{field.label.zh}还没有用本人账户确认，请先发送邀请，等对方确认后再提交",
                f"{field.label.en} has not agreed from their own account; send the invitation and wait",
            )
        else:
            provenance[field.key] = {
                "source": {"zh": "本人账户确认", "en": "Agreed from their own account"},
                "as_of": row.answered_at.isoformat(),
                "simulated": row.person.simulated,
                "changed": False,
            }
    return provenance, missing


def person_problem(field: Field, person: Mapping[str, Any], applicant: Applicant) -> Text | None:
    """Why this cannot be a second applicant."""
    if not person.get("name"):
        return Text(f"请填写{field.label.zh}的姓名", f"Enter the name of {field.label.en.lower()}")
    try:
        number = parse_resident_id(str(person.get("id_number") or ""), on=clock.today()).number
    except IdentityNumberError as wrong:
        return wrong.text
    if number == applicant.subject.resident_id:
        return Text("共同申请人不能是您自己", "The second applicant cannot be yourself")
    return None


def wrong_people(
    definition: FormDefinition, found: FormState, applicant: Applicant, page: Page | None = None
) -> dict[str, Text]:
    """Second applicants that cannot be ones, by field."""
    wrong: dict[str, Text] = {}
    for field in fields_of(definition):
        person = found.answers.get(field.key)
        asked = field.key in found.visible and (page is None or field.key in page.fields)
        if person and asked and (text := person_problem(field, person, applicant)):
            wrong[field.key] = text
    return wrong


def _word(
    spec: MatterSpec, applicant: Applicant, field: Field, person: Mapping[str, Any], found: FormState
) -> CoSigner | None:
    """The confirmation that holds for these answers."""
    rows = CoSigner.objects.filter(
        _by(applicant), matter__code=spec.code, field=field.key, state=CoSigner.State.CONFIRMED,
        person__id_number=person["id_number"], person__name=person["name"],
    ).select_related("person")  # fmt: skip
    row: CoSigner | None = rows.order_by("-answered_at", "-pk").first()
    if row is None or row.digest == digest_of_answers(found):
        return row
    mine = Case.objects.filter(_by(applicant), matter__code=spec.code, state=State.CORRECTION.value)
    return row if row.draft_id is None and mine.exists() else None


def _by(applicant: Applicant) -> Q:
    """Rows of this applicant, a person or a firm."""
    if applicant.firm_id is not None:
        return Q(firm_id=applicant.firm_id)
    return Q(firm_id=None, applicant_id=applicant.person_id or 0)


@action("services.cosigner.invite")
def invite_cosigner(call: Call, *, draft: Draft, field: str) -> CoSigner:
    """邀请共同申请人 named in the draft; an older invitation about the field lapses.

    Raises Forbidden, InvalidInput (no such field, not filled in, nobody of that name and number).
    """
    from quancheng.capabilities.services.facts import applicant_of

    access.require(call.actor, "save", draft)
    spec = spec_of(draft.matter)
    applicant = applicant_of(call.actor, spec)
    asked = next((one for one in fields_of(definition_of(spec)) if one.key == field), None)
    if asked is None:
        raise InvalidInput(Text("表单里没有这个共同申请人。", "The form has no such second applicant."))
    person = draft.form.get(field) or {}
    if wrong := person_problem(asked, person, applicant):
        raise InvalidInput(wrong, fields={field: wrong})
    invited = _registered(call, asked, person)
    CoSigner.objects.filter(draft=draft, field=field).exclude(state=CoSigner.State.REPLACED).update(
        state=CoSigner.State.REPLACED
    )
    row: CoSigner = CoSigner.objects.create(
        matter=draft.matter, draft=draft, applicant_id=applicant.person_id, firm_id=applicant.firm_id,
        applicant_name=applicant.subject.name, field=field, person=invited,
        invited_by_id=call.actor.user_id or 0, invited_at=call.at,
    )  # fmt: skip
    _tell(
        invited.pk,
        f"services.cosigner:{row.pk}:invited",
        Text("请您确认一份共同申请", "Please confirm a joint application"),
        Text(
            f"{applicant.subject.name}申请“{spec.name.zh}”，请您作为“{asked.label.zh}”核对内容并确认。",
            f"{applicant.subject.name} applies for “{spec.name.en}” and asks you to check and confirm.",
        ),
        f"/cases/sign/{row.pk}/",
    )
    audit.note(matter=spec.code, field=field, cosigner=row.pk)
    return row


def _registered(call: Call, field: Field, person: Mapping[str, Any]) -> Any:
    """The registered person; who does not match is not told what is wrong, so nobody can be probed."""
    unknown = Text(
        "姓名与身份证号不一致，或对方还没有登记，无法邀请。请核对后再试。",
        "The name and number do not match a registered person; check them and try again.",
    )
    try:
        found = people.person_by_id_number(
            Call.system("services").actor, str(person["id_number"]), purpose="共同申请人邀请"
        )
    except (NotFound, InvalidInput) as wrong:
        raise InvalidInput(unknown, fields={field.key: unknown}) from wrong
    if found.name != person["name"]:
        raise InvalidInput(unknown, fields={field.key: unknown})
    return found


@action("services.cosigner.answer")
def answer_invitation(call: Call, *, row: CoSigner, agree: bool, digest: str) -> CoSigner:
    """答复邀请: agree to what was shown, or not. Raises Forbidden, Conflict (changed, answered)."""
    access.require(call.actor, "answer", row)
    row = CoSigner.objects.select_for_update(of=("self",)).select_related("matter", "draft").get(pk=row.pk)
    if row.state != CoSigner.State.INVITED or row.draft is None:
        raise Conflict(
            Text("这份邀请已经答复或已失效。", "This invitation was answered or is no longer in force.")
        )
    if agree and digest != digest_of_answers(shown_to(row)):
        raise Conflict(
            Text(
                "申请内容刚刚改动过，请重新核对后再确认。",
                "The application has just been changed; check it again before you confirm.",
            )
        )
    row.state = CoSigner.State.CONFIRMED if agree else CoSigner.State.DECLINED
    row.digest, row.answered_at = digest if agree else "", call.at
    row.save()
    name = row.matter.text
    _tell(
        None,
        f"services.cosigner:{row.pk}:answered",
        Text("共同申请人已确认", "The second applicant has confirmed")
        if agree
        else Text("共同申请人不同意", "The second applicant does not agree"),
        Text(
            f"{row.person.name}{'已确认' if agree else '不同意'}您的“{name.zh}”申请。",
            f"{row.person.name} has {'confirmed' if agree else 'not agreed to'} your application “{name.en}”.",
        ),
        f"/matters/{row.matter.code}/apply/check/",
        user_id=row.invited_by_id,
    )
    audit.note(cosigner=row.pk, agree=agree)
    return row


def invitation(actor: Any, pk: int) -> CoSigner:
    """An invitation the asker may see. Raises NotFound."""
    found: CoSigner | None = (
        access.visible(actor, CoSigner)
        .select_related("matter__current", "draft", "person")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def shown_to(row: CoSigner) -> FormState:
    """The application as it stands now, worked out for its applicant."""
    from quancheng.capabilities.services.facts import applicant_of
    from quancheng.capabilities.services.filling import evaluated

    draft = row.draft
    if draft is None:
        raise Conflict(Text("这份申请已经提交或删除。", "This application was submitted or dropped."))
    spec = spec_of(draft.matter)
    owner = people.user_actor(row.invited_by)
    if row.firm_id is not None:
        from dataclasses import replace

        owner = replace(owner, firm_id=row.firm_id)
    files = [one for one in draft.files.all() if one.current]
    return evaluated(spec, applicant_of(owner, spec), draft.form, files)


def _tell(
    person_id: int | None, source: str, title: Text, body: Text, link: str, *, user_id: int | None = None
) -> None:
    messages.send_message(
        Call.system("services"), title=title, body=body, source=source, person_id=person_id,
        user_id=user_id, kind="notice", link=link,
    )  # fmt: skip
