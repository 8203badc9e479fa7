"""事件到读取: a case submitted or corrected with pictures has them read."""

from __future__ import annotations

from quancheng.capabilities.assistant import actions, known
from quancheng.capabilities.assistant.kinds import is_ignored
from quancheng.capabilities.services import queries as services
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotFound
from quancheng.kernel.events import Event


def _enqueue(event: Event) -> None:
    """Ask for a reading of every current picture that is a document."""
    receipt, department = event.data.get("receipt"), event.data.get("department_id")
    if not isinstance(receipt, str) or not isinstance(department, int):
        return
    try:
        case = known.case_for(receipt, department)
    except NotFound:
        return
    materials = {row.key: row for row in case.spec.material}
    call = Call.system(known.NAME, simulated=case.simulated)
    for file in services.files(case):
        row = materials.get(file.material)
        if row is None or is_ignored(row.name.zh):
            continue
        actions.request_reading(
            call,
            case=case,
            file=file,
            material_name={"zh": row.name.zh, "en": row.name.en},
            expected=list(known.expected_of(row)),
        )


@events.subscribe("services.case.submitted", "assistant.submitted")
def of_submitted(event: Event) -> None:
    """办件提交."""
    _enqueue(event)


@events.subscribe("services.case.corrected", "assistant.corrected")
def of_corrected(event: Event) -> None:
    """办件补正."""
    _enqueue(event)
