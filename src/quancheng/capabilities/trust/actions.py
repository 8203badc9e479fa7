"""The writers of licences."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings

from quancheng.capabilities.trust.models import Licence, LicenceType, Serial
from quancheng.capabilities.trust.pdf_seal import authority, seal_image, seal_pdf
from quancheng.capabilities.trust.sealing import code_of, commitment_of, hash_of, licence_number
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = ["authority", "issue_licence", "publish_type", "revoke_licence", "seal_image", "seal_pdf"]


@action("trust.type.publish")
def publish_type(
    call: Call,
    *,
    code: str,
    name: Mapping[str, str],
    prefix: str,
    colour: str,
    items: list[dict[str, Any]],
    module: str,
    several: bool = False,
) -> LicenceType:
    """登记证照类型: create or change a type. Raises Forbidden, Conflict (another module owns it)."""
    access.require(call.actor, "publish", LicenceType)
    earlier = LicenceType.objects.filter(code=code).first()
    if earlier is not None and earlier.module != module:
        raise Conflict(
            Text(f"证照类型 {code} 已由 {earlier.module} 登记。", f"{earlier.module} owns the type {code}.")
        )
    kept, _made = LicenceType.objects.update_or_create(
        code=code,
        defaults={
            "name": dict(name), "prefix": prefix, "colour": colour, "items": items, "several": several,
            "module": module,
        },
    )  # fmt: skip
    audit.note(type=code)
    return kept  # type: ignore[no-any-return]


@action("trust.licence.issue")
def issue_licence(
    call: Call,
    *,
    type_code: str,
    department_id: int,
    region_code: str,
    holder_name: str,
    items: Mapping[str, Any],
    person_id: int | None = None,
    firm_id: int | None = None,
    case: str = "",
    valid_to: date | None = None,
    submitted_by_id: int | None = None,
) -> Licence:
    """签发证照 to a person or a firm. Raises Forbidden, InvalidInput, Conflict (holds one already)."""
    kind = LicenceType.objects.filter(code=type_code).first()
    if kind is None:
        raise InvalidInput(Text(f"没有证照类型 {type_code}。", f"There is no licence type {type_code}."))
    if (person_id is None) == (firm_id is None):
        raise InvalidInput(Text("证照须有一个持证主体。", "A licence has exactly one holder."))
    if not kind.several:
        _not_twice(kind, person_id, firm_id)
    today = clock.today()
    number = licence_number(kind.prefix, region_code, today.year, _next_serial(kind, region_code, today.year))
    licence = Licence(
        number=number,
        code=code_of(settings.SECRET_KEY, number),
        type=kind,
        person_id=person_id,
        firm_id=firm_id,
        holder_name=holder_name,
        items=dict(items),
        issued_by_id=department_id,
        issued_on_case=case,
        issued_at=call.at,
        valid_from=today,
        valid_to=valid_to,
        salt=secrets.token_hex(16),
        simulated=call.actor.simulated,
    )
    content = licence.content()
    licence.content_hash = hash_of(content)
    licence.commitment = commitment_of(licence.salt, content)
    licence.save()
    access.require(call.actor, "issue", licence)
    audit.note(number=number, type=type_code, case=case, commitment=licence.commitment)
    events.emit(
        "trust.licence.issued",
        number,
        {
            "number": number, "type": kind.name, "type_code": type_code, "person_id": person_id,
            "firm_id": firm_id, "submitted_by_id": submitted_by_id, "case": case,
            "commitment": licence.commitment, "simulated": licence.simulated,
        },
    )  # fmt: skip
    return licence


@action("trust.licence.revoke")
def revoke_licence(call: Call, *, licence: Licence, reason: str) -> Licence:
    """撤销证照, with a reason the holder is told. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "revoke", licence)
    reason = reason.strip()
    if not reason:
        needed = Text("请填写撤销原因。", "Give the reason for revoking.")
        raise InvalidInput(needed, fields={"reason": needed})
    live = Licence.objects.filter(pk=licence.pk, status=Licence.Status.VALID)
    changed = live.update(status=Licence.Status.REVOKED, revoked_at=call.at, revoked_reason=reason[:300])
    if not changed:
        raise Conflict(Text("该证照已经撤销。", "The licence was revoked already."))
    licence.refresh()
    audit.note(number=licence.number, reason=reason[:300], commitment=licence.commitment)
    events.emit(
        "trust.licence.revoked",
        licence.number,
        {
            "number": licence.number, "type": licence.type.name, "type_code": licence.type.code,
            "person_id": licence.person_id, "firm_id": licence.firm_id, "reason": reason[:300],
            "simulated": licence.simulated,
        },
    )  # fmt: skip
    return licence


def _not_twice(kind: LicenceType, person_id: int | None, firm_id: int | None) -> None:
    held = Licence.objects.filter(
        type=kind, person_id=person_id, firm_id=firm_id, status=Licence.Status.VALID
    )
    if any(not licence.expired for licence in held):
        raise Conflict(
            Text(
                f"该主体已持有有效的{kind.name['zh']}。", f"The holder already has a valid {kind.name['en']}."
            )
        )


def _next_serial(kind: LicenceType, region: str, year: int) -> int:
    key = f"{kind.prefix}:{region[:6]}:{year}"
    Serial.objects.get_or_create(key=key)
    row = Serial.objects.select_for_update().get(key=key)
    row.last += 1
    row.save(update_fields=["last"])
    return row.last  # type: ignore[no-any-return]
