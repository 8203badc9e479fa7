"""证据台账: whether one more exchange may begin, leaves of evidence, batches under a stamp, evidence files."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from quancheng.capabilities.exchange import keyring, terms
from quancheng.capabilities.exchange.models import Exchange, PartyKey, Stamp
from quancheng.core import exchange as core
from quancheng.core.exchange.canonical import Json, read_json
from quancheng.core.merkle import SHA256, MemoryTree
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import Conflict, Unavailable

_LIMIT = 2**20
_KEPT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """待盖戳: how many exchanges wait for a stamp and since when."""

    pending: int
    oldest: datetime | None


def waiting(most: int) -> Waiting:
    """What waits now; counts ``most`` at most."""
    rows = Exchange.objects.filter(stamp=None).order_by("id")
    oldest = rows.values_list("at", flat=True).first()
    return Waiting(0 if oldest is None else len(rows.values_list("id")[:most]), oldest)


def acceptance(at: datetime) -> core.Acceptance:
    """The state of the intake, read now."""
    limits = terms.tuning(at.astimezone(clock.LOCAL).date()).ledger
    now = waiting(limits.pending)
    return core.may_accept(now.pending, now.oldest, max(at, now.oldest or at), limits)


class Intake:
    """受理判断: the state of the ledger, read once a second in each process; its age is judged anew each time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read = 0.0
        self._waiting = Waiting(0, None)

    def require(self, at: datetime) -> core.Acceptance:
        """Raise Unavailable when stamping is too late for one more exchange."""
        limits = terms.tuning(at.astimezone(clock.LOCAL).date()).ledger
        with self._lock:
            if time.monotonic() - self._read > _KEPT_SECONDS:
                self._waiting, self._read = waiting(limits.pending), time.monotonic()
            now = self._waiting
        state = core.may_accept(now.pending, now.oldest, max(at, now.oldest or at), limits)
        if not state.accepted:
            raise Unavailable(
                state.text,
                todo=Text(
                    "请稍后重试；持续出现请联系市大数据局。",
                    "Try again later; tell the data bureau if it stays.",
                ),
            )
        return state

    def forget(self) -> None:
        """Read again at the next question (tests, after stamping)."""
        self._read = 0.0


intake = Intake()


def pair_of(row: Exchange) -> tuple[core.Signed, core.Signed]:
    """The signed messages of an exchange, without bodies."""
    return (
        core.signed_from_json(read_json(row.request.encode(), _LIMIT), "request"),
        core.signed_from_json(read_json(row.response.encode(), _LIMIT), "response"),
    )


def leaves_of(row: Exchange) -> tuple[bytes, bytes]:
    """Leaves of both sides: the consumer's at twice the place in the batch, the provider's after it."""
    pair = pair_of(row)
    consumer, provider = _sides(pair[0])
    return core.evidence_leaf(consumer, row.at, *pair), core.evidence_leaf(provider, row.at, *pair)


def _sides(request: core.Signed) -> tuple[str, str]:
    header = core.request_from_header(cast(Json, request.header))
    return header.consumer.code, header.provider.code


@dataclass(frozen=True, slots=True)
class Made:
    """A stamped batch, not yet written."""

    stamp: core.Stamp
    leaves: bytes


def stamp_batch(
    rows: Sequence[Exchange], number: int, previous: bytes, signer: core.Signer, at: datetime
) -> Made:
    """Stamp the evidence of exchanges; pure but for the key."""
    hashes = [SHA256.leaf(leaf) for row in rows for leaf in leaves_of(row)]
    tree = MemoryTree(SHA256)
    tree.extend_hashes(hashes)
    stamp = core.make_stamp(tree.head(), str(number), keyring.authority(), at, previous, signer)
    return Made(stamp, b"".join(hashes))


def stamp_of(row: Stamp) -> core.Stamp:
    """A row as the core's stamp."""
    return core.Stamp(
        "signed-tree-head",
        row.authority,
        str(row.number),
        row.time,
        row.size,
        bytes(row.root),
        bytes(row.previous),
        core.Signature(row.algorithm, row.key, bytes(row.signature)),
    )


def evidence(row: Exchange, keeper: str) -> bytes:
    """The evidence file of one side (``consumer`` or ``provider``); raises Conflict while no stamp is there."""
    if row.stamp is None or row.place is None:
        raise Conflict(
            Text("这次交换还没有盖时间戳。", "This exchange has no time stamp yet."),
            todo=Text("通常一分钟内完成，请稍后再下载。", "It is usually there within a minute; try again."),
        )
    asked, answered = pair_of(row)
    code = _sides(asked)[keeper == "provider"]
    hashes = bytes(row.stamp.leaves)
    tree = MemoryTree(SHA256)
    tree.extend_hashes(hashes[at : at + 32] for at in range(0, len(hashes), 32))
    index = 2 * row.place + (keeper == "provider")
    proof = core.Proof(index, tuple(tree.inclusion(index)))
    stamp = stamp_of(row.stamp)
    names = {asked.signature.key, answered.signature.key, stamp.signature.key}
    keys = PartyKey.objects.filter(name__in=names).values_list("name", "public")
    found = core.Evidence(
        code, row.at, asked, answered, proof, stamp, {name: bytes(public) for name, public in keys}
    )
    return core.write_evidence(found)
