"""Types of licences become rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.trust.models import LicenceType
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict


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
