"""办理计划: which items, in which order, with which facts; pure.

Answers choose items; items wait for those they rest on; every fact is asked once for all of them.
Nothing here knows tables, time or registers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quancheng.capabilities.onething.spec import Consent, Fact, Item, Theme, Upload
from quancheng.capabilities.onething.values import ItemState
from quancheng.core import feel
from quancheng.core.text import Text

__all__ = [
    "Cycle", "Filled", "blocked_by", "choose", "circle", "consents_for", "facts_for", "filled", "holds",
    "layers", "over", "prefill_allowed", "ready", "rests_on", "settled", "uploads_for",
]  # fmt: skip

NAMES = ("answers", "applicant")


class Cycle(ValueError):
    """Items that wait for each other (循环依赖); ``path`` names them, the first again at the end."""

    def __init__(self, path: Sequence[str]) -> None:
        self.path = tuple(path)
        way = " → ".join(self.path)
        self.text = Text(f"事项互相等待，永远办不完：{way}。", f"The items wait for each other: {way}.")
        super().__init__(self.text.zh)


# -- choosing -------------------------------------------------------------------------------------
def holds(text: str, answers: Mapping[str, Any], applicant: Mapping[str, Any] | None = None) -> bool:
    """Whether a FEEL condition holds (empty: yes); what is unknown does not hold. Raises FeelError."""
    if not text.strip():
        return True
    scope = {"answers": feel.from_json(dict(answers)), "applicant": feel.from_json(dict(applicant or {}))}
    return feel.parse(text, names=NAMES).evaluate(scope) is True


def choose(
    theme: Theme, answers: Mapping[str, Any], applicant: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Keys of the items these answers call for, in an order that respects what rests on what."""
    kept = {one.key for one in theme.item if holds(one.when, answers, applicant)}
    return tuple(key for layer in layers(theme.item, kept) for key in layer)


def rests_on(items: Sequence[Item], chosen: frozenset[str] | set[str]) -> dict[str, frozenset[str]]:
    """Chosen item → chosen items it waits for; an item left out passes its own waiting on."""
    every = {one.key: one.after for one in items}

    def of(key: str, seen: frozenset[str]) -> frozenset[str]:
        found: set[str] = set()
        for before in every.get(key, ()):
            if before in chosen:
                found.add(before)
            elif before not in seen:
                found |= of(before, seen | {before})
        return frozenset(found)

    return {key: of(key, frozenset({key})) for key in every if key in chosen}


def layers(items: Sequence[Item], chosen: frozenset[str] | set[str]) -> tuple[tuple[str, ...], ...]:
    """Chosen items in steps: those of one step run side by side. Raises Cycle."""
    if loop := circle(items):
        raise Cycle(loop)
    before = rests_on(items, chosen)
    left, made = [one.key for one in items if one.key in chosen], []
    placed: set[str] = set()
    while left:
        step = tuple(key for key in left if before[key] <= placed)
        made.append(step)
        placed |= set(step)
        left = [key for key in left if key not in placed]
    return tuple(made)


def circle(items: Sequence[Item]) -> tuple[str, ...]:
    """A circle of waiting, empty when there is none."""
    after = {one.key: [key for key in one.after if any(row.key == key for row in items)] for one in items}
    done: set[str] = set()

    def visit(key: str, path: tuple[str, ...]) -> tuple[str, ...]:
        if key in path:
            return (*path[path.index(key):], key)  # fmt: skip
        if key in done:
            return ()
        for before in after[key]:
            if loop := visit(before, (*path, key)):
                return loop
        done.add(key)
        return ()

    for key in after:
        if loop := visit(key, ()):
            return loop
    return ()


