"""证明: what a receipt can be shown with: the thread's entries and their places in the city's chain."""

from __future__ import annotations

import base64
from typing import Any

from quancheng.capabilities.chain import queries as chain
from quancheng.capabilities.vault import threads
from quancheng.capabilities.vault.models import DataRequest, Use
from quancheng.core.vault import Kind

FORMAT = "quancheng-vault-proof/1"


def of(used: Use) -> dict[str, Any]:
    """The proof file of a use: receipt, entries from the request on, proofs of grant and use in the chain.

    A proof in the chain is there a few seconds after the entry, with the next witnessed checkpoint.
    """
    entries = threads.entries(used.request, used.entry.seq)
    return {
        "format": FORMAT,
        "receipt": bytes(used.entry.receipt.data).decode(),
        "entries": [one.to_bytes().decode() for one in entries],
        "chain": [
            found
            for one in entries
            if one.kind in (Kind.GRANTED, Kind.USED)
            and (found := _anchored(used.request, one.kind, one.seq)) is not None
        ],
    }


def _anchored(row: DataRequest, kind: Kind, seq: int) -> dict[str, Any] | None:
    scene, reference = threads.SCENES[kind], threads.reference(row, seq)
    entry = chain.entry_for(scene, reference)
    found = chain.receipt_of(entry) if entry is not None else None
    if found is None or found.salt is None:
        return None
    return {
        "seq": seq, "scene": scene, "reference": reference, "salt": _b64(found.salt), "bundle": _b64(found.bundle),
    }  # fmt: skip


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
