"""列与表: values of two lists coded together, so that "equal" is one comparison of integers.

A ``Frame`` holds the rows of both lists, left ones first, and derives from each field what comparators
need (a :class:`~quancheng.core.linkage.forms.Form`: normalised number, folded name, digits of a date …)
once per distinct value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from quancheng.core.linkage.errors import LinkageError, LinkageReason
from quancheng.core.linkage.forms import Form
from quancheng.core.linkage.kernels import WIDEST
from quancheng.core.text import Text

__all__ = ["Column", "Frame"]

_SLICE = 1 << 16
MOST_TOKENS = 32
"""Words of one value that overlap tests look at."""


class Column:
    """One field of all rows (列): ``codes`` gives the number of a row's value, -1 where there is none."""

    __slots__ = ("_chars", "_lengths", "_tokens", "codes", "words")

    def __init__(self, codes: NDArray[np.int32], words: Any) -> None:
        self.codes = codes
        self.words = words
        self._chars: NDArray[Any] | None = None
        self._lengths: NDArray[np.int64] | None = None
        self._tokens: tuple[NDArray[np.int32], NDArray[np.float32]] | None = None

    @classmethod
    def of(cls, *parts: object) -> Column:
        """Code several lists (sequences of strings and ``None``, or Arrow arrays) one after the other."""
        chunks = [part if isinstance(part, pa.Array) else pa.array(part, pa.string()) for part in parts]
        coded = pa.concat_arrays(chunks).dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        return cls(codes, coded.dictionary)

    def value(self, row: int) -> str | None:
        """The value of a row."""
        code = int(self.codes[row])
        return None if code < 0 else str(self.words[code].as_py())

    def derive(self, form: Form) -> Column:
        """The same rows in another form."""
        made = [pa.array([], pa.string())]  # slice by slice: a million Python strings never stand at once
        for start in range(0, len(self.words), _SLICE):
            values = self.words[start : start + _SLICE].to_pylist()
            made.append(pa.array([form.make(value) or None for value in values], pa.string()))
        coded = pa.concat_arrays(made).dictionary_encode()
        del made
        renumber = np.full(len(self.words) + 1, -1, np.int32)
        renumber[:-1] = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return Column(renumber[self.codes], coded.dictionary)

    @property
    def chars(self) -> NDArray[Any]:
        """Characters of each distinct value: one row each, 8 to 64 wide, zero filled."""
        if self._chars is None:
            self._spell()
        assert self._chars is not None
        return self._chars

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Characters each distinct value has, also beyond the 64 of ``chars``."""
        if self._lengths is None:
            self._spell()
        assert self._lengths is not None
        return self._lengths

    def _spell(self) -> None:
        lengths = np.zeros(len(self.words), np.int64)
        for start in range(0, len(self.words), _SLICE):
            lengths[start : start + _SLICE] = [
                len(value) for value in self.words[start : start + _SLICE].to_pylist()
            ]
        longest = min(WIDEST, int(lengths.max(initial=1)))
        width = next(size for size in (8, 16, 32, 64) if size >= longest)
        chars = np.zeros((len(self.words), width), np.uint8)
        for start in range(0, len(self.words), _SLICE):
            values = self.words[start : start + _SLICE].to_pylist()
            points = np.array(values, dtype=f"<U{width}").view(np.uint32).reshape(len(values), width)
            wanted = np.min_scalar_type(int(points.max(initial=0)))
            if wanted.itemsize > chars.dtype.itemsize:
                chars = chars.astype(wanted)
            chars[start : start + len(values)] = points
        self._lengths, self._chars = lengths, chars

    def tokens(self, number_weight: float) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Words of each distinct value (see ``forms.address``) and their weights.

        Two matrices, one row per distinct value, filled with -1 and 0. A word weighs log((1+n)/(1+f)) for
        f of n distinct values that have it, numbers ``number_weight`` times that. Beyond 32 words, the
        last ones are not looked at.
        """
        if self._tokens is None:
            self._tokens = self._split(number_weight)
        return self._tokens

    def _split(self, number_weight: float) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        known: dict[str, int] = {}
        flat = [np.zeros(0, np.int32)]
        counts = np.zeros(len(self.words), np.int64)
        at = 0
        for start in range(0, len(self.words), _SLICE):
            found: list[int] = []
            for value in self.words[start : start + _SLICE].to_pylist():
                parts = value.split()[:MOST_TOKENS]
                counts[at] = len(parts)
                at += 1
                found += [known.setdefault(part, len(known)) for part in parts]
            flat.append(np.array(found, np.int32))
        numbers = np.array([part[0].isdigit() for part in known], bool)
        ids = np.concatenate(flat)
        used = np.bincount(ids, minlength=len(known))
        weight = np.log((1.0 + len(self.words)) / (1.0 + used)) + 0.1
        weight = np.where(numbers, weight * number_weight, weight).astype(np.float32)
        width = int(counts.max(initial=1))
        matrix = np.full((len(self.words), width), -1, np.int32)
        matrix[np.arange(width) < counts[:, None]] = ids
        weights = np.where(matrix >= 0, np.append(weight, np.float32(0))[matrix], np.float32(0))
        return matrix, weights.astype(np.float32)


