"""What the commands keep: finished backups and restore drills."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.security.models import BackupRecord, RestoreDrill
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action

__all__ = ["record_backup", "record_drill"]


@action("security.backup.record")
def record_backup(call: Call, *, place: str, made: dict[str, Any]) -> BackupRecord:
    """登记备份 that was finished."""
    access.require(call.actor, "record", BackupRecord)
    row: BackupRecord = BackupRecord.objects.create(place=place[:300], at=call.at, **made)
    audit.note(number=row.number, manifest=row.manifest, bytes=row.bytes)
    events.emit("security.backup.made", f"backup:{row.number}", {"bytes": row.bytes})
    return row


@action("security.drill.record")
def record_drill(
    call: Call, *, number: str, good: bool, figures: dict[str, Any], findings: list[Any], seconds: float
) -> RestoreDrill:
    """登记恢复演练 with its figures and what did not fit."""
    access.require(call.actor, "record", RestoreDrill)
    row: RestoreDrill = RestoreDrill.objects.create(
        number=number, good=good, figures=figures, findings=findings, seconds=seconds, at=call.at
    )
    audit.note(number=number, good=good, findings=len(findings))
    events.emit("security.drill.done", f"backup:{number}", {"good": good})
    return row
