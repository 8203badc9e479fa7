"""Gates and counters: register, stop, give a new token."""

from __future__ import annotations

import hashlib
import secrets

from django.utils.text import slugify

from quancheng.capabilities.code.models import Verifier
from quancheng.capabilities.code.vocabulary import scene
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("code.verifier.register")
def register_verifier(
    call: Call, *, code: str, name: str, kind: str, scene_code: str, department_id: int
) -> Verifier:
    """登记验码点. It has no token yet: ``renew_token`` gives one.

    Raises Forbidden, InvalidInput, Conflict (the code is taken).
    """
    where = scene(scene_code)
    code = slugify(code)
    if not code or kind not in Verifier.Kind.values or not name.strip():
        said = Text(
            "请填写编号（字母、数字、连字符）、名称和种类。",
            "Give a code (letters, digits, -), name and kind.",
        )
        raise InvalidInput(said, fields={"code": said})
    if Verifier.objects.filter(code=code).exists():
        raise Conflict(Text(f"编号 {code} 已登记。", f"The code {code} is taken."))
    row = Verifier.objects.create(
        code=code,
        name=name.strip()[:80],
        kind=kind,
        scene=where.code,
        department_id=department_id,
        made_at=call.at,
        simulated=call.actor.simulated,
    )
    access.require(call.actor, "manage", row)
    audit.note(verifier=code, scene=where.code)
    return row  # type: ignore[no-any-return]


@action("code.verifier.token", idempotent=False)
def renew_token(call: Call, *, verifier: Verifier) -> str:
    """新令牌: shown once; the earlier one stops working. Raises Forbidden."""
    access.require(call.actor, "manage", verifier)
    token = secrets.token_urlsafe(32)
    Verifier.objects.filter(pk=verifier.pk).update(token_digest=digest_of(token))
    audit.note(verifier=verifier.code)
    return token


def digest_of(token: str) -> str:
    """What is kept of a token: its SHA-256 (the token has 256 random bits, so no salt)."""
    return hashlib.sha256(token.encode()).hexdigest()


@action("code.verifier.set")
def set_verifier(call: Call, *, verifier: Verifier, active: bool) -> Verifier:
    """启用或停用验码点. Raises Forbidden."""
    access.require(call.actor, "manage", verifier)
    verifier.state = Verifier.State.ACTIVE if active else Verifier.State.STOPPED
    verifier.save(update_fields=["state"])
    audit.note(verifier=verifier.code, active=active)
    return verifier
