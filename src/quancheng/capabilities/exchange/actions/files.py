"""The writers of batch files: asked for, made by a job, fetched, removed."""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from quancheng.capabilities.exchange import (
    batches,
    gateway,
    grants,
    keyring,
    ledger,
    sources,
    standing,
    terms,
)
from quancheng.capabilities.exchange.actions.exchanges import record_exchange
from quancheng.capabilities.exchange.models import BatchFile, Grant
from quancheng.core import exchange as core
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, jobs
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, QuanchengError


@action("exchange.order_file")
def order_file(call: Call, *, grant: str, case: str = "") -> BatchFile:
    """申请批量文件: a job makes it within minutes. Raises NotFound, Conflict for a grant of another kind."""
    row = usable(call, grant)
    if not row.allows(core.Mode.BATCH) or not row.table_id:
        raise Conflict(core.Refusal.MODE.text)
    if row.case_required and not case.strip():
        raise InvalidInput(fields={"case": core.Refusal.CASE_MISSING.text})
    file: BatchFile = BatchFile.objects.create(
        grant=row, case=case.strip()[:80], asked_by=str(call.actor)[:100], asked_at=call.at
    )
    jobs.enqueue("exchange.make_file", {"file": file.pk}, key=f"exchange.file:{file.pk}")
    audit.note(file=file.pk, grant=row.number)
    return file


def usable(call: Call, number: str) -> Grant:
    """A grant the actor may use, locked; raises NotFound, Forbidden."""
    found = access.visible(call.actor, Grant).filter(number=number).first()
    if found is None:
        access.require(call.actor, "use", Grant)
        raise NotFound(Text("没有这项授权。", "There is no such grant."))
    access.require(call.actor, "use", found)
    rows = Grant.objects.select_related("consumer", "provider", "counter")
    row: Grant = rows.get(pk=found.pk)
    return row


def _prepare(
    call: Call, *, file: int
) -> tuple[gateway.Taking, batches.Written, core.Signed, tuple[str, ...]] | QuanchengError:
    """Rows to a file before the transaction: it may take minutes."""
    row = BatchFile.objects.select_related("grant__consumer", "grant__provider", "grant__counter").get(
        pk=file
    )
    if row.state != BatchFile.State.WAITING:
        return Conflict(Text("文件已处理。", "The file was dealt with."))
    grant, at = row.grant, clock.now()
    try:
        ledger.intake.require(at)
        taking = standing.taking_for(grant, at, core.Mode.BATCH, case=row.case)
        verdict = core.decide(grants.value_of(grant), grants.used_of(grant.counter), taking.use, at)
        if isinstance(verdict, core.Refused):
            return Conflict(verdict.text)
        return _made(taking, verdict, _watermark(grant, at.astimezone(clock.LOCAL).date().isoformat()))
    except QuanchengError as error:
        return error


def _watermark(grant: Grant, day: str) -> str:
    return f"{grant.number} {grant.consumer.zh} {day}"


def _made(
    taking: gateway.Taking, verdict: core.Allowed, watermark: str
) -> tuple[gateway.Taking, batches.Written, core.Signed, tuple[str, ...]]:
    grant, at = taking.grant, taking.at
    quota = grants.quota_of(grant)
    left = max((quota.rows or 0) - grants.used_of(grant.counter).rows, 0)
    most = min(left, terms.tuning(at.astimezone(clock.LOCAL).date()).file_rows)
    persons: dict[str, None] = {}

    def seen() -> Any:
        for row in islice(sources.all_rows(grant, verdict, most), most):
            if grant.person_field and row.get(grant.person_field):
                persons[str(row[grant.person_field])] = None
            yield row

    unlimited = core.Allowed(verdict.fields, verdict.condition, None, verdict.used)
    shown = core.deliver(unlimited, seen(), grants.hash_key(grant.number))
    fields = [name for name, way in verdict.fields.items() if way is not core.Mask.HIDE]
    written = batches.write(fields, shown, watermark)
    header = taking.received.header
    response = core.Response(
        uuid4().hex, clock.now(), header.consumer, header.provider, header.id, taking.received.signed.digest,
        core.Outcome.DELIVERED, written.rows, "", "text/csv",
    ).header()  # fmt: skip
    signer = keyring.signer_of(grant.provider, at)
    signature = core.sign(signer, core.Domain.MESSAGE, core.message_digest(response, written.sha512))
    return taking, written, core.Signed(response, written.sha512, signature), tuple(persons)


@action("exchange.make_file", idempotent=False, prepare=_prepare)
def make_file(call: Call, *, file: int, prepared: Any = None) -> BatchFile:
    """生成批量文件: file, evidence and uses of people's data together; a failure is said on the row."""
    row: BatchFile = BatchFile.objects.select_for_update().get(pk=file)
    access.require(call.actor, "make", row)
    if row.state != BatchFile.State.WAITING:
        return row
    if isinstance(prepared, QuanchengError):
        row.state, row.failure = BatchFile.State.FAILED, prepared.detail.zh[:300]
        row.save(update_fields=["state", "failure"])
        audit.note(file=file, failure=row.failure)
        return row
    taking, written, answer, persons = prepared
    row.exchange = record_exchange(
        call, taking=taking, answer=answer, outcome=core.Outcome.DELIVERED, rows=written.rows, persons=persons
    )
    days = terms.tuning(call.at.astimezone(clock.LOCAL).date()).file_days
    row.state, row.name, row.size, row.rows = BatchFile.State.READY, written.name, written.size, written.rows
    row.sha256, row.made_at, row.expires_at = written.sha256, call.at, call.at + timedelta(days=days)
    row.watermark = _watermark(taking.grant, call.at.astimezone(clock.LOCAL).date().isoformat())
    row.save()
    audit.note(file=file, rows=written.rows, sha256=written.sha256)
    events.emit("exchange.file.ready", f"file:{file}", {"file": file, "grant": taking.grant.number})
    return row


@action("exchange.fetch_file", idempotent=False)
def fetch_file(call: Call, *, file: int) -> BatchFile:
    """下载批量文件: every fetch is counted. Raises NotFound when it is not there any more."""
    found = access.visible(call.actor, BatchFile).filter(pk=file, state=BatchFile.State.READY).first()
    if found is None or not batches.place_of(found.name).is_file():
        access.require(call.actor, "view", BatchFile)
        raise NotFound(Text("文件不存在或已过期删除。", "The file is not there, or was removed."))
    usable(call, found.grant.number)
    found.downloads += 1
    found.save(update_fields=["downloads"])
    audit.note(file=file, sha256=found.sha256)
    row: BatchFile = found
    return row


@action("exchange.remove_files", idempotent=False)
def remove_files(call: Call) -> int:
    """删除过期文件: the evidence stays. Returns how many."""
    access.require(call.actor, "make", BatchFile)
    started = time.monotonic()
    rows = list(BatchFile.objects.filter(state=BatchFile.State.READY, expires_at__lte=call.at)[:500])
    for row in rows:
        batches.remove(row.name)
        row.state = BatchFile.State.GONE
        row.save(update_fields=["state"])
    audit.note(files=len(rows), seconds=round(time.monotonic() - started, 1))
    return len(rows)
