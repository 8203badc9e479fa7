"""The city of the exchange benchmark: one grant on 2,000 people, a program with a key of its own; and the check after.

Runs inside the product's own settings (``Product.ask``).
"""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROWS = 2000


def prepare() -> dict[str, str]:
    """Table, entry, request, grant, key; returns what the program needs."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from quancheng.capabilities.exchange import actions, holdings, simulate
    from quancheng.capabilities.exchange.values import Asked, Given
    from quancheng.capabilities.tables import actions as tables
    from quancheng.core.catalogue import ShareType
    from quancheng.core.exchange import Ed25519Signer, Mask
    from quancheng.kernel import clock
    from quancheng.kernel.actions import Call

    call = Call.system("exchange", simulated=True)
    made = tables.create_table(
        call, name="bench.cards", zh="基准优待证", en="Benchmark cards", schema=simulate._CARD, owner="jn-civil", simulated=True
    )  # fmt: skip
    rows = [
        {"id_number": f"3701021950010{n:05d}", "name": f"王秀{n}", "district": "370102", "card": f"B{n}", "issued": date(2025, 1, 1)}
        for n in range(ROWS)
    ]  # fmt: skip
    tables.apply_changes(call, table_id=made.table_id, upserts=rows, run="bench")
    code = simulate._entry(made, ShareType.CONDITIONAL)
    today = clock.today()
    fields = ("id_number", "name", "district")
    asked = Asked(
        code, fields, "基准测试", "测试办法", "第一条", "api", today, today + timedelta(days=300), 900_000
    )
    row = actions.ask(call, consumer="jn-market", asked=asked, simulated=True)
    given = Given(
        {"id_number": Mask.RESIDENT_ID, "name": Mask.NAME, "district": Mask.KEEP}, row.ends, 900_000,
        rows_per_day=10_000_000, rate_per_second=1000.0, search=("id_number",),
    )  # fmt: skip
    grant = actions.agree(call, number=row.number, given=given)
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(Ed25519Signer(private).public_der).decode()
    actions.register_key(call, party="jn-market", public=public)
    holdings.trusted(code)
    return {
        "private": base64.b64encode(private.private_bytes_raw()).decode(), "grant": grant.number, "resource": code,
        "purpose": grant.purpose, "basis": grant.basis,
        "consumer": grant.consumer.code, "consumer_zh": grant.consumer.zh, "consumer_en": grant.consumer.en,
        "provider": grant.provider.code, "provider_zh": grant.provider.zh, "provider_en": grant.provider.en,
    }  # fmt: skip


def check(grant: str, step: int) -> dict[str, Any]:
    """Stamp what waits, verify the files of every ``step``-th exchange with the independent script."""
    import tempfile

    from quancheng.capabilities.exchange import actions, keyring, ledger
    from quancheng.capabilities.exchange.models import Exchange
    from quancheng.core.exchange import write_trusted
    from quancheng.kernel.actions import Call

    script = Path(__file__).parents[1] / "tools" / "verify_exchange.py"
    started, stamped = time.process_time(), 0
    while found := actions.stamp_waiting(Call.system("exchange")):
        stamped += found
    spent = time.process_time() - started
    rows = list(Exchange.objects.filter(grant__number=grant).select_related("stamp").order_by("id"))
    proved = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys").write_bytes(write_trusted(keyring.trusted()))
        for row in rows[::step]:
            for side in ("consumer", "provider"):
                (folder / side).write_bytes(ledger.evidence(row, side))
            command = [sys.executable, str(script), str(folder / "consumer"), str(folder / "provider")]
            done = subprocess.run(
                [*command, "--keys", str(folder / "keys")], capture_output=True, check=False
            )
            proved += done.returncode == 0
    return {
        "exchanges": len(rows), "stamped": stamped, "seconds": spent, "checked": len(rows[::step]), "proved": proved,
    }  # fmt: skip
