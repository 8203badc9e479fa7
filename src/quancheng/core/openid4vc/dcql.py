"""DCQL (OpenID4VP 1.0 section 6): which credentials, which of their claims. SD-JWT VC only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.core.openid4vc.errors import VcError, VcFault

__all__ = ["CredentialQuery", "Held", "Query", "match", "read_query"]

FORMAT = "dc+sd-jwt"


@dataclass(frozen=True, slots=True)
class CredentialQuery:
    """One credential wanted: its types, and paths of claims with the values allowed (none = any)."""

    id: str
    vct_values: tuple[str, ...]
    claims: tuple[tuple[tuple[Any, ...], tuple[Any, ...]], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it stands in a query."""
        rows = [
            {"path": list(path), **({"values": list(values)} if values else {})}
            for path, values in self.claims
        ]
        return {
            "id": self.id, "format": FORMAT, "meta": {"vct_values": list(self.vct_values)},
            **({"claims": rows} if rows else {}),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """All credentials wanted; every one is needed."""

    credentials: tuple[CredentialQuery, ...]

    def to_json(self) -> dict[str, Any]:
        """The ``dcql_query``."""
        return {"credentials": [one.to_json() for one in self.credentials]}


@dataclass(frozen=True, slots=True)
class Held:
    """A credential of a wallet: its name there and all its claims."""

    name: str
    claims: Mapping[str, Any]


def read_query(value: object) -> Query:
    """From ``dcql_query``. Raises VcFault: malformed, or something that is not supported here."""
    try:
        rows = value["credentials"]  # type: ignore[index]
        if not isinstance(rows, list) or not rows or "credential_sets" in value:  # type: ignore[operator]
            raise TypeError("credentials")
        found = tuple(_credential(one) for one in rows)
    except (KeyError, TypeError) as wrong:
        raise VcFault(VcError.INVALID_REQUEST, f"dcql_query: {wrong}") from None
    if len({one.id for one in found}) != len(found):
        raise VcFault(VcError.INVALID_REQUEST, "dcql_query: an id twice")
    return Query(found)


def _credential(row: Mapping[str, Any]) -> CredentialQuery:
    if (
        row["format"] != FORMAT
        or not isinstance(row["id"], str)
        or "claim_sets" in row
        or row.get("multiple")
    ):
        raise TypeError("format, id or claim_sets")
    values = row["meta"]["vct_values"]
    claims = tuple((tuple(one["path"]), tuple(one.get("values", ()))) for one in row.get("claims", ()))
    if not values or any(not path or not _is_path(path) for path, _values in claims):
        raise TypeError("vct_values or path")
    return CredentialQuery(row["id"], tuple(values), claims)


def _is_path(path: Sequence[Any]) -> bool:
    return all(one is None or isinstance(one, str) or (type(one) is int and one >= 0) for one in path)


def match(query: Query, wallet: Sequence[Held]) -> dict[str, tuple[Held, Any]]:
    """For each credential wanted one that is held, with the selection to show. Raises VcFault (something lacks)."""
    found = {}
    for wanted in query.credentials:
        for held in wallet:
            if held.claims.get("vct") in wanted.vct_values and _satisfies(held.claims, wanted):
                found[wanted.id] = (held, _selection(wanted))
                break
        else:
            raise VcFault(VcError.ACCESS_DENIED, f"nothing held for {wanted.id}")
    return found


def _satisfies(claims: Mapping[str, Any], wanted: CredentialQuery) -> bool:
    for path, values in wanted.claims:
        reached = _reach(claims, path)
        if not reached or (values and not any(one in values for one in reached)):
            return False
    return True


def _reach(value: Any, path: Sequence[Any]) -> list[Any]:
    """All values a path leads to (section 7): names, indexes, None for every element."""
    reached = [value]
    for step in path:
        reached = [after for one in reached for after in _step(one, step)]
    return reached


def _step(value: Any, step: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [value[step]] if isinstance(step, str) and step in value else []
    if not isinstance(value, list):
        return []
    if step is None:
        return list(value)
    return value[step : step + 1] if isinstance(step, int) else []


def _selection(wanted: CredentialQuery) -> Any:
    """What ``core.sdjwt.present`` takes: the first name of each path, in full."""
    return {path[0]: True for path, _values in wanted.claims}
