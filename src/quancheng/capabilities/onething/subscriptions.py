"""办件事件推动一件事: a case moved, so its item and what waits for it move too."""

from __future__ import annotations

from quancheng.capabilities.onething.actions import follow_case
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.events import Event


@events.subscribe("services.case.*", "onething.follow")
def of_cases(event: Event) -> None:
    """Cases of no bundle are left alone; the same event twice changes nothing."""
    receipt = event.data.get("receipt")
    if receipt:
        follow_case(Call.system("onething", key=f"follow:{event.id}"), receipt=str(receipt))


@events.subscribe("services.task.answered", "onething.follow_task")
def of_tasks(event: Event) -> None:
    """A review or an appeal was answered: the case may stand elsewhere now."""
    of_cases(event)
