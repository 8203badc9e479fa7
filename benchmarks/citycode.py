"""The citizen code: offline checks a CPU second, its QR versions, a batch of scans kept durably.

``ratio``: our two-layer check over the one-layer check of ``claim169`` (Rust) on tokens of the same city in
the same run.
"""

from __future__ import annotations

import json
import os
import time

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

NOW = 1_790_000_000
BATCH = 5000


@benchmark("citycode", "citizen code: offline checks/CPU-s beside claim169, QR versions, durable uploads")
def run(scale: float) -> None:
    """Checks first, then uploads into a fresh city."""
    rates = {name: _checks(name, scale) for name in ("ES256", "EdDSA", "SM2-SM3")}
    peer = _peer(scale)
    figure("citycode_claim169_checks", peer, "one layer/CPU-s")
    figure("citycode_ratio", rates["EdDSA"] / peer, "of claim169, with two layers instead of one")
    _uploads(scale)


def _tokens(city, count: int) -> list[str]:
    from quancheng.core.citycode import Facts, Kind, issue, present
    from quancheng.core.keys import Algorithm, MemoryKey

    made = []
    for number in range(count):
        phone = MemoryKey.generate(Algorithm.ES256)
        facts = Facts(
            os.urandom(12), NOW - 60, NOW + 600_000, 2, 0xFFFF, 1 << 31 | 8, (4095 << 20) + number, Kind.PHONE,
            phone.public,
        )  # fmt: skip
        made.append(present(issue(facts, city), phone, now=NOW, nonce=os.urandom(8)))
    return made


def _checks(name: str, scale: float) -> float:
    import segno

    from quancheng.core.citycode import Gate, Verifying, verify
    from quancheng.core.keys import Algorithm, MemoryKey

    city = MemoryKey.generate(Algorithm(name))
    tokens = _tokens(city, max(200, round(4000 * scale)))
    gate = Gate(Verifying({city.public.kid: city.public}, lambda index: False))
    slowest = 0.0
    with spent() as used:
        for text in tokens:
            begun = time.perf_counter()
            verify(text, gate, now=NOW, scene=3)
            slowest = max(slowest, time.perf_counter() - begun)
    rate = len(tokens) / used.cpu
    drawn = segno.make(tokens[0], error="m", mode="alphanumeric", boost_error=False)
    label = name.lower().replace("-", "_")
    figure(f"citycode_checks_{label}", rate, "two layers/CPU-s")
    figure(f"citycode_slowest_{label}", slowest * 1000, "ms, of the gate's 300")
    figure(f"citycode_qr_{label}", float(drawn.version), "version at level M")
    return rate


def _peer(scale: float) -> float:
    import claim169

    from quancheng.core.keys import Algorithm, MemoryKey

    key = MemoryKey.generate(Algorithm.EDDSA)
    claim = claim169.Claim169Input(id="370100199001011234", full_name="Li Jing")
    meta = claim169.CwtMetaInput(issuer="jinan", expires_at=int(time.time()) + 86400)
    text = claim169.encode(claim, meta, sign_with_ed25519=key.private_bytes())
    count = max(500, round(20_000 * scale))
    with spent() as used:
        for _ in range(count):
            claim169.decode(text, verify_with_ed25519=key.public.data)
    return count / used.cpu


def _uploads(scale: float) -> None:
    """Batches of 5,000 scans of one gate, each acknowledged after its commit; then read and checked again."""
    django_on_fresh_database()
    from quancheng.capabilities.code import actions, issuers
    from quancheng.capabilities.code.models import Scan, Upload
    from quancheng.capabilities.people.queries import department
    from quancheng.commands.prepare import prepare
    from quancheng.kernel import clock
    from quancheng.kernel.actions import Call

    prepare()
    call = Call.system("code", simulated=True)
    gate = actions.register_verifier(
        call, code="bench", name="基准闸机", kind="gate", scene_code="library",
        department_id=department("jn-culture").pk,
    )  # fmt: skip
    now = int(clock.now().timestamp())
    texts = _tokens(issuers.signer(), 500)
    scans = [{"token": texts[n % 500], "at": now, "scene": "library", "verdict": "ok"} for n in range(BATCH)]
    body = len(json.dumps(scans))
    batches = max(3, round(20 * scale))
    with spent() as used:
        for number in range(batches):
            actions.take_scans(call, verifier=gate, key=f"b{number}", scans=scans, sent_at=clock.now())
    assert Upload.objects.count() == batches
    figure("citycode_uploads", batches * BATCH / used.wall, "scans/s durable, wall")
    figure("citycode_uploads_cpu", batches * BATCH / used.cpu, "scans/CPU-s durable")
    figure("citycode_upload_bytes", body / BATCH, "bytes a scan sent")
    with spent() as used:
        actions.read_upload(call, upload=Upload.objects.order_by("pk").first())
    assert Scan.objects.count() == BATCH
    figure("citycode_read", BATCH / used.cpu, "scans/CPU-s checked again and kept")
