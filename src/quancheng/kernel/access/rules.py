"""Rules of access as values, and their compilation to a Django ``Q``.

A rule says: whoever holds ``role`` may do ``verbs`` to those rows of ``model`` that match
``where``. Values beginning with ``$`` are filled from the actor. A rule whose variable the actor
does not have matches nothing (fail closed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from quancheng.kernel import clock
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

ANYONE, PERSON, OFFICIAL, SYSTEM, DEVICE = "anyone", "person", "official", "system", "device"
_PLAIN_ROLES = {ANYONE, PERSON, OFFICIAL, SYSTEM, DEVICE}
NOTHING = Q(pk__in=[])
REGION_SUFFIX = "__startswith_any"


class UnknownVariable(ValueError):
    """A rule names a variable that does not exist: a fault in module.toml."""


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One ``[[access]]`` row."""

    model: str
    verbs: frozenset[str]
    role: str
    where: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> AccessRule:
        return cls(row["model"], frozenset(row["verbs"]), row["role"], dict(row.get("where", {})))

    def predicate(self, actor: Actor) -> Q | None:
        """The rows this rule opens to ``actor``; None when the rule is not theirs."""
        if self.role in _PLAIN_ROLES:
            return self._compile(actor, None) if _is_plainly(actor, self.role) else None
        held = [grant for grant in actor.grants if grant.role == self.role]
        if not held:
            return None
        parts = [self._compile(actor, grant) for grant in held]
        return _either(parts)

    def _compile(self, actor: Actor, grant: RoleGrant | None) -> Q:
        condition = Q()
        for lookup, wanted in self.where.items():
            part = _term(lookup, wanted, actor, grant)
            if part is None:
                return NOTHING
            condition &= part
        return condition


def union(rules: Iterable[AccessRule], actor: Actor) -> Q | None:
    """All rows any rule opens; None when no rule speaks for the actor at all."""
    parts = [part for rule in rules if (part := rule.predicate(actor)) is not None]
    return _either(parts) if parts else None


def _either(parts: list[Q]) -> Q:
    """Any of ``parts``; an empty ``Q`` opens everything (Django would drop it from an OR)."""
    total = NOTHING
    for part in parts:
        if not part.children:
            return part
        total = part if total == NOTHING else total | part
    return total


def _is_plainly(actor: Actor, role: str) -> bool:
    if role == ANYONE:
        return True
    if role == PERSON:
        return actor.kind in {ActorKind.PERSON, ActorKind.OFFICIAL} and actor.user_id is not None
    return actor.kind.value == role


def _term(lookup: str, wanted: Any, actor: Actor, grant: RoleGrant | None) -> Q | None:
    value = _fill(wanted, actor, grant)
    if value is None and isinstance(wanted, str) and wanted.startswith("$"):
        return None
    if lookup.endswith(REGION_SUFFIX):
        column = lookup.removesuffix(REGION_SUFFIX)
        return _any_prefix(column, value)
    return Q(**{lookup: value})


def _any_prefix(column: str, prefixes: Iterable[str]) -> Q | None:
    total: Q | None = None
    for prefix in prefixes:
        part = _within(column, prefix)
        total = part if total is None else total | part
    return total


def _within(column: str, prefix: str) -> Q:
    """Codes below a prefix as an index range (a LIKE would not use the index on SQLite)."""
    if not (prefix.isascii() and prefix.isdigit()):
        return NOTHING
    after = str(int(prefix) + 1).zfill(len(prefix))
    return Q(**{f"{column}__gte": prefix, f"{column}__lt": after})


def _fill(wanted: Any, actor: Actor, grant: RoleGrant | None) -> Any:
    if not (isinstance(wanted, str) and wanted.startswith("$")):
        return wanted
    match wanted:
        case "$user":
            return actor.user_id
        case "$person":
            return actor.person_id
        case "$firm":
            return actor.firm_id
        case "$now":
            return clock.now()
        case "$departments":
            return sorted(grant.departments) if grant else None
        case "$regions":
            return [grant.region_prefix] if grant and grant.region_prefix else None
        case _:
            raise UnknownVariable(f"module.toml: {wanted}")
