"""Who applies has answered the hint."""

from __future__ import annotations

from quancheng.capabilities.outreach import actions
from quancheng.capabilities.outreach.models import Hint
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.events import Event


@events.subscribe("services.case.submitted", "outreach.applied")
def applied(event: Event) -> None:
    """已申请: the hint of this matter, if there was one."""
    person, matter = event.data.get("person_id"), str(event.data["matter_code"])
    if person is None or not Hint.objects.filter(person_id=person, state=Hint.State.TOLD).exists():
        return
    actions.mark_applied(
        Call.system("outreach"), person_id=person, matter=matter, receipt=str(event.data["receipt"])
    )
