"""Overlaps and gaps of decision tables (重叠与遗漏), with values that show them.

Sound by construction: a condition that can't be decided counts as meeting nothing when overlaps are sought and
as covering everything when gaps are, so what is reported is real. Columns of the same expression are one.
Null inputs are left out of account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, Final

from quancheng.core import feel
from quancheng.core.text import Text

from ..errors import FeelError
from ..nodes import CompareTest, RangeNode, children
from ..types import Type
from ..values.kinds import equal
from . import atoms
from .document import DecisionTable, HitPolicy, InputClause
from .itemtypes import Allowed
from .place import told
from .problem import Problem, ProblemKind, Severity
from .regions import Region, Space, gap, is_hidden, overlaps

__all__ = ["check_coverage"]

#: More pairs of rules than this are not compared, more overlaps than this not listed.
MOST_RULES: Final = 3_000
MOST_LISTED: Final = 20
#: Rules that never come to bear are only sought among as many.
MOST_HIDDEN: Final = 300

TypeOf = Callable[[InputClause], Type | None]


@dataclass(frozen=True, slots=True)
class _Dimension:
    """One thing asked: its label, the pieces it may take, and what each rule covers of them (None: unknown)."""

    label: str
    pieces: tuple[Any, ...]
    covered: tuple[int | None, ...]


def check_coverage(table: DecisionTable, element: str, type_of: TypeOf) -> Iterator[Problem]:
    """Overlapping rules of UNIQUE tables, disagreeing rules of ANY tables, cases that no rule covers."""
    if not table.rules or not table.inputs or len(table.rules) > MOST_RULES:
        return
    dimensions = [_dimension(table, columns, type_of) for columns in _columns(table)]
    if any(not each.pieces for each in dimensions):
        return
    if table.hit_policy in (HitPolicy.UNIQUE, HitPolicy.ANY):
        yield from islice(_overlapping(table, element, dimensions), MOST_LISTED)
    if _must_be_complete(table):
        yield from _missing(element, dimensions, len(table.rules), table.where)
    if len(table.rules) <= MOST_HIDDEN:
        yield from islice(_unreachable(table, element, dimensions), MOST_LISTED)


def _must_be_complete(table: DecisionTable) -> bool:
    many = table.hit_policy in (HitPolicy.COLLECT, HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER)
    return not many and all(clause.default is None for clause in table.outputs)


def _columns(table: DecisionTable) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for index, clause in enumerate(table.inputs):
        found.setdefault(" ".join(clause.expression.split()), []).append(index)
    return list(found.values())


def _dimension(table: DecisionTable, columns: Sequence[int], type_of: TypeOf) -> _Dimension:
    clause = table.inputs[columns[0]]
    cells = [[_Cell(rule.inputs[c] if c < len(rule.inputs) else "") for c in columns] for rule in table.rules]
    limits = [_Cell(table.inputs[c].values) for c in columns]
    kind = next((k for c in columns if (k := type_of(table.inputs[c])) is not None), None)
    pieces = _pieces(cells, limits, kind)
    places = {value: n for n, value in enumerate(pieces)}
    covered = tuple(_covered(row, pieces, places) for row in cells)
    return _Dimension(_label(clause), tuple(pieces), covered)


def _label(clause: InputClause) -> str:
    return clause.label or clause.expression


class _Cell:
    """A condition: its tests and the constants it compares with (None when it does more)."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.tests: feel.UnaryTests | None = None
        self.constants: list[Any] | None = []
        self.compared = False
        if self.text not in {"", "-"}:
            self._read()

    def _read(self) -> None:
        try:
            self.tests = feel.parse_unary(self.text)
        except FeelError:
            self.constants = None
            return
        self.constants = atoms.constants(self.text, self.tests.node)
        self.compared = _compares(self.tests.node)

    def holds(self, value: Any) -> bool:
        """Whether the condition is true of a value."""
        return self.tests is None or atoms.holds(self.tests, value)


def _compares(node: Any) -> bool:
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, RangeNode) or (
            isinstance(each, CompareTest) and each.operator not in ("=", "!=")
        ):
            return True
        pending.extend(children(each))
    return False


def _pieces(cells: Sequence[Sequence[_Cell]], limits: Sequence[_Cell], kind: Type | None) -> list[Any]:
    """Witnesses of the column's pieces; one nameless piece when it can't be decided at all."""
    known = [cell for row in cells for cell in row if cell.constants is not None]
    bounds = [cell for cell in limits if cell.constants is not None and cell.tests is not None]
    if kind is not None and kind.name in {"Any", "list", "context", "function", "range"}:
        kind = None
    compared = any(cell.compared for cell in (*known, *bounds))
    cuts = [value for cell in (*known, *bounds) for value in cell.constants or ()]
    cuts += _listed(kind)
    found = atoms.pieces(cuts, kind.name if kind is not None else "", compared)
    if found is None:
        return [None]
    return [v for v in found if all(cell.holds(v) for cell in bounds) and _allowed(v, kind)] or [None]


def _listed(kind: Type | None) -> list[Any]:
    """The values that the column's type allows, when its definition lists them."""
    check = kind.check if kind is not None else None
    return _Cell(check.text).constants or [] if isinstance(check, Allowed) else []


