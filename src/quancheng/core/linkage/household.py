"""一户一档: households from address and kinship.

A household is people at one dwelling who are joined by kinship (through others there, too). People at
the same dwelling without kinship are separate households and see each other as co-residents; kin who live
elsewhere are listed, not moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from quancheng.core.linkage.cluster import UnionFind
from quancheng.core.linkage.errors import LinkageError, LinkageReason
from quancheng.core.text import Text

__all__ = ["Dossier", "HeadReason", "Kinship", "Resident", "households"]


@dataclass(frozen=True, slots=True)
class Resident:
    """A person and where they live (居民). ``dwelling``: key of the standard address, ``None`` if unknown.

    ``register``: number of the household register (户口簿户号) and ``head``: named as its head (户主).
    ``birth``: eight digits, to break ties of headship by age.
    """

    person: str
    dwelling: str | None
    birth: str = ""
    head: bool = False
    register: str | None = None


@dataclass(frozen=True, slots=True)
class Kinship:
    """``second`` is ``relation`` of ``first`` (亲属关系): codes and names are the caller's (GB/T 4761)."""

    first: str
    second: str
    relation: Text


class HeadReason(StrEnum):
    """Why somebody heads the dossier (户主依据)."""

    REGISTERED = "REGISTERED"
    OLDEST = "OLDEST"

    @property
    def text(self) -> Text:
        """Label."""
        if self is HeadReason.REGISTERED:
            return Text("户籍登记的户主", "registered as head")
        return Text("无登记户主，取最年长者", "no registered head; the oldest")


@dataclass(frozen=True, slots=True)
class Dossier:
    """一户: members with the head first, their ties, others at the dwelling, kin elsewhere.

    ``heads``: more than one registered head lives here: to be checked by a person.
    """

    dwelling: str | None
    head: str
    because: HeadReason
    members: tuple[str, ...]
    ties: tuple[Kinship, ...]
    co_residents: tuple[str, ...]
    kin_elsewhere: tuple[str, ...]
    heads: tuple[str, ...]

    @property
    def text(self) -> Text:
        """In a sentence."""
        return Text(
            f"共{len(self.members)}人，户主依据：{self.because.text.zh}；同址非亲属{len(self.co_residents)}人，"
            f"异地亲属{len(self.kin_elsewhere)}人。",
            f"{len(self.members)} people, head: {self.because.text.en}; {len(self.co_residents)} others at the "
            f"address, {len(self.kin_elsewhere)} kin elsewhere.",
        )


def households(residents: Iterable[Resident], kinships: Iterable[Kinship]) -> tuple[Dossier, ...]:
    """Group residents (一户一档). Everybody is in exactly one dossier; a person without address is alone
    or with others of the same household register. Raises ``LinkageError`` for a person twice."""
    people: dict[str, Resident] = {}
    for one in residents:
        if one.person in people:
            raise LinkageError(
                LinkageReason.MEMBER, one.person, Text("同一人出现两次。", "The same person comes twice.")
            )
        people[one.person] = one
    ties = [
        tie for tie in kinships if tie.first in people and tie.second in people and tie.first != tie.second
    ]
    groups = _groups(people, ties)
    of_dwelling: dict[str, list[str]] = {}
    for one in people.values():
        if one.dwelling is not None:
            of_dwelling.setdefault(one.dwelling, []).append(one.person)
    kin: dict[str, list[Kinship]] = {}
    for tie in ties:
        kin.setdefault(tie.first, []).append(tie)
        kin.setdefault(tie.second, []).append(tie)
    made = [_dossier([people[person] for person in group], of_dwelling, kin) for group in groups]
    return tuple(sorted(made, key=lambda one: (one.dwelling is None, one.dwelling or "", one.head)))


def _groups(people: Mapping[str, Resident], ties: list[Kinship]) -> list[list[str]]:
    sets = UnionFind(sorted(people))
    for tie in ties:
        first, second = people[tie.first], people[tie.second]
        if first.dwelling is not None and first.dwelling == second.dwelling:
            sets.union(tie.first, tie.second)
    first_of: dict[tuple[str | None, str], str] = {}
    for one in people.values():
        if one.register is not None:
            sets.union(first_of.setdefault((one.dwelling, one.register), one.person), one.person)
    return sets.groups()


def _dossier(
    members: list[Resident], of_dwelling: Mapping[str, list[str]], kin: Mapping[str, list[Kinship]]
) -> Dossier:
    # an unknown birth date sorts last, not as the oldest
    ranked = sorted(members, key=lambda one: (not one.head, one.birth or "9", one.person))
    names = {one.person for one in members}
    dwelling = members[0].dwelling
    ties = sorted(
        {tie for person in names for tie in kin.get(person, ())},
        key=lambda tie: (tie.first, tie.second, tie.relation.zh),
    )
    outside = {end for tie in ties for end in (tie.first, tie.second)} - names
    heads = tuple(one.person for one in ranked if one.head)
    return Dossier(
        dwelling,
        ranked[0].person,
        HeadReason.REGISTERED if heads else HeadReason.OLDEST,
        tuple(one.person for one in ranked),
        tuple(tie for tie in ties if tie.first in names and tie.second in names),
        tuple(sorted(set(of_dwelling.get(dwelling, [])) - names)) if dwelling is not None else (),
        tuple(sorted(outside)),
        heads,
    )
