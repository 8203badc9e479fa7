"""News the code acts on: a licence that is gone takes its rights off every phone."""

from __future__ import annotations

from quancheng.capabilities.code import actions
from quancheng.capabilities.code.vocabulary import entitlements
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.events import Event

GONE = frozenset({"trust.licence.revoked", "trust.licence.suspended", "trust.licence.replaced"})


@events.subscribe("trust.licence.*", "code.licences")
def of_licences(event: Event) -> None:
    """A licence was revoked or suspended: credentials that carry its right stop."""
    person, kind = event.data.get("person_id"), event.data.get("type_code")
    carried = {one.value for one in entitlements() if one.source == "licence"}
    if event.type in GONE and person is not None and kind in carried:
        call = Call.system("code", key=f"event:{event.id}")
        actions.stop_rights(call, person_id=person, licence_type=str(kind))