class Frame:
    """The rows that are linked (待关联记录): ``left`` rows of one list, then ``right`` rows of the other.

    ``right`` is 0 when one list is searched for doubles. Rows are numbered from 0 over both lists.
    """

    def __init__(self, left: int, right: int, columns: Mapping[str, Column]) -> None:
        self.left, self.right = left, right
        self._columns = dict(columns)
        self._made: dict[tuple[str, Form], Column] = {}
        for name, column in self._columns.items():
            if len(column.codes) != left + right:
                raise _length(name)

    @classmethod
    def link(
        cls, left: Mapping[str, Sequence[str | None]], right: Mapping[str, Sequence[str | None]]
    ) -> Self:
        """Two lists (两表关联) as columns of strings; only fields that both have can be compared."""
        rows = (_rows(left), _rows(right))
        made = cls(*rows, {name: _column(name, left[name], right[name]) for name in left if name in right})
        pa.default_memory_pool().release_unused()  # coding copies each column once
        return made

    @classmethod
    def dedupe(cls, records: Mapping[str, Sequence[str | None]]) -> Self:
        """One list that may name somebody twice (单表去重)."""
        return cls(_rows(records), 0, {name: _column(name, values) for name, values in records.items()})

    @property
    def rows(self) -> int:
        """Rows of both lists."""
        return self.left + self.right

    @property
    def pairs(self) -> int:
        """Pairs there are in all (全部可能的配对数)."""
        return self.left * self.right if self.right else self.left * (self.left - 1) // 2

    def column(self, field: str, form: Form) -> Column:
        """A field in a form; made once. Raises ``LinkageError`` for a field that is not there."""
        if field not in self._columns:
            raise LinkageError(
                LinkageReason.UNKNOWN_FIELD,
                field,
                Text(f"表中没有字段“{field}”。", f"The lists have no field “{field}” in common."),
            )
        key = (field, form)
        if key not in self._made:
            self._made[key] = self._columns[field].derive(form)
        return self._made[key]

    def value(self, field: str, row: int) -> str | None:
        """The value as it came."""
        if field not in self._columns or not 0 <= row < self.rows:
            raise LinkageError(
                LinkageReason.ROW,
                f"{field}[{row}]",
                Text("没有这一行或这一字段。", "There is no such row or field."),
            )
        return self._columns[field].value(row)


def _rows(records: Mapping[str, Sequence[str | None]]) -> int:
    sizes = {name: len(values) for name, values in records.items()}
    first = next(iter(sizes.values()), 0)
    for name, size in sizes.items():
        if size != first:
            raise _length(name)
    return first


def _column(name: str, *parts: Sequence[str | None]) -> Column:
    try:
        return Column.of(*parts)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, TypeError):
        raise LinkageError(
            LinkageReason.COLUMN_TYPE,
            name,
            Text(f"字段“{name}”只能是文本或空值。", f"Field “{name}” may hold text and None only."),
        ) from None


def _length(name: str) -> LinkageError:
    return LinkageError(
        LinkageReason.COLUMN_LENGTH,
        name,
        Text(
            f"字段“{name}”的行数与其他字段不同。", f"Field “{name}” has another number of rows than the rest."
        ),
    )
