"""观测 values: one observation, and a batch of them in columns; no tables, no Django.

Time is int microseconds since the epoch, UTC. Ids are positive and below 2^53, so that JSON
numbers hold them. A result is a number (kept as float64), or any other JSON value (kept as text).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import repeat
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

NONE = -(2**63)
"""In an int64 column: no value."""
_EXACT = 2**53
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]


class Kind(IntEnum):
    """What a row of the log says."""

    NEW = 0
    CHANGED = 1
    """The whole observation as it is from now on, under its old id."""
    DELETED = 2


@dataclass(frozen=True, slots=True)
class Observation:
    """观测: what one stream said about one moment or period."""

    id: int
    """0 = not numbered yet."""
    stream: int
    time: int
    """Phenomenon time, or its beginning; µs."""
    time_end: int | None = None
    result_time: int | None = None
    result: float | int | bool | str | list[Any] | dict[str, Any] | None = None
    quality: int = 0
    """Bit flags of ``core.telemetry``; 0 = nothing to remark."""
    feature: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """``validTime``, ``parameters``, ``resultQuality`` as SensorThings has them."""


@dataclass(slots=True)
class Batch:
    """一批观测 in columns of equal length; ``text`` and ``extra`` are None when no row has any."""

    id: Ints
    stream: Ints
    time: Ints
    time_end: Ints
    result_time: Ints
    number: Floats
    """The result when it is a number (truth: 1 or 0); NaN = none."""
    text: Words | None
    """JSON of a result that is no number (also of truth), else None; by row."""
    quality: npt.NDArray[np.uint16]
    feature: Ints
    extra: Words | None
    """JSON object, or None; by row."""
    kind: npt.NDArray[np.uint8]
    rev: Ints
    """Order of changes of one id, over all writers; 0 for new rows."""

    @classmethod
    def of(cls, rows: Iterable[Observation]) -> Batch:
        """Columns of some observations; raises InvalidInput for a result that JSON cannot say."""
        kept = list(rows)
        batch = cls.numbers(
            [row.stream for row in kept],
            [row.time for row in kept],
            np.fromiter((_number_of(row.result) for row in kept), np.float64, len(kept)),
            [row.quality for row in kept],
        )
        batch.id = np.array([row.id for row in kept], np.int64)
        batch.time_end = _optional([row.time_end for row in kept])
        batch.result_time = _optional([row.result_time for row in kept])
        batch.feature = _optional([row.feature for row in kept])
        batch.text = _words([_text_of(row.result) for row in kept])
        batch.extra = _words([_json(dict(row.extra)) if row.extra else None for row in kept])
        return batch

    @classmethod
    def numbers(
        cls,
        stream: npt.ArrayLike,
        time: npt.ArrayLike,
        number: npt.ArrayLike,
        quality: npt.ArrayLike | None = None,
    ) -> Batch:
        """The fast path: numeric results; ids are given when appended. Raises InvalidInput."""
        streams = np.ascontiguousarray(stream, np.int64)
        count = len(streams)
        batch = cls.empty(count)
        batch.stream = streams
        batch.time = np.ascontiguousarray(time, np.int64)
        batch.number = np.ascontiguousarray(number, np.float64)
        if quality is not None:
            batch.quality = np.ascontiguousarray(quality, np.uint16)
        if not len(batch.time) == len(batch.number) == len(batch.quality) == count:
            raise _bad("各列长度不一致", "the columns differ in length")
        if np.isinf(batch.number).any():
            raise _bad("结果不能为无穷大", "a result cannot be infinite")
        return batch

    @classmethod
    def empty(cls, count: int = 0) -> Batch:
        """So many rows that say nothing yet."""

        def none() -> Ints:
            return np.full(count, NONE, np.int64)

        return cls(
            id=np.zeros(count, np.int64),
            stream=np.zeros(count, np.int64),
            time=np.zeros(count, np.int64),
            time_end=none(),
            result_time=none(),
            number=np.full(count, np.nan),
            text=None,
            quality=np.zeros(count, np.uint16),
            feature=none(),
            extra=None,
            kind=np.zeros(count, np.uint8),
            rev=np.zeros(count, np.int64),
        )

    @classmethod
    def join(cls, parts: Sequence[Batch]) -> Batch:
        """Several batches as one, in their order."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        joined: dict[str, Any] = {}
        for name in cls.__slots__:
            columns = [getattr(part, name) for part in parts]
            if name in _WORDS:
                joined[name] = _join_words(columns, [len(part) for part in parts])
            else:
                joined[name] = np.concatenate(columns)
        return cls(**joined)

    def take(self, chosen: npt.NDArray[Any]) -> Batch:
        """The rows of an index array or a mask, in that order."""
        taken: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        taken = {name: None if column is None else column[chosen] for name, column in taken.items()}
        batch = Batch(**taken)
        for name in _WORDS:
            column = getattr(batch, name)
            if column is not None and not any(word is not None for word in column):
                setattr(batch, name, None)
        return batch

    def rows(self) -> Iterator[Observation]:
        """One observation after another."""
        columns = zip(
            self.id.tolist(),
            self.stream.tolist(),
            self.time.tolist(),
            _nullable(self.time_end),
            _nullable(self.result_time),
            _results(self.number, self.text),
            self.quality.tolist(),
            _nullable(self.feature),
            repeat(None, len(self)) if self.extra is None else self.extra,
            strict=True,
        )
        for id_, stream, time, end, result_time, result, quality, feature, extra in columns:
            said = msgspec.json.decode(extra) if extra else {}
            yield Observation(id_, stream, time, end, result_time, result, quality, feature, said)

    def row(self, place: int) -> Observation:
        """The observation in one place."""
        text = None if self.text is None else self.text[place]
        extra = None if self.extra is None else self.extra[place]
        return Observation(
            id=int(self.id[place]),
            stream=int(self.stream[place]),
            time=int(self.time[place]),
            time_end=_or_none(self.time_end[place]),
            result_time=_or_none(self.result_time[place]),
            result=result_of(float(self.number[place]), text),
            quality=int(self.quality[place]),
            feature=_or_none(self.feature[place]),
            extra=msgspec.json.decode(extra) if extra else {},
        )

    def __len__(self) -> int:
        return len(self.stream)


