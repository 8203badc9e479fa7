"""The register of recipients: proposed by one person, approved by another, suspended at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_slug

from quancheng.capabilities.vault.models import Recipient, RecipientKey
from quancheng.core.keys import KeyFault, from_jwk, to_jwk
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput


@action("vault.recipient.propose")
def propose_recipient(
    call: Call,
    *,
    code: str,
    name: Mapping[str, str],
    kind: str,
    jwk: Mapping[str, Any],
    callback: str = "",
    department_id: int | None = None,
) -> Recipient:
    """登记使用方 with its first key; it asks nothing before somebody else approved it.

    Raises Forbidden, InvalidInput, Conflict (code or key taken).
    """
    _check(code, name, kind, callback, department_id)
    public = _public(jwk)
    if Recipient.objects.filter(code=code).exists():
        raise Conflict(Text("代码已被使用。", "The code is taken."))
    row = Recipient.objects.create(
        code=code, name={"zh": name["zh"].strip(), "en": name["en"].strip()}, kind=kind, callback=callback,
        department_id=department_id, proposed_by=call.actor.user_id, proposed_name=str(call.actor)[:100],
        proposed_at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    access.require(call.actor, "propose", row)
    _key(row, public, call)
    audit.note(code=code, kind=kind, kid=public.kid.hex())
    events.emit("vault.recipient.changed", code, {"code": code, "standing": row.standing})
    return row  # type: ignore[no-any-return]


@action("vault.recipient.approve", idempotent=False)
def approve_recipient(call: Call, *, recipient: Recipient) -> Recipient:
    """复核通过, or let a suspended one ask again: by somebody else than the proposer. Raises Forbidden, Conflict."""
    access.require(call.actor, "approve", recipient)
    row: Recipient = Recipient.objects.select_for_update().get(pk=recipient.pk)
    if row.standing == Recipient.Standing.ACTIVE:
        raise Conflict(Text("该使用方已可用。", "The recipient is active already."))
    if row.proposed_by is not None and row.proposed_by == call.actor.user_id:
        raise Forbidden(Text("登记人不能复核自己的登记。", "Who proposed it may not approve it."))
    row.standing, row.reason = Recipient.Standing.ACTIVE, ""
    row.approved_name, row.approved_at = str(call.actor)[:100], call.at
    row.save(update_fields=["standing", "reason", "approved_name", "approved_at"])
    return _moved(row)


@action("vault.recipient.suspend", idempotent=False)
def suspend_recipient(call: Call, *, recipient: Recipient, reason: str) -> Recipient:
    """暂停: from now on it asks and uses nothing, live grants included. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "suspend", recipient)
    if not reason.strip():
        said = Text("请填写暂停原因。", "Give the reason for suspending.")
        raise InvalidInput(said, fields={"reason": said})
    row: Recipient = Recipient.objects.select_for_update().get(pk=recipient.pk)
    if row.standing == Recipient.Standing.SUSPENDED:
        raise Conflict(Text("该使用方已经暂停。", "The recipient is suspended already."))
    row.standing, row.reason, row.proposed_by = (
        Recipient.Standing.SUSPENDED,
        reason.strip()[:300],
        call.actor.user_id,
    )
    row.save(update_fields=["standing", "reason", "proposed_by"])
    return _moved(row)


@action("vault.key.add")
def add_key(call: Call, *, recipient: Recipient, jwk: Mapping[str, Any]) -> RecipientKey:
    """登记新公钥; earlier ones go on until they are revoked. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "suspend", recipient)
    return _key(recipient, _public(jwk), call)


@action("vault.key.revoke", idempotent=False)
def revoke_key(call: Call, *, key: RecipientKey) -> RecipientKey:
    """停用公钥: signs no new request; receipts it countersigned still verify. Raises Forbidden, Conflict."""
    access.require(call.actor, "suspend", key.recipient)
    if not RecipientKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=call.at):
        raise Conflict(Text("该公钥已经停用。", "The key is revoked already."))
    audit.note(kid=key.kid)
    return key.refresh()


def _moved(row: Recipient) -> Recipient:
    audit.note(code=row.code, standing=row.standing, reason=row.reason)
    events.emit("vault.recipient.changed", row.code, {"code": row.code, "standing": row.standing})
    return row


def _check(code: str, name: Mapping[str, str], kind: str, callback: str, department_id: int | None) -> None:
    wrong: dict[str, Text] = {}
    for field in ("zh", "en"):
        if not 2 <= len(name.get(field, "").strip()) <= 80:
            wrong[field] = Text("请填写名称，2至80字。", "Enter a name of 2 to 80 characters.")
    if kind not in Recipient.Kind.values:
        wrong["kind"] = Text("请选择类型。", "Choose the kind.")
    if kind == Recipient.Kind.DEPARTMENT and department_id is None:
        wrong["department"] = Text("部门须选择机构。", "Choose the department.")
    for field, check, value in (
        ("code", validate_slug, code),
        ("callback", URLValidator(["http", "https"]), callback),
    ):
        try:
            if value or field == "code":
                check(value)
        except ValidationError:
            wrong[field] = Text("格式不对。", "It has the wrong form.")
    if wrong:
        raise InvalidInput(fields=wrong)


def _public(jwk: Mapping[str, Any]) -> Any:
    try:
        return from_jwk(jwk)
    except KeyFault as fault:
        said = Text(f"公钥无效：{fault}", f"The public key is none: {fault}")
        raise InvalidInput(said, fields={"jwk": said}) from fault


def _key(row: Recipient, public: Any, call: Call) -> RecipientKey:
    kid = public.kid.hex()
    if RecipientKey.objects.filter(kid=kid).exists():
        raise Conflict(Text("这把公钥已经登记。", "This key is registered already."))
    return RecipientKey.objects.create(  # type: ignore[no-any-return]
        recipient=row, kid=kid, jwk=to_jwk(public), added_at=call.at
    )
