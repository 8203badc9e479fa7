"""复核: what a gate sent is checked again by the city, then kept as scans."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quancheng.capabilities.code import issuers, vocabulary
from quancheng.capabilities.code.models import Credential, Scan, Upload
from quancheng.core import citycode
from quancheng.kernel import rulebook


@dataclass(frozen=True, slots=True)
class Finding:
    """One scan of an upload after checking: its verdict, or why it does not hold."""

    at: int
    scene: str
    verdict: str
    credential: bytes = b""
    step: int = 0
    nonce: bytes = b""
    reason: str = ""


def check(upload: Upload) -> list[Finding]:
    """Check the signatures of an upload. No database beyond the upload itself."""
    if upload.state == Upload.State.READ:
        return []
    scans = json.loads(zlib.decompress(bytes(upload.body)))
    keys = {key.kid: key for key in issuers.trusted()}
    knows = citycode.Verifying(
        keys,
        lambda index: False,  # whether it was stopped is asked of the register, with its time
        skew=rulebook.find("code.skew_seconds").integer(),
        window=rulebook.find("code.window_steps").integer(),
    )
    return [_check(one, knows) for one in scans]


def _check(scan: dict[str, Any], knows: citycode.Verifying) -> Finding:
    scene = vocabulary.scene(scan["scene"])
    gate = citycode.Gate(knows)  # replay is looked for across all gates, below
    try:
        good = citycode.verify(
            scan["token"], gate, now=scan["at"], scene=scene.bit, printed_allowed=scene.printed
        )
    except citycode.CodeFault as wrong:
        return Finding(scan["at"], scene.code, scan["verdict"], reason=str(wrong.reason))
    return Finding(scan["at"], scene.code, scan["verdict"], good.credential, good.step, good.nonce)


def keep(upload: Upload, findings: Sequence[Finding], at: datetime) -> list[Scan]:
    """Make scans of findings, in one transaction with the upload's new state."""
    names = {one.credential.hex() for one in findings if one.credential}
    known = {row.digest: row for row in Credential.objects.filter(digest__in=names).select_related("person")}
    seen = _seen_before(known)
    rights = {one.code: one for one in vocabulary.scenes()}
    made = []
    for one in findings:
        row = _scan(upload, one, known.get(one.credential.hex()), at)
        if row.finding == Scan.Finding.GOOD:
            mark = (one.credential, one.step, one.nonce)
            if one.nonce and mark in seen:
                row.finding, row.reason = Scan.Finding.DOUBLE, "double"
            seen.add(mark)
        if row.finding == Scan.Finding.GOOD:
            _charge(row, rights[one.scene])
        made.append(row)
    _printed_doubles(upload, made)
    Scan.objects.bulk_create(made)
    return made


def _scan(upload: Upload, one: Finding, credential: Credential | None, at: datetime) -> Scan:
    moment = datetime.fromtimestamp(one.at, UTC)
    row = Scan(
        verifier_id=upload.verifier_id, scene=one.scene, at=moment, step=one.step, nonce=one.nonce.hex(),
        verdict=one.verdict, finding=Scan.Finding.GOOD, reason=one.reason, received_at=at,
        simulated=upload.verifier.simulated,
    )  # fmt: skip
    if one.verdict != "ok":  # refused at the gate: kept for the person to see, not a use
        row.finding, row.reason = Scan.Finding.WRONG, one.verdict
    elif credential is None:
        row.finding, row.reason = Scan.Finding.WRONG, one.reason or "unknown"
    elif credential.revoked_at is not None and credential.revoked_at <= moment:
        row.finding, row.reason = Scan.Finding.LATE, credential.why
    if credential is not None:
        row.credential, row.person = credential, credential.person
        row.simulated = row.simulated or credential.person.simulated
    return row


def _seen_before(known: dict[str, Credential]) -> set[tuple[bytes, int, bytes]]:
    """Presentations of these credentials that were used already, at whatever gate."""
    rows = Scan.objects.filter(credential__in=known.values(), finding=Scan.Finding.GOOD).exclude(nonce="")
    digests = {row.pk: bytes.fromhex(digest) for digest, row in known.items()}
    return {
        (digests[credential], step, bytes.fromhex(nonce))
        for credential, step, nonce in rows.values_list("credential_id", "step", "nonce")
    }


def _printed_doubles(upload: Upload, made: Sequence[Scan]) -> None:
    """A printed code at two gates at once: somebody copied it."""
    gap = rulebook.find("code.printed_gap_seconds").integer()
    for row in made:
        if row.nonce or row.finding != Scan.Finding.GOOD or row.credential is None:
            continue
        others = Scan.objects.filter(credential=row.credential, finding=Scan.Finding.GOOD)
        uses = [
            citycode.Use(int(other.at.timestamp()), str(other.verifier_id), b"", 0, b"")
            for other in others.exclude(verifier_id=upload.verifier_id).order_by("-at")[:20]
        ]
        mine = citycode.Use(int(row.at.timestamp()), str(upload.verifier_id), b"", 0, b"")
        if any(abs(mine.at - use.at) < gap for use in uses):
            row.finding, row.reason, row.fare, row.full_fare = Scan.Finding.DOUBLE, "printed twice", 0, 0


def _charge(row: Scan, scene: vocabulary.Scene) -> None:
    """The fare of a ride; seniors, children and disabled people ride free where the scene says so."""
    if not scene.fare or row.credential is None:
        return
    row.full_fare = rulebook.find(scene.fare).integer()
    relieved = vocabulary.told(row.credential.entitlements, scene)
    row.fare = 0 if relieved else row.full_fare
