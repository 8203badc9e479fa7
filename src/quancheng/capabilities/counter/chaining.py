"""链: appends signed links to a bag's chain and verifies it. Called inside actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from quancheng.capabilities.counter import custody
from quancheng.capabilities.counter.models import Bag, BagEvent
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.keyfile import load_or_make


def _key() -> Ed25519PrivateKey:
    return load_or_make(Path(settings.HOME) / "keys" / "custody.pem")


def append(call: Call, bag: Bag, kind: str, giver: str, taker: str, data: Mapping[str, Any]) -> BagEvent:
    """One more link, signed with the platform's custody key for the account that registers it.

    ``bag`` is locked by the caller; its head moves to the new link and is not saved here.
    """
    sequence = BagEvent.objects.filter(bag=bag).count() + 1
    signer = f"{call.actor}#{call.actor.user_id or 0}"[:140]
    link = custody.Link(
        bag.number, sequence, call.at, kind, giver[:120], taker[:120], signer, dict(data),
        bag.head or custody.GENESIS,
    )  # fmt: skip
    digest = custody.digest_of(link)
    event: BagEvent = BagEvent.objects.create(
        bag=bag, sequence=sequence, at=call.at, kind=kind, giver=link.giver, taker=link.taker,
        user_id=call.actor.user_id, signer=signer, data=dict(data), previous=link.previous, digest=digest,
        signature=_key().sign(bytes.fromhex(digest)).hex(),
    )  # fmt: skip
    bag.head = digest
    return event


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of a chain says."""

    good: bool
    text: Text
    links: int


def verify(bag: Bag, events: Sequence[BagEvent]) -> Verdict:
    """Check hashes, order, head and signatures of a whole chain."""
    broken = custody.first_broken([(one.link(bag.number), one.digest) for one in events], bag.head)
    if broken is not None:
        return Verdict(False, broken.text, len(events))
    public = _key().public_key()
    for one in events:
        try:
            public.verify(bytes.fromhex(one.signature), bytes.fromhex(one.digest))
        except (InvalidSignature, ValueError):
            return Verdict(
                False,
                Text(
                    f"第{one.sequence}条的签名不符。", f"The signature of record {one.sequence} does not fit."
                ),
                len(events),
            )
    return Verdict(
        True, Text(f"{len(events)}条交接记录完整，未被改动。", f"All {len(events)} records are complete and unchanged."), len(events)
    )  # fmt: skip