def result_of(number: float, text: str | None) -> Any:
    """The result of a row: whole numbers come back as int, which JSON does not tell apart."""
    if text is not None:
        return msgspec.json.decode(text)
    if math.isnan(number):
        return None
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _results(number: Floats, text: Words | None) -> Iterable[Any]:
    """:func:`result_of` of every row; columns of plain numbers at once."""
    if text is not None:
        return map(result_of, number.tolist(), text)
    whole = (np.floor(number) == number) & (np.abs(number) < _EXACT)
    plain = number.astype(object)
    plain[np.isnan(number)] = None
    plain[whole] = number[whole].astype(np.int64)
    found: list[Any] = plain.tolist()
    return found


def _number_of(result: Any) -> float:
    if isinstance(result, bool):
        return float(result)
    if isinstance(result, int | float):
        try:
            number = float(result)
        except OverflowError:
            return math.nan
        if isinstance(result, float) and not math.isfinite(number):
            raise _bad("结果必须是有限的数", "a result must be a finite number")
        return number
    return math.nan


def _text_of(result: Any) -> str | None:
    """JSON of what a float64 does not hold exactly."""
    if result is None or isinstance(result, float):
        return None
    if isinstance(result, int) and not isinstance(result, bool) and abs(result) <= _EXACT:
        return None
    return _json(result)


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, UnicodeEncodeError) as error:
        raise _bad("结果无法用 JSON 表示", "the result cannot be said in JSON") from error


_WORDS = ("text", "extra")


def _words(values: Sequence[str | None]) -> Words | None:
    if all(value is None for value in values):
        return None
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _join_words(columns: Sequence[Words | None], lengths: Sequence[int]) -> Words | None:
    if all(column is None for column in columns):
        return None
    return np.concatenate(
        [np.full(n, None, object) if c is None else c for c, n in zip(columns, lengths, strict=True)]
    )


def _optional(values: Sequence[int | None]) -> Ints:
    return np.array([NONE if value is None else value for value in values], np.int64)


def _nullable(column: Ints) -> Iterable[int | None]:
    if (column == NONE).all():
        return repeat(None, len(column))
    return [None if value == NONE else value for value in column.tolist()]


def _or_none(value: Any) -> int | None:
    return None if value == NONE else int(value)


def _bad(zh: str, en: str) -> InvalidInput:
    return InvalidInput(Text(f"观测数据有误：{zh}。", f"Bad observations: {en}."))