def _allowed(value: Any, kind: Type | None) -> bool:
    if kind is None or kind.check is None or value is None:
        return True
    try:
        return kind.check(value) is True
    except FeelError:
        return True


def _covered(row: Sequence[_Cell], pieces: Sequence[Any], places: Mapping[Any, int]) -> int | None:
    covered = (1 << len(pieces)) - 1
    for cell in row:
        if cell.constants is None or (pieces == [None] and cell.tests is not None):
            return None
        covered &= _bits(cell, pieces, places)
    return covered


def _bits(cell: _Cell, pieces: Sequence[Any], places: Mapping[Any, int]) -> int:
    """The pieces of which a condition is true, asked once for each stretch between its own constants."""
    own = sorted({places[value] for value in cell.constants or () if value in places})
    edges = sorted({0, len(pieces), *own, *(at + 1 for at in own)})
    bits = 0
    for start, end in pairwise(edges):
        if cell.holds(pieces[start]):
            bits |= (1 << end) - (1 << start)
    return bits


def _overlapping(table: DecisionTable, element: str, dimensions: Sequence[_Dimension]) -> Iterator[Problem]:
    regions: list[Region | None] = []
    for number in range(len(table.rules)):
        covered = [each.covered[number] for each in dimensions]
        regions.append(None if None in covered else tuple(bits or 0 for bits in covered))
    for earlier, later, place in overlaps(regions):
        if table.hit_policy is HitPolicy.ANY and not _disagree(table, earlier, later):
            continue
        example = _example(dimensions, place)
        unique = table.hit_policy is HitPolicy.UNIQUE
        zh = "重叠，而命中策略要求唯一" if unique else "重叠而结论不同，命中策略要求一致"
        en = "overlap, but the hit policy is UNIQUE" if unique else "overlap and conclude differently"
        shown = _shown(example)
        text = Text(
            f"规则 {earlier + 1} 与规则 {later + 1} {zh}，例如 {shown.zh}",
            f"rules {earlier + 1} and {later + 1} {en}, e.g. {shown.en}",
        )
        rules = (earlier + 1, later + 1)
        yield Problem(element, told(table.where, text), ProblemKind.OVERLAP, example=example, rules=rules)


def _disagree(table: DecisionTable, earlier: int, later: int) -> bool:
    """Whether two rules surely conclude differently: constants that are not equal."""
    pairs = zip(table.rules[earlier].outputs, table.rules[later].outputs, strict=False)
    for a, b in pairs:
        known_a, value_a = _constant(a.text)
        known_b, value_b = _constant(b.text)
        if known_a and known_b and equal(value_a, value_b) is not True:
            return True
    return False


def _constant(text: str) -> tuple[bool, Any]:
    try:
        return atoms.constant(text, feel.parse(text).node)
    except FeelError:
        return False, None


def _missing(element: str, dimensions: Sequence[_Dimension], rules: int, where: str) -> Iterator[Problem]:
    space = Space(tuple(len(each.pieces) for each in dimensions))
    everything = [(1 << size) - 1 for size in space.sizes]
    regions: list[Region] = []
    for number in range(rules):
        covered = [each.covered[number] for each in dimensions]
        regions.append(tuple(a if c is None else c for a, c in zip(everything, covered, strict=True)))
    found = gap(space, regions)
    if found is None:
        return
    example = _example(dimensions, found)
    shown = _shown(example)
    text = Text(
        f"没有规则适用于 {shown.zh}，也没有默认结论",
        f"no rule applies to {shown.en} and there is no default output",
    )
    yield Problem(element, told(where, text), ProblemKind.GAP, Severity.WARNING, example=example)


def _unreachable(table: DecisionTable, element: str, dimensions: Sequence[_Dimension]) -> Iterator[Problem]:
    """Rules that no input meets, and in FIRST tables those that earlier rules always forestall."""
    space = Space(tuple(len(each.pieces) for each in dimensions))
    everything = tuple((1 << size) - 1 for size in space.sizes)
    first = table.hit_policy is HitPolicy.FIRST
    regions: list[Region] = []
    for number in range(len(table.rules)):
        covered = [each.covered[number] for each in dimensions]
        known = tuple(a if c is None else c for a, c in zip(everything, covered, strict=True))
        # A rule that can't be decided forestalls nothing, and nothing is said of it.
        regions.append(known if None not in covered else (0,) * len(known))
        if None in covered or (all(known) and not first):
            continue
        if all(known) and not is_hidden(space, regions):
            continue
        zh = "总被前面的规则抢先，永远不会命中" if all(known) else "没有任何输入能命中"
        en = "is always forestalled by earlier rules" if all(known) else "can't be met by any input"
        text = told(table.where, Text(f"规则 {number + 1} {zh}", f"rule {number + 1} {en}"))
        yield Problem(element, text, ProblemKind.UNREACHABLE, Severity.WARNING, rules=(number + 1,))


def _example(dimensions: Sequence[_Dimension], place: Sequence[int]) -> dict[str, object]:
    return {each.label: each.pieces[n] for each, n in zip(dimensions, place, strict=True)}


def _shown(example: Mapping[str, object]) -> Text:
    def parts(anything: str) -> list[str]:
        shown = ((name, anything if v is None else feel.display(v)) for name, v in example.items())
        return [f"{name} = {value}" for name, value in shown]

    return Text("，".join(parts("任意值")), ", ".join(parts("anything")))
