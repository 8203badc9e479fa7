"""演示银行: the reference bank beside a demonstration city; in a real city it does nothing."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from django.conf import settings

from quancheng.core.keys import MemoryKey

CODE = "bank-sim"


def folder() -> Path:
    """Where the simulated bank keeps its key and loans."""
    return Path(settings.HOME) / "vault-bank"


def port() -> int:
    """Where it listens, on this machine only."""
    return int(os.environ.get("QUANCHENG_VAULT_BANK_PORT", "8092"))


def key() -> MemoryKey:
    """Its key, made by whoever comes first: the seed that registers it or the program."""
    from quancheng.capabilities.vault.bank_peer import key_in

    return key_in(folder())


def main() -> None:
    """Serve until told to stop."""
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    if not settings.DEMO:
        stop.wait()
        return
    from quancheng.capabilities.vault.bank_peer import LateKeys, LoanBank, serve
    from quancheng.capabilities.vault.receipt_client import Keys

    client = LateKeys(settings.PUBLIC_URL, key(), Keys((), {}))
    while not stop.wait(1):
        try:
            client.refresh()
            break
        except OSError:
            continue  # the city is not up yet
    server = serve(LoanBank(client, folder()), port())
    stop.wait()
    server.shutdown()
