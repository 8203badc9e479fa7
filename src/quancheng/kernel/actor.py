"""Who acts: a frozen value carried through every action, query and audit entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class ActorKind(StrEnum):
    """What sort of actor it is."""

    ANONYMOUS = "anonymous"
    PERSON = "person"
    OFFICIAL = "official"
    DEVICE = "device"
    SYSTEM = "system"


class Assurance(IntEnum):
    """How sure we are who it is (0 unknown … 3 real name verified with a strong credential)."""

    NONE = 0
    PASSWORD = 1
    STRONG = 2
    REAL_NAME = 3


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role held at a department (with its sub-tree) and in a region (by code prefix)."""

    role: str
    departments: frozenset[int] = frozenset()
    """Ids of the granted department and everything below it."""
    region_prefix: str = ""
    """Administrative code prefix; empty = no region restriction was granted (sees none by region)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who asks or acts."""

    kind: ActorKind
    name: str = ""
    user_id: int | None = None
    person_id: int | None = None
    firm_id: int | None = None
    assurance: Assurance = Assurance.NONE
    grants: tuple[RoleGrant, ...] = ()
    purpose: str = ""
    module: str = ""
    """For system actors: the module that acts."""
    simulated: bool = False
    extra: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def role_ids(self) -> frozenset[str]:
        """Roles held now."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def is_authenticated(self) -> bool:
        return self.kind is not ActorKind.ANONYMOUS

    @classmethod
    def anonymous(cls) -> Actor:
        """Somebody who has not signed in."""
        return cls(ActorKind.ANONYMOUS)

    @classmethod
    def system(cls, module: str, *, simulated: bool = False) -> Actor:
        """The platform acting for a module by rule."""
        return cls(ActorKind.SYSTEM, name=f"system:{module}", module=module, simulated=simulated)

    def __str__(self) -> str:
        return self.name or self.kind.value
