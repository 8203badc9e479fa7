"""家庭: who lives with whom. Couples by age, children by the mother's age, elders with children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Strings = NDArray[np.str_]
MALE, FEMALE = 1, 2
ADULT, ELDER = 20, 60
MOST_CHILDREN = 3


@dataclass(frozen=True, slots=True)
class Families:
    """Household number and relation of each person, and whose surname a child has."""

    household: Ints
    relation: Strings
    named_after: Ints
    """Index of the person whose surname this one carries; the own index when free."""
    count: int

    def surname_group(self) -> Ints:
        """Persons with the same number share a surname (two generations are followed)."""
        once = self.named_after[self.named_after]
        return once[once]


def compose(age: Ints, sex: Ints, rules: Mapping[str, Any], rng: np.random.Generator) -> Families:
    """Put everybody into a household."""
    size = len(age)
    head = np.arange(size)
    """Index of the person whose household one lives in."""
    relation = np.full(size, "head", dtype="<U6")
    named_after = np.arange(size)
    husbands, wives = _couples(age, sex, rules["married"], rng)
    head[wives] = husbands
    relation[wives] = "spouse"
    _place_children(age, husbands, wives, head, relation, named_after, rules, rng)
    _place_elders(age, sex, husbands, wives, head, relation, named_after, rules, rng)
    head = head[head]
    numbers, household = np.unique(head, return_inverse=True)
    return Families(household.astype(np.int64), relation, named_after, len(numbers))


def _couples(
    age: Ints, sex: Ints, married: Mapping[str, float], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Pairs of similar age; the share married depends on age."""
    steps = np.array([int(year) for year in married])
    shares = np.array([married[str(year)] for year in steps])
    share = shares[np.clip(np.searchsorted(steps, age, side="right") - 1, 0, None)]
    willing = (age >= ADULT) & (rng.random(len(age)) < share)
    men = np.flatnonzero(willing & (sex == MALE))
    women = np.flatnonzero(willing & (sex == FEMALE))
    men = men[np.argsort(age[men] + rng.normal(0, 1.5, len(men)), kind="stable")]
    women = women[np.argsort(age[women] + 1.5 + rng.normal(0, 1.5, len(women)), kind="stable")]
    pairs = min(len(men), len(women))
    return _thin(men, pairs), _thin(women, pairs)


def _thin(indices: Ints, wanted: int) -> Ints:
    """Keep ``wanted`` of a sorted list, evenly spread, so that ages still match."""
    if len(indices) == wanted:
        return indices
    keep = (np.arange(wanted) * len(indices)) // max(wanted, 1)
    return indices[keep]


def _place_children(
    age: Ints, husbands: Ints, wives: Ints, head: Ints, relation: Strings, named_after: Ints,
    rules: Mapping[str, Any], rng: np.random.Generator,
) -> None:  # fmt: skip
    """Those under 20, and many of the young unmarried, live with a couple of their parents' age."""
    single = relation == "head"
    single[husbands] = False
    at_home = single & (age < rules["leave_home"]) & (rng.random(len(age)) < rules["young_at_home"])
    children = np.flatnonzero((age < ADULT) | at_home)
    if not len(wives) or not len(children):
        return
    mean, deviation = rules["mother_age"]
    gap = np.clip(rng.normal(mean, deviation, len(children)), 20, 44)
    order = np.argsort(age[wives], kind="stable")
    sorted_ages = age[wives][order]
    wanted = age[children] + gap
    low = np.searchsorted(sorted_ages, wanted - 0.5)
    high = np.searchsorted(sorted_ages, wanted + 0.5)
    pick = low + (rng.random(len(children)) * np.maximum(high - low, 1)).astype(np.int64)
    couple = order[np.clip(pick, 0, len(wives) - 1)]
    _spread(couple, age, wives, order)
    mother_younger = age[wives[couple]] - age[children] < 16
    couple = np.where(mother_younger, order[-1], couple)
    head[children] = husbands[couple]
    relation[children] = "child"
    by_mother = rng.random(len(children)) < rules["mothers_surname"]
    named_after[children] = np.where(by_mother, wives[couple], husbands[couple])


def _spread(couple: Ints, age: Ints, wives: Ints, order: Ints) -> None:
    """Move a fourth and later child to a neighbouring couple of the same age (in place)."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    load = np.bincount(couple, minlength=len(order))
    for child in np.flatnonzero(load[couple] > MOST_CHILDREN).tolist():
        now = couple[child]
        if load[now] <= MOST_CHILDREN:
            continue
        around = place[now] + np.arange(-40, 41)
        near = order[around[(around >= 0) & (around < len(order))]]
        near = near[np.abs(age[wives[near]] - age[wives[now]]) <= 3]
        best = near[np.argmin(load[near])]
        load[now] -= 1
        load[best] += 1
        couple[child] = best


def _place_elders(
    age: Ints, sex: Ints, husbands: Ints, wives: Ints, head: Ints, relation: Strings,
    named_after: Ints, rules: Mapping[str, Any], rng: np.random.Generator,
) -> None:  # fmt: skip
    """A share of elder heads move, with their spouse, to a couple a generation younger."""
    elders = np.flatnonzero((age >= ELDER) & (relation == "head"))
    elders = elders[rng.random(len(elders)) < rules["elders_with_children"]]
    young = np.flatnonzero((age[husbands] >= 25) & (age[husbands] < ELDER))
    if not len(elders) or not len(young):
        return
    order = young[np.argsort(age[husbands[young]], kind="stable")]
    target = np.searchsorted(age[husbands[order]], age[elders] - rng.normal(27, 3, len(elders)))
    jitter = rng.integers(-30, 31, len(elders))
    couple = order[np.clip(target + jitter, 0, len(order) - 1)]
    couple, first = np.unique(couple, return_index=True)
    elders = elders[first]
    fits = age[elders] - age[husbands[couple]] >= 18
    elders, couple = elders[fits], couple[fits]
    hosts = husbands[couple]
    spouse_of = np.full(len(age), -1)
    spouse_of[husbands] = wives
    spouses = spouse_of[elders]
    moving = np.concatenate([elders, spouses[spouses >= 0]])
    head[elders] = hosts
    head[spouses[spouses >= 0]] = hosts[spouses >= 0]
    relation[moving] = "parent"
    fathers = sex[elders] == MALE
    named_after[hosts[fathers]] = elders[fathers]
