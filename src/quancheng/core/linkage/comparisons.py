"""比较: how alike two records are in one field, as a ladder of levels from "the same" to "different".

A ``Comparison`` is data: a field and steps, each a test with a label a person understands. The level of a
pair is the first step that holds; 0 when none does, -1 when one of the two has no value. What a level is
worth is not said here: the model learns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quancheng.core.linkage import forms
from quancheng.core.linkage.columns import Column, Frame
from quancheng.core.linkage.errors import bad_setting
from quancheng.core.linkage.forms import Form
from quancheng.core.linkage.kernels import WIDEST, distances, jaro_winklers
from quancheng.core.linkage.strings import alignment_distance, jaro_winkler
from quancheng.core.text import Text

__all__ = [
    "DIFFERENT",
    "MISSING",
    "Alike",
    "BothSound",
    "Comparison",
    "Crossed",
    "Edits",
    "Overlap",
    "Same",
    "Step",
    "Test",
    "address",
    "chinese_name",
    "date_of",
    "exact",
    "phone",
    "resident_id",
    "words",
]

MISSING = -1
"""Level of a pair of which one has no value."""

DIFFERENT_LABEL = Text("不同", "different")
MISSING_LABEL = Text("缺失", "missing")
DIFFERENT = 0
"""Level of a pair for which no step holds."""

Rows = NDArray[np.int32]
Hits = NDArray[np.bool_]


class Test(Protocol):
    """A test of pairs of rows that both have a value (检验)."""

    @property
    def form(self) -> Form:
        """The form that must be there for the test to mean something."""
        ...

    def holds(self, frame: Frame, field: str, left: Rows, right: Rows) -> Hits:
        """For each pair, whether it passes."""
        ...


@dataclass(frozen=True, slots=True)
class Same:
    """The form is equal (相同)."""

    form: Form

    def holds(self, frame: Frame, field: str, left: Rows, right: Rows) -> Hits:
        """Equal codes."""
        codes = frame.column(field, self.form).codes
        return np.asarray((codes[left] == codes[right]) & (codes[left] >= 0))


@dataclass(frozen=True, slots=True)
class Crossed:
    """One record in this form equals the other in another form, as a date with day and month swapped."""

    form: Form
    other: Form

    def holds(self, frame: Frame, field: str, left: Rows, right: Rows) -> Hits:
        """Compared character by character, up to 64."""
        column, other = frame.column(field, self.form), frame.column(field, self.other)
        a, b = column.codes[left], other.codes[right]
        width = min(column.chars.shape[1], other.chars.shape[1])
        same = (column.chars[a, :width] == other.chars[b, :width]).all(axis=1)
        return np.asarray(same & (column.lengths[a] == other.lengths[b]) & (a >= 0) & (b >= 0))


@dataclass(frozen=True, slots=True)
class Alike:
    """Jaro–Winkler similarity of at least ``least`` (相似), 0 to 1."""

    form: Form
    least: float

    def __post_init__(self) -> None:
        _within("least", self.least)

    def holds(self, frame: Frame, field: str, left: Rows, right: Rows) -> Hits:
        """In bulk; values beyond 64 characters one by one."""
        column = frame.column(field, self.form)
        a, b = column.codes[left], column.codes[right]
        chars, lengths = column.chars, column.lengths
        values = jaro_winklers(chars[a], lengths[a].clip(max=WIDEST), chars[b], lengths[b].clip(max=WIDEST))
        for row in _long(column, a, b):
            values[row] = jaro_winkler(column.words[int(a[row])].as_py(), column.words[int(b[row])].as_py())
        return np.asarray((values >= self.least) & (a >= 0) & (b >= 0))


@dataclass(frozen=True, slots=True)
class Edits:
    """At most ``most`` slips: a character wrong, missing, too many, or two neighbours swapped (笔误)."""

    form: Form
    most: int

    def __post_init__(self) -> None:
        if self.most < 1:
            raise bad_setting("most", "允许的笔误次数至少为1。", "At least one slip must be allowed.")

    def holds(self, frame: Frame, field: str, left: Rows, right: Rows) -> Hits:
        """In bulk for those whose lengths allow it."""
        column = frame.column(field, self.form)
        a, b = column.codes[left], column.codes[right]
        lengths = column.lengths
        near = (np.abs(lengths[a] - lengths[b]) <= self.most) & (a >= 0) & (b >= 0)
        rows = np.flatnonzero(near)
        x, y = a[rows], b[rows]
        hits = np.zeros(len(a), np.bool_)
        found = distances(
            column.chars[x], lengths[x].clip(max=WIDEST), column.chars[y], lengths[y].clip(max=WIDEST)
        )
        for row in _long(column, x, y):
            found[row] = alignment_distance(
                column.words[int(x[row])].as_py(), column.words[int(y[row])].as_py()
            )
        hits[rows] = found <= self.most
        return hits


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shared words weigh at least ``least`` of all words of both (词重合度: weighted Jaccard), 0 to 1.

    Rare words weigh more (log of n/f), numbers ``number_weight`` times as much as other words.
    """

    form: Form
    least: float
    number_weight: float = 2.0

    def __post_init__(self) -> None:
        _within("least", self.least)

    def holds(self, frame: Frame, field: str, left: Rows, right: Rows) -> Hits:
        """All words of one against all words of the other, one word position at a time."""
        column = frame.column(field, self.form)
        a, b = column.codes[left], column.codes[right]
        ids, weights = column.tokens(self.number_weight)
        mine, theirs, own = ids[a], ids[b], weights[a]
        shared = np.zeros(len(a), np.float32)
        for place in range(ids.shape[1]):
            word = mine[:, place]
            found = (theirs == word[:, None]).any(axis=1) & (word >= 0)
            shared += own[:, place] * found
        total = own.sum(axis=1) + weights[b].sum(axis=1) - shared
        return np.asarray((shared >= self.least * total) & (total > 0) & (a >= 0) & (b >= 0))


