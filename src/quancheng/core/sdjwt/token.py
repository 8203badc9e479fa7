"""An SD-JWT as it travels: compact with tildes, or JWS JSON (RFC 9901 sections 4 and 8)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quancheng.core.jose import JoseFault, read_json
from quancheng.core.sdjwt.errors import SdFault, SdReason

__all__ = ["SdJwt", "from_json", "parse", "to_json"]

MOST_DISCLOSURES = 500


@dataclass(frozen=True, slots=True)
class SdJwt:
    """The issuer's token, disclosures, and the holder's key binding token when there is one."""

    jwt: str
    disclosures: tuple[str, ...] = ()
    binding: str = ""
    others: tuple[str, ...] = field(default=(), repr=False)
    """Further compact tokens over the same payload (general JSON form with several signatures)."""

    @property
    def unbound(self) -> str:
        """Everything but the key binding token: what that token's ``sd_hash`` covers."""
        return "~".join((self.jwt, *self.disclosures, ""))

    def text(self) -> str:
        """The compact form."""
        return self.unbound + self.binding


def parse(text: str) -> SdJwt:
    """From the compact form. Raises SdFault."""
    jwt, *rest = text.split("~")
    if not rest or len(rest) > MOST_DISCLOSURES + 1 or not all(rest[:-1]):
        raise SdFault(SdReason.MALFORMED, "not an SD-JWT")
    return SdJwt(jwt, tuple(rest[:-1]), rest[-1])


def to_json(token: SdJwt, *, general: bool = False) -> dict[str, Any]:
    """JWS JSON serialization, flattened or general."""
    rows = [_row(jwt) for jwt in (token.jwt, *token.others)]
    first = rows[0]
    first["header"] = {"disclosures": list(token.disclosures)}
    if token.binding:
        first["header"]["kb_jwt"] = token.binding
    payload = token.jwt.split(".")[1]
    if general:
        return {"payload": payload, "signatures": rows}
    return {"payload": payload, **first}


def _row(jwt: str) -> dict[str, Any]:
    protected, _payload, signature = jwt.split(".")
    return {"protected": protected, "signature": signature}


def from_json(value: Mapping[str, Any] | str) -> SdJwt:
    """From JWS JSON, flattened or general: disclosures stand in the first signature's header. Raises SdFault."""
    try:
        found = read_json(value) if isinstance(value, str) else read_json(json.dumps(value))
        rows: Sequence[Any] = found.get("signatures", [found])
        jwts = [f"{row['protected']}.{found['payload']}.{row['signature']}" for row in rows]
        header = rows[0].get("header", {})
        disclosures, binding = header.get("disclosures", []), header.get("kb_jwt", "")
    except (JoseFault, KeyError, TypeError, AttributeError, IndexError):
        raise SdFault(SdReason.MALFORMED, "not a JWS in JSON") from None
    if not isinstance(disclosures, list) or not isinstance(binding, str):
        raise SdFault(SdReason.MALFORMED, "disclosures and kb_jwt")
    if not all(isinstance(one, str) and one for one in disclosures) or len(disclosures) > MOST_DISCLOSURES:
        raise SdFault(SdReason.MALFORMED, "disclosures")
    return SdJwt(jwts[0], tuple(disclosures), binding, tuple(jwts[1:]))
