"""取得方式: walks the ladder of a matter's materials for the one who asks; reads registers, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.services import ladder
from quancheng.capabilities.services.checks import Subject, age_on
from quancheng.capabilities.services.elements import HANDLING, KINDS, Material
from quancheng.capabilities.services.facts import Applicant, applicant_of
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.capabilities.trust import queries as trust
from quancheng.core.rules import RuleError
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotSignedIn

__all__ = ["GuideRow", "elements_of", "guide_rows", "known_of", "resolutions_of"]

ELDER_AGE = "services.senior_card.age"
DISABILITY = "disability-card"


def known_of(
    applicant: Applicant,
    *,
    refused: frozenset[str] = frozenset(),
    unanswered: Mapping[str, Text] | None = None,
    wants_help: bool = False,
    promise_barred: Text | None = None,
    held: frozenset[str] | None = None,
) -> ladder.Known:
    """What the ladder may rest on for this applicant: register facts, licences, groups, consents."""
    if held is None:
        held = trust.held_types(person_id=applicant.person_id, firm_id=applicant.firm_id)
    groups = {"disabled"} if DISABILITY in held else set()
    if _is_elder(applicant.subject):
        groups.add("elder")
    return ladder.Known(
        facts=applicant.known,
        licences=held,
        groups=frozenset(groups),
        wants_help=wants_help,
        refused=refused,
        unanswered=unanswered or {},
        promise_barred=promise_barred,
    )


def resolutions_of(applicant: Applicant, spec: MatterSpec, **more: Any) -> tuple[ladder.Resolution, ...]:
    """How each material of a matter is obtained for this applicant; ``more`` as for ``known_of``."""
    return ladder.resolve_all(spec, known_of(applicant, **more))


@dataclass(frozen=True, slots=True)
class GuideRow:
    """A material on the guide page: how the reader obtains it (指南中的材料)."""

    material: Material
    resolution: ladder.Resolution
    kind: str
    """Tag kind: ok where nothing has to be brought."""


def guide_rows(actor: Actor, spec: MatterSpec) -> tuple[GuideRow, ...]:
    """Materials of a matter for whoever reads the guide; for strangers, what most people meet."""
    try:
        known: ladder.Known | None = known_of(applicant_of(actor, spec))
    except (NotSignedIn, Forbidden):
        known = None
    found = ladder.resolve_all(spec, known)
    return tuple(
        GuideRow(row, one, "ok" if one.spared else "info")
        for row, one in zip(spec.material, found, strict=True)
    )


def _is_elder(subject: Subject) -> bool:
    if subject.birth_date is None:
        return False
    try:
        least = rulebook.find(ELDER_AGE, region=rulebook.city_region()).integer()
    except RuleError:
        return False
    return age_on(subject.birth_date, clock.today()) >= least


def elements_of(spec: MatterSpec) -> dict[str, Any]:
    """National elements of a matter for its guide page: kind, handling, halls, charges, sample of the result."""
    city = rulebook.city_region()
    names = {item.key: item.name for kind in spec.licence_type for item in kind.items}
    return {
        "kind": KINDS[spec.kind],
        "handling": HANDLING[spec.handling],
        "halls": spec.halls,
        "fees": [{"item": row, "found": rulebook.find(row.amount, region=city)} for row in spec.fee.items],
        "sample": [
            (names[key].text, value) for key, value in spec.result.sample.items() if value and key in names
        ],
    }
