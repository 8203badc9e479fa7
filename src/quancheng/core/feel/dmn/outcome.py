"""What an evaluation gives back (结果与解释): the value, warnings, and why, for the person who decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from quancheng.core.text import Text

from .document import HitPolicy

__all__ = ["Explanation", "Hit", "Outcome", "Step", "TableUse"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched: its number (from 1), its conditions as written, what it concluded."""

    rule: int
    conditions: tuple[str, ...]
    outputs: tuple[object, ...]
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableUse:
    """One use of a decision table: the values asked about, the rules that matched, the result.

    ``inputs`` are pairs of column label and value, in order; ``defaulted`` when no rule matched and the
    default output stood in.
    """

    where: str
    policy: HitPolicy
    inputs: tuple[tuple[str, object], ...]
    hits: tuple[Hit, ...]
    value: object
    defaulted: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One node that was evaluated: what it was given by name, the tables used, the value."""

    name: str
    given: Mapping[str, object]
    value: object
    tables: tuple[TableUse, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps of an evaluation, outermost first; ``lines`` is for reading."""

    steps: tuple[Step, ...] = ()

    def all_steps(self) -> Iterator[Step]:
        """Every step, the outer before the inner."""
        pending = list(reversed(self.steps))
        while pending:
            step = pending.pop()
            yield step
            pending.extend(reversed(step.steps))

    def tables(self) -> tuple[TableUse, ...]:
        """Every use of a table, in the order of :meth:`all_steps`."""
        return tuple(use for step in self.all_steps() for use in step.tables)

    def lines(self) -> tuple[Text, ...]:
        """One line for each step and each table used, in both languages."""
        found: list[Text] = []
        for step in self.all_steps():
            shown = _show(step.value)
            found.append(Text(f"“{step.name}”的结果是 {shown}", f"{step.name!r} is {shown}"))
            found.extend(_table_line(use) for use in step.tables)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value of a decision or call; FEEL errors are a null value and a warning."""

    value: object
    warnings: tuple[str, ...] = ()
    explanation: Explanation = field(default_factory=Explanation)


def _show(value: object) -> str:
    from quancheng.core import feel

    return feel.display(value)


def _table_line(use: TableUse) -> Text:
    asked_zh = "，".join(f"{label} = {_show(value)}" for label, value in use.inputs)
    asked_en = ", ".join(f"{label} = {_show(value)}" for label, value in use.inputs)
    shown = _show(use.value)
    if not use.hits:
        zh, en = (
            ("采用默认结论", "the default stands") if use.defaulted else ("没有规则命中", "no rule matched")
        )
    else:
        zh = "命中" + "、".join(f"规则 {hit.rule}（{_why(hit, '；')}）" for hit in use.hits)
        en = "matched " + ", ".join(f"rule {hit.rule} ({_why(hit, '; ')})" for hit in use.hits)
    return Text(
        f"决策表“{use.where}”：{asked_zh}；{zh}；结论 {shown}",
        f"table {use.where!r}: {asked_en}; {en}; result {shown}",
    )


def _why(hit: Hit, separator: str) -> str:
    conditions = separator.join(each or "-" for each in hit.conditions)
    notes = separator.join(filter(None, hit.annotations))
    return f"{conditions}{separator}{notes}" if notes else conditions