# -- facts, papers and consents ---------------------------------------------------------------------
def facts_for(theme: Theme, chosen: Sequence[str], answers: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Facts the chosen items need, each once, in the order of the file."""
    needed = {fact for key in chosen for fact in theme.of(key).fields.values()}
    needed |= {
        part for key in chosen for row in theme.of(key).gives.values() for part in (row.birth_date, row.sex)
    }
    return tuple(one for one in theme.fact if one.key in needed and holds(one.when, answers))


def consents_for(theme: Theme, chosen: Sequence[str]) -> tuple[Consent, ...]:
    """Consents that some chosen item calls for."""
    return tuple(one for one in theme.consent if set(one.items) & set(chosen))


def prefill_allowed(theme: Theme, fact: Fact, given: Mapping[str, bool], answers: Mapping[str, Any]) -> bool:
    """Whether a register may be asked for a fact: nobody who would use it was refused."""
    if not fact.prefill or not holds(fact.prefill_when, answers):
        return False
    return all(
        given.get(one.key) is True for one in theme.consent if fact.key in one.facts and one.key in given
    )


def uploads_for(theme: Theme, chosen: Sequence[str], given: Mapping[str, bool]) -> tuple[Upload, ...]:
    """Papers to hand in, each once; those a consent spares only where it was refused."""
    return tuple(
        one
        for one in theme.upload
        if set(one.to) & set(chosen) and (not one.without or given.get(one.without) is False)
    )


# -- one item's application -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Filled:
    """The form of one item as far as it is known (事项表单)."""

    form: Mapping[str, Any]
    missing: tuple[str, ...] = ()
    """Fields whose value was to come from another item but may not or cannot."""
    uploads: tuple[str, ...] = field(default=())
    """Materials the applicant brings because their consent was not given."""


def filled(
    theme: Theme,
    key: str,
    facts: Mapping[str, Any],
    results: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, bool],
    extra: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
) -> Filled:
    """The form of an item from facts, earlier results and what the applicant added (``extra``).

    ``results``: item → what it gave. ``given``: consent → yes or no. A result is passed on only when
    no consent about it was refused; otherwise its field is missing until the applicant gives it.
    """
    item, added = theme.of(key), extra or {}
    form = {name: facts[fact] for name, fact in item.fields.items() if facts.get(fact) not in (None, "")}
    form |= {
        name: said[key] for name, key in item.answers.items() if (said := answers or {}).get(key) is not None
    }
    form |= item.constants
    barred = {
        source
        for one in theme.consent
        if key in one.items and given.get(one.key) is False
        for source in one.results
    }
    missing = []
    for name, source in item.results.items():
        before, _dot, what = source.partition(".")
        value = None if before in barred else results.get(before, {}).get(what)
        if name in added:
            form[name] = added[name]
        elif value not in (None, ""):
            form[name] = value
        elif name not in form:
            missing.append(name)
    papers = [
        material
        for one in theme.consent
        if key in one.items and given.get(one.key) is False
        for material in one.uploads.get(key, ())
    ]
    return Filled(form, tuple(missing), tuple(dict.fromkeys(papers)))


# -- going on ---------------------------------------------------------------------------------------
def blocked_by(before: Mapping[str, frozenset[str]], states: Mapping[str, ItemState], key: str) -> str:
    """The first item whose end without a result keeps another from going on; empty when none."""
    return next((one for one in sorted(before.get(key, ())) if states[one].lost), "")


def ready(items: Sequence[Item], states: Mapping[str, ItemState]) -> tuple[str, ...]:
    """Waiting items whose foundations are all done; they go to their departments side by side."""
    before = rests_on(items, set(states))
    return tuple(
        key
        for key, state in states.items()
        if state is ItemState.WAITING and all(states[one] is ItemState.DONE for one in before[key])
    )


def settled(items: Sequence[Item], states: Mapping[str, ItemState]) -> dict[str, ItemState]:
    """States after blocking what rests on a lost item, and freeing what does so no more."""
    before, now = rests_on(items, set(states)), dict(states)
    for layer in layers(items, set(states)):
        for key in layer:
            if now[key] in {ItemState.WAITING, ItemState.BLOCKED}:
                stuck = blocked_by(before, now, key)
                now[key] = ItemState.BLOCKED if stuck else ItemState.WAITING
    return now


def over(states: Mapping[str, ItemState]) -> bool:
    """Nothing of the bundle moves any more by itself."""
    return all(one.over for one in states.values())
