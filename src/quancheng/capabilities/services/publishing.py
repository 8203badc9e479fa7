"""事项发布: definitions become versions; the same content is the same version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from quancheng.capabilities.services import results as _services  # noqa: F401 - registers the service tasks
from quancheng.capabilities.services.linting import faults
from quancheng.capabilities.services.models import Matter, MatterVersion
from quancheng.capabilities.services.spec import MatterSpec, digest_of, read_spec
from quancheng.capabilities.trust.actions import publish_type
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


def refuse_faults(spec: MatterSpec) -> None:
    """Raise InvalidInput with every reason why this definition could not run."""
    found = faults(spec)
    if not found:
        return
    lines = [
        Text(f"{one.element or one.part}：{one.text.zh}", f"{one.element or one.part}: {one.text.en}")
        for one in found
    ]
    raise InvalidInput(
        Text(
            "事项不能发布。" + "".join(one.zh for one in lines[:5]),
            "It cannot be published. " + " ".join(one.en for one in lines[:5]),
        ),
        extra={
            "faults": [
                {"part": one.part, "element": one.element, "text": one.text.to_dict()} for one in found
            ]
        },
    )


@action("services.matter.publish", idempotent=False)
def publish_matter(call: Call, *, content: Mapping[str, Any], module: str) -> Matter:
    """发布事项: make or change a matter; running cases keep the version they began with.

    Raises Forbidden, InvalidInput (the definition is wrong), Conflict (another module owns the code).
    """
    access.require(call.actor, "publish", Matter)
    try:
        spec = read_spec(content)
    except ValidationError as wrong:
        detail = "; ".join(f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in wrong.errors()[:5])
        raise InvalidInput(Text(f"事项定义有误：{detail}", f"The definition is wrong: {detail}")) from wrong
    refuse_faults(spec)
    plain = spec.model_dump(mode="json", exclude_none=True)
    digest = digest_of(plain)
    matter = Matter.objects.select_related("current").filter(code=spec.code).first()
    if matter is not None and matter.module != module:
        raise Conflict(
            Text(
                f"事项 {spec.code} 由 {matter.module} 登记。", f"{matter.module} owns the matter {spec.code}."
            )
        )
    audit.note(matter=spec.code, digest=digest)
    if matter is not None and matter.current is not None and matter.current.digest == digest:
        return matter  # type: ignore[no-any-return]
    for kind in spec.licence_type:
        publish_type(
            call, code=kind.code, name=kind.name.to_dict(), prefix=kind.prefix, colour=kind.colour,
            items=[row.model_dump(mode="json") for row in kind.items], module=module, several=kind.several,
        )  # fmt: skip
    if matter is None:
        matter = Matter(code=spec.code, module=module, name=spec.name.to_dict())
    matter.name, matter.zones = spec.name.to_dict(), list(spec.zones)
    matter.online, matter.order, matter.enabled = spec.online, spec.order, True
    matter.save()
    last = matter.versions.order_by("-number").values_list("number", flat=True).first() or 0
    matter.current = MatterVersion.objects.create(
        matter=matter, number=last + 1, content=plain, digest=digest, published_at=call.at
    )
    matter.save(update_fields=["current"])
    return matter  # type: ignore[no-any-return]
