"""Lineage 血缘: events are kept as they come; edges are merged from all events of a run."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from quancheng.capabilities.collection import lineage
from quancheng.capabilities.collection.models import LineageEdge, LineageEvent, Run
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput

FIRST_YEAR, LAST_YEAR = 1970, 2199
LARGEST = 500
"""Datasets of one event."""


@action("collection.lineage.record", idempotent=False)
def record_lineage(call: Call, *, event: Mapping[str, Any]) -> bool:
    """登记血缘事件: an OpenLineage run event of any producer. The same one again adds nothing: False.

    Events of one run are merged, never replaced by those of another source. Raises InvalidInput.
    """
    access.require(call.actor, "record", LineageEvent)
    body = lineage.check(dict(event))
    if len(body.get("inputs") or ()) + len(body.get("outputs") or ()) > LARGEST:
        raise InvalidInput(Text("一个事件的数据集过多。", "The event names too many datasets."))
    made = _keep(body)
    audit.note(run=str(body["run"].get("runId"))[:40], kind=body["eventType"], new=made)
    return made


def _keep(body: Mapping[str, Any]) -> bool:
    try:
        run_id, at = uuid.UUID(str(body["run"].get("runId"))), datetime.fromisoformat(str(body["eventTime"]))
    except ValueError as wrong:
        raise InvalidInput(
            fields={
                "run": Text(
                    "runId 应为 UUID，eventTime 应为 ISO 8601 时间。", "runId is a UUID, eventTime ISO 8601."
                )
            }
        ) from wrong
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise InvalidInput(
            fields={"eventTime": Text("时间不在1970至2199年间。", "A time from 1970 to 2199.")}
        )
    if at.tzinfo is None:
        at = at.replace(tzinfo=clock.LOCAL)
    job = f"{body['job'].get('namespace', '')}|{body['job']['name']}"[:200]
    _, made = LineageEvent.objects.get_or_create(
        digest=lineage.digest(body),
        defaults={
            "run_id": run_id, "kind": str(body["eventType"]), "at": at, "job": job,
            "producer": str(body["producer"])[:200], "body": dict(body),
        },
    )  # fmt: skip
    if made:
        _merge(run_id, job, at)
    return made


def _merge(run_id: uuid.UUID, job: str, at: datetime) -> None:
    bodies = list(
        LineageEvent.objects.filter(run_id=run_id).order_by("at", "id").values_list("body", flat=True)
    )
    wanted = {(edge.source, edge.target): edge.columns for edge in lineage.edges(bodies)}
    for edge in LineageEdge.objects.filter(run_id=run_id):
        if (edge.source, edge.target) not in wanted:
            edge.delete()
    for (source, target), columns in wanted.items():
        LineageEdge.objects.update_or_create(
            run_id=run_id, source=source, target=target, defaults={"columns": columns, "job": job, "at": at}
        )


def note_run(call: Call, run: Run, kind: str) -> None:
    """The event of a collection run; called inside its action."""
    feed = run.feed
    if not run.source and kind == "COMPLETE":
        return  # the source said itself that nothing is new: nothing was read
    facts = lineage.Facts(
        run_id=str(run.pk), kind=kind, at=call.at, job=feed.code, title=feed.zh, source=run.source,
        table_id=str(feed.table_id or ""), columns=feed.columns, mapping=feed.plan_of_columns.columns,
        counts={name: number for name, number in run.counts.items() if isinstance(number, int)},
        size=run.raw_bytes, version=run.version,
        error=Text.of(run.failure["text"]).en if run.failure else "",
    )  # fmt: skip
    _keep(lineage.event(facts))
