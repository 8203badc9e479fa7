"""Out of the wallet: an office asks for facts, a wallet shows them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from quancheng.capabilities.credentials import issuing
from quancheng.capabilities.credentials.models import Question
from quancheng.capabilities.trust import queries as trust
from quancheng.core.sdjwt import Expect, SdFault, SdReason, verify
from quancheng.core.text import Text
from quancheng.kernel import access, audit, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput

NAMED = ("holder", "number")


@action("credentials.question.ask")
def ask(call: Call, *, department_id: int, type_code: str, claims: Sequence[str], purpose: str) -> Question:
    """请求出示: ask a wallet for facts of one licence type. Raises Forbidden, InvalidInput."""
    kind = trust.licence_type(type_code)
    known = {row["key"] for row in kind.items} | set(NAMED)
    fields = {}
    if not claims or set(claims) - known:
        fields["claims"] = Text("请从该证照的事实里至少选一项。", "Choose at least one fact of this licence.")
    if not 4 <= len(purpose.strip()) <= 200:
        fields["purpose"] = Text("请写明用途，4 至 200 字。", "Say the purpose, 4 to 200 characters.")
    if fields:
        raise InvalidInput(Text("请求不完整。", "The request is not complete."), fields=fields)
    row = Question.objects.create(
        code=secrets.token_urlsafe(18), nonce=secrets.token_urlsafe(24), asked_by_id=call.actor.user_id,
        department_id=department_id, purpose=purpose.strip(), type_code=type_code, claims=list(claims),
        asked_at=call.at,
        expires_at=call.at + timedelta(minutes=rulebook.find("credentials.ask_minutes").integer()),
    )  # fmt: skip
    access.require(call.actor, "ask", row)
    audit.note(question=row.pk, type=type_code, claims=list(claims))
    return row  # type: ignore[no-any-return]


@action("credentials.question.answer", idempotent=False)
def answer(call: Call, *, code: str, presentation: str, client_id: str) -> Question | None:
    """收到出示: check what a wallet shows; what was asked for is kept, once. None: no such open question."""
    access.require(call.actor, "answer", Question)
    rows = Question.objects.select_for_update().filter(code=code, state=Question.State.ASKED)
    row = rows.filter(expires_at__gt=call.at).first()
    if row is None:
        return None
    row.answered_at = call.at
    try:
        row.facts, row.state = (
            _facts(row, presentation, client_id, int(call.at.timestamp())),
            Question.State.ANSWERED,
        )
    except SdFault as wrong:
        row.state, row.reason = Question.State.REFUSED, str(wrong)[:200]
    row.save(update_fields=["answered_at", "facts", "state", "reason"])
    audit.note(question=row.pk, state=row.state, reason=row.reason)
    return row  # type: ignore[no-any-return]


def _facts(row: Question, presentation: str, client_id: str, now: int) -> dict[str, Any]:
    keys = issuing.trusted()

    def find(header: Mapping[str, Any], payload: Mapping[str, Any]) -> Any:
        return keys.get(str(header.get("kid"))) if payload.get("iss") == issuing.issuer() else None

    expect = Expect(
        find, now, audience=client_id, nonce=row.nonce, types=("dc+sd-jwt",), vct=issuing.vct(row.type_code)
    )
    claims = verify(presentation, expect).claims
    _alive(claims)
    shown = {name: claims[name] for name in row.claims if name in claims}
    if missing := [name for name in row.claims if name not in shown]:
        raise SdFault(SdReason.SELECTION, f"not shown: {', '.join(missing)}")
    return {**shown, issuing.ISSUER_CLAIM: claims.get(issuing.ISSUER_CLAIM, "")}


def _alive(claims: Mapping[str, Any]) -> None:
    status = claims.get("status")
    index = status.get("status_list", {}).get("idx") if isinstance(status, Mapping) else None
    if type(index) is not int or not issuing.good_now(index):
        raise SdFault(SdReason.EXPIRED, "the licence was revoked, or the credential stopped")