@dataclass(frozen=True, slots=True)
class BothSound:
    """Both numbers pass their own check digit (两个号码都有效); after ``Same``: they are two people's.

    The check digit of GB 11643 (ISO 7064, MOD 11-2) finds every single wrong digit and every swap of
    neighbours: two sound numbers that differ are two people, such as twins, however alike they look.
    """

    form: Form

    def holds(self, frame: Frame, field: str, left: Rows, right: Rows) -> Hits:
        """Only what is not the same is asked."""
        column = frame.column(field, self.form)
        return _sound(column, column.codes[left]) & _sound(column, column.codes[right])


_WEIGHTS = np.array([pow(2, 17 - place, 11) for place in range(17)])
_CHECK = np.array([ord(one) for one in "10x98765432"])


def _sound(column: Column, codes: Rows) -> Hits:
    """Whether a number of 18 characters ends in its check digit (GB 11643-1999, 4.2)."""
    if column.chars.shape[1] < 18 or not len(codes):
        return np.zeros(len(codes), np.bool_)
    digits = column.chars[codes, :17].astype(np.int64) - ord("0")
    last = column.chars[codes, 17].astype(np.int64)
    wanted = _CHECK[(digits.clip(0, 9) @ _WEIGHTS) % 11]
    plain = ((digits >= 0) & (digits <= 9)).all(axis=1) & (column.lengths[codes] == 18)
    return np.asarray(plain & ((last | 0x20) == (wanted | 0x20)))


def _long(column: Column, a: Rows, b: Rows) -> list[int]:
    if column.chars.shape[1] < WIDEST:
        return []
    return list(np.flatnonzero((column.lengths[a] > WIDEST) | (column.lengths[b] > WIDEST)))


