"""The applicant's writers before anything is handed in: answers, facts, papers, consents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.onething.models import Bundle, BundleConsent, Theme
from quancheng.capabilities.onething.spec import Consent, digest_of
from quancheng.capabilities.onething.values import BundleState
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn

__all__ = ["attach_upload", "consent", "drop_draft", "said", "save_draft"]

LONGEST = 2000


@action("onething.draft.save", idempotent=False)
def save_draft(
    call: Call,
    *,
    theme: Theme,
    answers: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Bundle:
    """保存草稿: answers and facts are added to what is there. Raises NotSignedIn, Forbidden, Conflict."""
    access.require(call.actor, "apply", theme)
    bundle = _draft(call, theme)
    if answers:
        known = {one.key for one in bundle.spec.questionnaire.fields}
        bundle.answers = bundle.answers | {
            key: _small(value) for key, value in answers.items() if key in known
        }
    if facts:
        bundle.facts = bundle.facts | {
            key: _small(value) for key, value in facts.items() if key in bundle.spec.facts_by_key
        }
    bundle.save()
    audit.note(theme=theme.code, answers=sorted(answers or {}), facts=sorted(facts or {}))
    return bundle


@action("onething.consent", idempotent=False)
def consent(call: Call, *, bundle: Bundle, key: str, given: bool) -> BundleConsent:
    """授权或不授权 one use of data; what was read is kept with its digest. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "save", bundle)
    row = next((one for one in bundle.spec.consent if one.key == key), None)
    if row is None:
        raise InvalidInput(Text(f"没有授权 {key}。", f"There is no consent {key}."))
    _still_draft(bundle)
    words = said(row)
    kept, _made = BundleConsent.objects.update_or_create(
        bundle=bundle,
        key=key,
        defaults={
            "department": row.department, "given": given, "said": words, "digest": digest_of(words), "at": call.at
        },
    )  # fmt: skip
    audit.note(
        theme=bundle.theme.code, consent=key, given=given, department=row.department, digest=kept.digest
    )
    return kept


@action("onething.upload", idempotent=False)
def attach_upload(call: Call, *, bundle: Bundle, key: str, fact: Mapping[str, Any]) -> Bundle:
    """收材料 once for all items that need it; the file itself lies stored. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "save", bundle)
    if key not in {one.key for one in bundle.spec.upload}:
        raise InvalidInput(Text(f"这件事不收材料 {key}。", f"No paper {key} is asked for."))
    _still_draft(bundle)
    bundle.uploads = bundle.uploads | {key: dict(fact)}
    bundle.save(update_fields=["uploads"])
    audit.note(theme=bundle.theme.code, upload=key, sha256=fact["digest"])
    return bundle


@action("onething.draft.drop", idempotent=False)
def drop_draft(call: Call, *, bundle: Bundle) -> int:
    """删除草稿. Raises Forbidden, Conflict."""
    access.require(call.actor, "save", bundle)
    _still_draft(bundle)
    audit.note(theme=bundle.theme.code)
    BundleConsent.objects.filter(bundle=bundle).delete()
    bundle.delete()
    return 1


def said(row: Consent) -> dict[str, Any]:
    """What is read when a consent is given: the department, the data, the purpose, and what happens without."""
    return {
        "department": row.department, "data": row.data.to_dict(), "purpose": row.purpose.to_dict(),
        "without": row.without.to_dict(), "items": list(row.items),
    }  # fmt: skip


def _draft(call: Call, theme: Theme) -> Bundle:
    actor = call.actor
    if actor.user_id is None:
        raise NotSignedIn()
    if actor.person_id is None:
        raise Forbidden(
            Text("申请前需要完成实名认证。", "Your real name must be verified before you apply."),
            todo=Text("请在“我的”中完成实名认证。", "Verify your name under “My account”."),
        )
    if theme.current is None:
        raise Conflict(Text("这件事尚未发布。", "This is not published."))
    spec = theme.current.spec
    firm = actor.firm_id if spec.applicant != "person" else None
    known = people.prefill(actor)
    name, region = ("firm_name", "firm_region_code") if firm else ("name", "region_code")
    who = {
        "firm_id": firm, "applicant_name": str(known.get(name, {}).get("value", actor.name)),
        "region_code": str(known.get(region, {}).get("value", "")), "person_id": actor.person_id,
        "version": theme.current,
    }  # fmt: skip
    bundle, made = Bundle.objects.get_or_create(
        user_id=actor.user_id, theme=theme, state=BundleState.DRAFT.value,
        defaults={**who, "started_at": call.at, "simulated": actor.simulated},
    )  # fmt: skip
    if not made:
        for key, value in who.items():
            setattr(bundle, key, value)
    return bundle


def _still_draft(bundle: Bundle) -> None:
    if bundle.state != BundleState.DRAFT.value:
        raise Conflict(
            Text("这件事已经提交，不能再改。", "This was handed in already and cannot be changed.")
        )


def _small(value: Any) -> Any:
    return value.replace("\x00", "").strip()[:LONGEST] if isinstance(value, str) else value
