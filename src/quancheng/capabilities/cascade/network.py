"""节点: this node's name and key, and the links that its rows of neighbours describe."""

from __future__ import annotations

import base64
import binascii
import os
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.conf import settings

from quancheng.capabilities.cascade.models import Neighbour
from quancheng.core.cascade import CascadeError, Clause, Link, Node, StreamKind, region_prefix
from quancheng.core.exchange.signing import Ed25519Signer
from quancheng.core.text import Text
from quancheng.kernel import rulebook
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.keyfile import load_or_make

__all__ = ["clause_in", "clause_out", "clauses_in", "link_of", "node", "own_name", "public_der", "signer"]


def own_name() -> str:
    """This node's name for ever: ``QUANCHENG_NODE``, else the region code of the city.

    It is part of the id of every row that began here, so it is chosen once, before the first neighbour.
    """
    return os.environ.get("QUANCHENG_NODE", "").strip() or rulebook.city_region()


def signer() -> Ed25519Signer:
    """This node's key."""
    return _signer(Path(settings.HOME))


@cache
def _signer(home: Path) -> Ed25519Signer:
    return Ed25519Signer(load_or_make(home / "keys" / "cascade.pem"))


def public_der(text: str) -> bytes:
    """The bytes of a public key as text; raises InvalidInput unless it is an Ed25519 key."""
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
        if not isinstance(load_der_public_key(der), ed25519.Ed25519PublicKey):
            raise ValueError
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as wrong:
        said = Text("不是 Ed25519 公钥（Base64）。", "Not an Ed25519 public key in base64.")
        raise InvalidInput(said, fields={"public_key": said}) from wrong
    return der


def node(found: list[Neighbour] | None = None) -> Node:
    """This node with its links to all neighbours whose keys were checked."""
    if found is None:
        found = list(Neighbour.objects.exclude(state=Neighbour.State.WAITING).order_by("code"))
    return Node(own_name(), tuple(link_of(one) for one in found))


def link_of(neighbour: Neighbour) -> Link:
    """The link that a row describes."""
    return Link(
        neighbour.code,
        clauses_in(neighbour.gives),
        neighbour.revision,
        None if neighbour.speaks_for is None else frozenset(neighbour.speaks_for),
        clauses_in(neighbour.hears),
    )


def clauses_in(values: list[dict[str, Any]]) -> tuple[Clause, ...]:
    """Clauses from JSON."""
    return tuple(clause_in(value) for value in values)


def clause_in(value: dict[str, Any]) -> Clause:
    """A clause from JSON; raises InvalidInput. Regions may be whole codes: zeros at the end are cut."""
    try:
        kinds = value.get("kinds")
        return Clause(
            kinds=tuple(StreamKind(one) for one in kinds) if kinds else None,
            streams=_names(value.get("streams")),
            regions=tuple(_prefix(one) for one in value["regions"]) if value.get("regions") else None,
            organs=_names(value.get("organs")),
            owners=_names(value.get("owners")),
        )
    except (ValueError, TypeError, AttributeError, CascadeError) as wrong:
        said = Text(
            "路由条款有误，请检查区域代码和名称。", "A clause of the route is wrong: check codes and names."
        )
        raise InvalidInput(said, fields={"gives": said}) from wrong


def clause_out(clause: Clause) -> dict[str, Any]:
    """A clause as JSON: only what it asks."""
    fields = {
        "kinds": clause.kinds and [one.value for one in clause.kinds],
        "streams": clause.streams,
        "regions": clause.regions,
        "organs": clause.organs,
        "owners": clause.owners,
    }
    return {name: list(found) for name, found in fields.items() if found is not None}


def _prefix(code: str) -> str:
    return region_prefix(code) if len(code) in (2, 4, 6, 9, 12) else str(int(code))


def _names(value: Any) -> tuple[str, ...] | None:
    return tuple(str(one) for one in value) if value else None