def _within(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise bad_setting(name, f"{name}应大于0且不大于1。", f"{name} must be above 0 and at most 1.")


@dataclass(frozen=True, slots=True)
class Step:
    """One rung (一级): a test and what a person reads when it holds. ``veto``: then they are not the same."""

    label: Text
    test: Test
    veto: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of evidence (比较项): ``steps`` from strongest to weakest.

    ``frequencies``: agreement on a rare value counts more than on a common one (词频调整); it applies to
    the first step, which must then be ``Same``. ``owned``: a value that only its owner has, such as a number
    given by a register: agreement by chance is next to nothing, see ``fit``.
    """

    name: str
    label: Text
    field: str
    steps: tuple[Step, ...]
    frequencies: bool = False
    owned: bool = False

    def __post_init__(self) -> None:
        if not self.steps:
            raise bad_setting(self.name, "比较项至少要有一级。", "A comparison needs at least one step.")
        if self.frequencies and not isinstance(self.steps[0].test, Same):
            raise bad_setting(
                self.name,
                "词频调整要求第一级为“相同”。",
                "Term frequencies need a first step of equality.",
            )

    @property
    def levels(self) -> int:
        """Levels without the missing one: 0 different, then one for each step, the strongest highest."""
        return len(self.steps) + 1

    def level_label(self, level: int) -> Text:
        """What a level says."""
        if level == MISSING:
            return MISSING_LABEL
        return DIFFERENT_LABEL if level == DIFFERENT else self.steps[len(self.steps) - level].label

    def vetoes(self, level: int) -> bool:
        """Whether a level rules a match out, whatever else agrees (一票否决)."""
        return level > DIFFERENT and self.steps[len(self.steps) - level].veto

    def compare(self, frame: Frame, left: Rows, right: Rows) -> NDArray[np.int8]:
        """Level of each pair of rows."""
        base = frame.column(self.field, self.steps[0].test.form).codes
        levels = np.where((base[left] >= 0) & (base[right] >= 0), DIFFERENT, MISSING).astype(np.int8)
        open_ = np.flatnonzero(levels == DIFFERENT)
        for place, step in enumerate(self.steps):
            if not len(open_):
                break
            hits = step.test.holds(frame, self.field, left[open_], right[open_])
            levels[open_[hits]] = len(self.steps) - place
            open_ = open_[~hits]
        return levels


_SAME = Text("相同", "the same")
_SLIP = Text("一处笔误", "one slip")
_TWO = Text("两处笔误", "two slips")


def exact(
    name: str,
    label: Text,
    field: str,
    *,
    frequencies: bool = False,
    form: Form = forms.PLAIN,
    owned: bool = False,
) -> Comparison:
    """The same or not (精确比较)."""
    return Comparison(name, label, field, (Step(_SAME, Same(form)),), frequencies, owned)


def words(name: str, label: Text, field: str, *least: float, frequencies: bool = True) -> Comparison:
    """Text in letters (文本): the same, then one level for each Jaro–Winkler similarity given, falling."""
    steps = [Step(_SAME, Same(forms.PLAIN))]
    for value in sorted(least, reverse=True):
        steps.append(
            Step(Text(f"相似度不低于{value:g}", f"similarity at least {value:g}"), Alike(forms.PLAIN, value))
        )
    return Comparison(name, label, field, tuple(steps), frequencies)


def resident_id(field: str, label: Text = Text("身份证号码", "resident identity number")) -> Comparison:
    """公民身份号码: the same (15 digits raised to 18); two sound numbers, which rules a match out; one slip,
    two slips, or only region and birth date."""
    form = forms.RESIDENT_ID
    steps = (
        Step(_SAME, Same(form)),
        Step(Text("两个号码都有效而不同", "two sound numbers that differ"), BothSound(form), veto=True),
        Step(_SLIP, Edits(form, 1)),
        Step(_TWO, Edits(form, 2)),
        Step(Text("地址码和出生日期相同", "same region and birth date"), Same(forms.prefix(form, 14))),
    )
    return Comparison(field, label, field, steps, owned=True)


def chinese_name(
    field: str,
    label: Text = Text("姓名", "name"),
    *,
    folded: Form | None = None,
    pinyin: Form | None = None,
    given: Form | None = None,
    alike: float = 0.8,
) -> Comparison:
    """姓名: written the same; the same with variants folded; the same sound; alike; the same given name.

    The forms come from ``forms.name_folded``, ``name_pinyin`` and ``given_name`` with tables of the
    caller; what is not passed in is not tested.
    """
    base = folded or forms.name_folded({})
    steps: list[Step] = [Step(Text("写法相同", "written the same"), Same(forms.name_folded({})))]
    if folded:
        steps.append(Step(Text("异体字归并后相同", "the same with variants folded"), Same(folded)))
    if pinyin:
        steps.append(Step(Text("同音", "the same sound"), Same(pinyin)))
    steps.append(Step(Text(f"相似度不低于{alike:g}", f"similarity at least {alike:g}"), Alike(base, alike)))
    if given:
        steps.append(Step(Text("名相同而姓不同", "same given name, other family name"), Same(given)))
    return Comparison(field, label, field, tuple(steps), frequencies=True)


def date_of(field: str, label: Text, *, frequencies: bool = False) -> Comparison:
    """日期: the same; day and month swapped; one slip in the digits; the same year and month or day."""
    return Comparison(
        field,
        label,
        field,
        (
            Step(_SAME, Same(forms.DATE)),
            Step(Text("日月颠倒", "day and month swapped"), Crossed(forms.DATE, forms.DATE_SWAPPED)),
            Step(_SLIP, Edits(forms.DATE, 1)),
            Step(_TWO, Edits(forms.DATE, 2)),
        ),
        frequencies,
    )


def phone(field: str, label: Text = Text("电话", "telephone")) -> Comparison:
    """电话: the same number, or one slip."""
    return Comparison(
        field, label, field, (Step(_SAME, Same(forms.PHONE)), Step(_SLIP, Edits(forms.PHONE, 1)))
    )


def address(
    field: str,
    label: Text = Text("地址", "address"),
    *,
    least: tuple[float, ...] = (0.8, 0.5),
    number_weight: float = 2.0,
) -> Comparison:
    """地址: the same words, then one level for each share of words in common, falling."""
    steps = [Step(_SAME, Same(forms.ADDRESS))]
    for value in sorted(least, reverse=True):
        label_ = Text(f"词重合度不低于{value:g}", f"words in common at least {value:g}")
        steps.append(Step(label_, Overlap(forms.ADDRESS, value, number_weight)))
    return Comparison(field, label, field, tuple(steps), frequencies=True)


def levels_of(comparisons: tuple[Comparison, ...]) -> tuple[int, ...]:
    """Radix of each comparison in a packed pattern: its levels and the missing one."""
    return tuple(one.levels + 1 for one in comparisons)


def unpack(patterns: NDArray[Any], comparisons: tuple[Comparison, ...]) -> NDArray[np.int8]:
    """Levels (one column each) of packed patterns."""
    rest = patterns.astype(np.int64)
    columns = []
    for radix in levels_of(comparisons):
        columns.append((rest % radix - 1).astype(np.int8))
        rest //= radix
    return np.stack(columns, axis=1) if columns else np.zeros((len(patterns), 0), np.int8)
