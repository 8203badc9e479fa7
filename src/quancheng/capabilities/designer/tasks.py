"""Background work: moving running cases to a newer version, a page at a time, taken up again after a crash."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.designer import actions
from quancheng.capabilities.designer.models import Migration
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import actions as services
from quancheng.capabilities.services import queries as matters
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import QuanchengError


@jobs.job("designer.migrate")
def migrate(handle: Any = None, *, migration: int) -> dict[str, Any]:
    """迁移: each case in its own transaction; one that would lose data stays where it is, with the reason."""
    kept = Migration.objects.select_related("by").get(pk=migration)
    if kept.ended_at is not None:
        return {"moved": kept.moved, "refused": len(kept.refused)}
    actor, cursor, seen = people.user_actor(kept.by), None, 0
    while True:
        rows, page = matters.migration_preview(actor, kept.code, {"cursor": cursor} if cursor else {})
        moved, refused, last = 0, [], kept.last_id
        for row in rows:
            last = max(last, row["case"].pk)
            try:
                services.migrate_case(Call(actor), case=row["case"], to_version_id=kept.version_id_kept)
                moved += 1
            except QuanchengError as wrong:
                refused.append({"receipt": row["receipt"], "reason": wrong.detail.to_dict()})
        seen += len(rows)
        cursor = page.next
        kept = actions.progress_migration(
            Call.system("designer"), migration=kept, moved=moved, refused=refused, last_id=last, done=cursor is None
        )  # fmt: skip
        if handle is not None:
            handle.progress(1.0 if cursor is None else seen / (seen + 100))
        if cursor is None:
            return {"moved": kept.moved, "refused": len(kept.refused)}
