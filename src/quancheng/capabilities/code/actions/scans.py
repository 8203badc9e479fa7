"""Scans: taken first, read later, settled by day, forgotten in time."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from quancheng.capabilities.code import reading
from quancheng.capabilities.code.models import Credential, Scan, Settlement, Upload, Verifier
from quancheng.capabilities.code.vocabulary import scenes
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

LATEST = 1 << 32
"""Unix seconds beyond any scan: the year 2106."""
_VERDICT = re.compile(r"[a-z][a-z-]{0,29}")


@action("code.scans.take", idempotent=False)
def take_scans(
    call: Call, *, verifier: Verifier, key: str, scans: Sequence[Mapping[str, Any]], sent_at: datetime
) -> Upload:
    """接收上传: keep a batch as sent; the same key again is the same batch.

    Acknowledged means kept. Reading happens in a job. Raises Forbidden (stopped), InvalidInput (too many,
    or a scan that is none: nothing is kept), Conflict (the key came with other content).
    """
    access.require(call.actor, "upload", verifier)
    if verifier.state != Verifier.State.ACTIVE:
        raise Forbidden(Text("验码点已停用。", "The verifier is stopped."))
    _plausible(scans, verifier.scene)
    body = json.dumps(list(scans), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    digest = hashlib.sha256(body).hexdigest()
    known = Upload.objects.filter(verifier=verifier, key=key).first()
    if known is not None:
        if known.digest != digest:
            raise Conflict(
                Text("同一批次号对应了不同内容。", "The same batch key came with other content."),
                todo=Text("换一个批次号重新上传。", "Upload again under a new key."),
            )
        return known  # type: ignore[no-any-return]
    upload = Upload.objects.create(
        verifier=verifier, key=key, digest=digest, count=len(scans), body=zlib.compress(body, 1),
        received_at=call.at,
    )  # fmt: skip
    skew = max(
        -LATEST // 4, min(round((call.at - sent_at).total_seconds()), LATEST // 4)
    )  # a column of 32 bits
    Verifier.objects.filter(pk=verifier.pk).update(heard_at=call.at, skew_seconds=skew)
    audit.note(verifier=verifier.code, count=len(scans), skew=skew)
    return upload  # type: ignore[no-any-return]


def _plausible(scans: Sequence[Mapping[str, Any]], where: str) -> None:
    """What is kept can be read: a job that fell over one scan would hold up every gate. Raises InvalidInput."""
    most = rulebook.find("code.upload_most").integer()
    if not 0 < len(scans) <= most:
        said = Text(f"一次上传 1 至 {most} 条。", f"An upload has 1 to {most} scans.")
        raise InvalidInput(said, fields={"scans": said})
    for place, one in enumerate(scans):
        if not _readable(one):
            said = Text(
                f"第{place + 1}条缺少 token、at（秒）、scene 或 verdict，或其值不可用。",
                f"Scan {place + 1} lacks token, at (seconds), scene or verdict, or has a value that cannot be used.",
            )
            raise InvalidInput(said, fields={"scans": said})
        if one.get("scene") != where:
            said = Text(
                f"第{place + 1}条的场景不是本验码点的 {where}。",
                f"Scan {place + 1} is of another scene than this reader's, {where}.",
            )
            raise InvalidInput(said, fields={"scans": said})


def _readable(one: Mapping[str, Any]) -> bool:
    token, at, verdict = one.get("token"), one.get("at"), one.get("verdict")
    return (
        isinstance(token, str)
        and len(token) <= 1200
        and token.isascii()
        and type(at) is int
        and 0 <= at < LATEST
        and isinstance(verdict, str)
        and _VERDICT.fullmatch(verdict) is not None
    )


def _checked(call: Call, *, upload: Upload) -> list[reading.Finding]:
    """Signatures are checked before the transaction begins."""
    return reading.check(upload)


@action("code.scans.read", prepare=_checked)
def read_upload(call: Call, *, upload: Upload, prepared: list[reading.Finding]) -> Upload:
    """处理上传: make scans of a batch, each checked again by the city; double use is found here.

    Raises Forbidden.
    """
    access.require(call.actor, "read", upload)
    row = Upload.objects.select_for_update().get(pk=upload.pk)
    if row.state == Upload.State.READ:
        return row  # type: ignore[no-any-return]
    made = reading.keep(row, prepared, call.at)
    row.state, row.body = Upload.State.READ, b""
    row.taken = sum(one.finding == Scan.Finding.GOOD for one in made)
    row.refused = len(made) - row.taken
    row.save(update_fields=["state", "body", "taken", "refused"])
    audit.note(upload=row.pk, taken=row.taken, refused=row.refused)
    doubles = [one for one in made if one.finding == Scan.Finding.DOUBLE]
    for one in doubles:
        events.emit(
            "code.scan.doubled",
            str(one.pk or ""),
            {"person_id": one.person_id, "verifier": row.verifier.code, "at": one.at.isoformat(),
             "place": row.verifier.name, "simulated": one.simulated},
        )  # fmt: skip
    return row  # type: ignore[no-any-return]


@action("code.day.settle")
def settle_day(call: Call, *, day: date) -> int:
    """乘车清分: sums of a day by operator and scene, made anew each time. Returns how many rows."""
    access.require(call.actor, "settle", Settlement)
    start = datetime.combine(day, datetime.min.time(), tzinfo=clock.LOCAL)
    transit = [one.code for one in scenes() if one.kind == "transit"]
    rides = Scan.objects.filter(scene__in=transit, at__gte=start, at__lt=start + timedelta(days=1))
    good = Q(finding=Scan.Finding.GOOD)
    sums = rides.values("verifier__department_id", "scene").annotate(
        rides=Count("pk", filter=good),
        full=Sum("full_fare", filter=good),
        due=Sum("fare", filter=good),
        doubles=Count("pk", filter=Q(finding=Scan.Finding.DOUBLE)),
    )
    made = 0
    for row in sums:
        Settlement.objects.update_or_create(
            department_id=row["verifier__department_id"], scene=row["scene"], day=day,
            defaults={
                "rides": row["rides"], "full": row["full"] or 0, "due": row["due"] or 0,
                "doubles": row["doubles"], "made_at": call.at,
            },
        )  # fmt: skip
        made += 1
    audit.note(day=day.isoformat(), rows=made)
    return made


@action("code.scans.forget")
def forget_scans(call: Call, *, before: datetime) -> int:
    """到期删除扫码记录, and credentials that ended before and that nothing refers to. Returns how many scans."""
    access.require(call.actor, "forget", Scan)
    gone, _detail = Scan.objects.filter(at__lt=before).delete()
    Upload.objects.filter(received_at__lt=before, state=Upload.State.READ).delete() if gone else None
    ended = Credential.objects.filter(expires_at__lt=before, scans=None, card=None)
    spent, _detail = ended.delete()
    audit.note(before=before.isoformat(), scans=gone, credentials=spent)
    return gone  # type: ignore[no-any-return]
