"""平台代签: requests that the platform signs for a consumer: console, batch files, subscriptions."""

from __future__ import annotations

import time
from datetime import datetime
from uuid import uuid4

from quancheng.capabilities.exchange import gateway, grants, keyring, messages
from quancheng.capabilities.exchange.models import Grant
from quancheng.core import exchange as core
from quancheng.core.exchange.canonical import canonical


def taking_for(
    grant: Grant,
    at: datetime,
    mode: core.Mode,
    *,
    case: str = "",
    condition: core.Condition | None = None,
    fields: tuple[str, ...] = (),
    limit: int | None = None,
    offset: int = 0,
    id: str = "",
) -> gateway.Taking:
    """A request under a grant, signed with the consumer's key that the platform keeps.

    Raises Unavailable when the platform keeps no valid key of the consumer.
    """
    signer = keyring.signer_of(grant.consumer, at)
    names = fields or tuple(name for name, way in grant.fields.items() if way != core.Mask.HIDE)
    header = core.Request(
        id or uuid4().hex,
        at,
        grants.party_of(grant.consumer),
        grants.party_of(grant.provider),
        grant.number,
        grant.resource,
        grant.purpose,
        grant.basis,
        names,
        case,
        None if condition is None else core.condition_to_json(condition),
    )
    asking = messages.Asking(limit, offset)
    body = canonical({"limit": limit, "offset": offset} if limit is not None else {"offset": offset})
    signed = core.sign_request(header, body, signer)
    received = messages.Received(signed, header, asking)
    use = core.Use(
        grant.number, grant.consumer.code, grant.resource, grant.purpose,
        dict.fromkeys(names, core.Mask.KEEP), mode, condition, limit, case,
    )  # fmt: skip
    return gateway.Taking(received, signed.signature.key, grant, use, at, time.monotonic(), mode)
