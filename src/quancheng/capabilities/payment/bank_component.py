"""演示银行: the reference bank as a process of a demonstration city; in a real city it does nothing."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from django.conf import settings

from quancheng.core.payment import Ed25519Signer, Ed25519Verifier
from quancheng.kernel import clock, keyfile

NAME, MERCHANT, KEY = "bank-sim", "JN370100", "b1"
FOLDER = "payment-bank"


def bank_key_file() -> Path:
    """Where the simulated bank keeps its own key."""
    return Path(settings.HOME) / FOLDER / "key.pem"


def port() -> int:
    """Where the simulated bank listens, on this machine only."""
    return int(os.environ.get("QUANCHENG_PAYMENT_BANK_PORT", "8091"))


def main() -> None:
    """Serve until told to stop."""
    import django

    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    if not settings.DEMO:
        stop.wait()
        return
    django.setup()
    from quancheng.capabilities.payment import connecting, reconciling
    from quancheng.capabilities.payment.bank_peer import BankPeer, Merchant

    home = settings.PUBLIC_URL.rstrip("/")
    keys = {(MERCHANT, "k1"): Ed25519Verifier(connecting.signer().key.public_key())}
    peer = BankPeer(
        NAME,
        Merchant(MERCHANT, f"{home}/payment/v1/callback/{NAME}", home, keys),
        Ed25519Signer(keyfile.load_or_make(bank_key_file())),
        reconciling.cut_off(clock.today()),
        port=port(),
        state=Path(settings.HOME) / FOLDER / "state.json",
        key_name=KEY,
    ).start()
    stop.wait()
    peer.stop()
