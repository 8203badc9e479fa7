"""权责比对: the duty list against the catalogue (按职责编目).

National practice: what an organ does by law leaves data behind; a duty without a dataset is a gap of
the catalogue, a dataset without a duty has no reason to be collected. The comparison decides by the
duty codes that entries name; for gaps it proposes entries of the same organ with a similar name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from quancheng.core.catalogue.tokens import bigrams
from quancheng.core.catalogue.values import DutyItem, Resource

__all__ = ["Comparison", "DeadLink", "LinkFault", "Proposal", "compare", "similarity"]


class LinkFault(Enum):
    """Why the duty that an entry names does not count (关联问题)."""

    UNKNOWN_DUTY = "unknown_duty"
    OTHER_ORGAN = "other_organ"
    NO_DATA_EXPECTED = "no_data_expected"


@dataclass(frozen=True, slots=True)
class DeadLink:
    """An entry that names a duty wrongly (无效关联)."""

    resource: str
    duty: str
    fault: LinkFault


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry that may belong to a duty (建议关联), for a person to decide; ``score`` in (0, 1]."""

    duty: str
    resource: str
    score: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """比对结果, codes in the order given.

    ``covered`` maps a duty to its entries; ``missing`` are duties that ought to have data and have
    none; ``unfounded`` entries without any valid duty; ``exempt`` duties that leave no data.
    """

    covered: tuple[tuple[str, tuple[str, ...]], ...]
    missing: tuple[str, ...]
    exempt: tuple[str, ...]
    unfounded: tuple[str, ...]
    dead: tuple[DeadLink, ...]
    proposals: tuple[Proposal, ...]


def compare(duties: Iterable[DutyItem], resources: Iterable[Resource], alike: float = 0.5) -> Comparison:
    """Compare the duty list with the catalogue (比对).

    A link counts if the duty exists, leaves data and belongs to the entry's provider. ``alike`` is
    the similarity of names from which an unfounded entry is proposed for a missing duty.
    """
    known = {duty.code: duty for duty in duties}
    entries = list(resources)
    covered: dict[str, list[str]] = {}
    dead: list[DeadLink] = []
    unfounded: list[Resource] = []
    for entry in entries:
        valid = False
        for code in entry.duties:
            fault = _fault(known.get(code), entry)
            if fault is None:
                covered.setdefault(code, []).append(entry.code)
                valid = True
            else:
                dead.append(DeadLink(entry.code, code, fault))
        if not valid:
            unfounded.append(entry)
    missing = [duty for duty in known.values() if duty.yields_data and duty.code not in covered]
    return Comparison(
        covered=tuple((code, tuple(covered[code])) for code in known if code in covered),
        missing=tuple(duty.code for duty in missing),
        exempt=tuple(duty.code for duty in known.values() if not duty.yields_data),
        unfounded=tuple(entry.code for entry in unfounded),
        dead=tuple(dead),
        proposals=_proposals(missing, unfounded, alike),
    )


def similarity(one: str, other: str) -> float:
    """Dice's coefficient of the sets of character pairs (名称相似度), 0 to 1; Dice 1945."""
    left, right = set(bigrams(one)), set(bigrams(other))
    return 2 * len(left & right) / (len(left) + len(right)) if left and right else 0.0


def _fault(duty: DutyItem | None, entry: Resource) -> LinkFault | None:
    if duty is None:
        return LinkFault.UNKNOWN_DUTY
    if duty.organ != entry.provider.code:
        return LinkFault.OTHER_ORGAN
    return None if duty.yields_data else LinkFault.NO_DATA_EXPECTED


def _proposals(
    missing: Iterable[DutyItem], unfounded: Iterable[Resource], alike: float
) -> tuple[Proposal, ...]:
    by_organ: dict[str, list[Resource]] = {}
    for entry in unfounded:
        by_organ.setdefault(entry.provider.code, []).append(entry)
    found = [
        Proposal(duty.code, entry.code, score)
        for duty in missing
        for entry in by_organ.get(duty.organ, ())
        if (score := similarity(duty.name.zh, entry.name.zh)) >= alike
    ]
    return tuple(sorted(found, key=lambda one: (-one.score, one.duty, one.resource)))
