"""HTTP interface of the chain: /api/v1/chain/. Proofs are public: a leaf tells nothing."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from quancheng.capabilities.chain import queries
from quancheng.core.text import Text
from quancheng.core.tlog import Opening
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.problems import Problem

router = Router()


class ProofOut(Schema):
    """``bundle``: base64 of QLP1 (docs/formats/ledger-proof.md)."""

    origin: str
    index: int
    bundle: str
    witnesses: int
    needed: int


class CheckIn(Schema):
    """``bundle``, and the opening when the record itself is to be checked; base64 throughout."""

    bundle: str = Field(max_length=60_000)
    scene: str = Field("", max_length=40)
    reference: str = Field("", max_length=120)
    salt: str = Field("", max_length=40)
    digest: str = Field("", max_length=60)


class CheckOut(Schema):
    origin: str
    size: int
    witnesses: dict[str, int]


@router.get(
    "/proof/{path:origin}/{index}", response={200: ProofOut, 404: Problem}, summary="存证证明 Proof of a leaf"
)
def proof(request: HttpRequest, origin: str, index: int) -> dict[str, Any]:
    found = queries.proof_of(origin, index)
    return {
        "origin": found.origin, "index": found.index, "bundle": base64.b64encode(found.bundle).decode(),
        "witnesses": found.witnesses, "needed": found.needed,
    }  # fmt: skip


@router.post("/check", response={200: CheckOut, 422: Problem}, summary="核验证明 Check a proof")
def check(request: HttpRequest, body: CheckIn) -> dict[str, Any]:
    opening = None
    if body.salt or body.digest or body.scene or body.reference:
        opening = Opening(
            body.scene, body.reference, _bytes(body.salt, "salt"), _bytes(body.digest, "digest")
        )
    good = queries.check(_bytes(body.bundle, "bundle"), opening)
    return {"origin": good.checkpoint.origin, "size": good.checkpoint.size, "witnesses": dict(good.times)}


def _bytes(text: str, field: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error):
        said = Text(f"{field} 不是 base64。", f"{field} is not base64.")
        raise InvalidInput(said, fields={field: said}) from None
