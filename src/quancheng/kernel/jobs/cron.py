"""Five-field cron expressions as pure functions: minute, hour, day, month, weekday.

Lists, ranges, steps, English names, 7 for Sunday, and ``@hourly @daily @weekly @monthly
@yearly``. As everywhere, when day *and* weekday are both restricted either one suffices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    ("weekday", 0, 7, {name: number for number, name in enumerate(_WEEKDAYS)}),
)
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_SEARCH_DAYS = 366 * 8 + 2  # 29 February can be eight years away (1896 → 1904)


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression; answers when it comes next."""

    expression: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """Both day and weekday are restricted: a date matching one of them counts."""

    @classmethod
    def parse(cls, expression: str) -> Cron:
        """Read an expression; raises ValueError naming the field that is wrong."""
        text = _NICKNAMES.get(expression.strip().lower(), expression)
        fields = text.split()
        if len(fields) != 5:
            raise ValueError(f"cron {expression!r}: five fields are needed, not {len(fields)}")
        sets = [
            _parse_field(field, name, low, high, names)
            for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True)
        ]
        cron = cls(
            expression=expression,
            minutes=tuple(sorted(sets[0])),
            hours=tuple(sorted(sets[1])),
            days=frozenset(sets[2]),
            months=frozenset(sets[3]),
            weekdays=frozenset(number % 7 for number in sets[4]),
            either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
        )
        if cron._next_local(datetime(2001, 1, 1)) is None:  # noqa: DTZ001 - wall time
            raise ValueError(f"cron {expression!r}: this date never comes")
        return cron

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime:
        """The first occurrence later than ``moment``, in UTC; fields are read in ``zone``.

        A local time that the change to summer time skips does not occur; one that comes twice
        occurs once, the first time.
        """
        if moment.tzinfo is None:
            raise ValueError("a naive datetime has no place here 时间必须带时区")
        local = moment.astimezone(zone).replace(tzinfo=None) - timedelta(hours=3)
        while True:
            found = self._next_local(local)
            if found is None:
                raise ValueError(f"cron {self.expression!r}: no occurrence in reach")
            aware = found.replace(tzinfo=zone, fold=0)
            exists = aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == found
            if exists and aware > moment:
                return aware.astimezone(UTC)
            local = found

    def _next_local(self, after: datetime) -> datetime | None:
        start = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
        day, earliest = start.date(), start.time()
        for _ in range(_SEARCH_DAYS):
            if self._matches(day) and (found := self._time_from(earliest)) is not None:
                return datetime.combine(day, found)
            day, earliest = day + timedelta(days=1), time.min
        return None

    def _matches(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day = day.day in self.days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.either_day else by_day and by_weekday

    def _time_from(self, earliest: time) -> time | None:
        for hour in self.hours:
            if hour < earliest.hour:
                continue
            for minute in self.minutes:
                if hour > earliest.hour or minute >= earliest.minute:
                    return time(hour, minute)
        return None


def _parse_field(text: str, name: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    numbers: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step_text = part.partition("/")
        step = int(step_text) if step_text.isdecimal() else 0 if slash else 1
        if step < 1:
            raise ValueError(f"cron {name} {text!r}: a step is a number from 1")
        if span == "*":
            first, last = low, 6 if name == "weekday" else high
        else:
            left, dash, right = span.partition("-")
            first = _parse_number(left, name, low, high, names)
            last = _parse_number(right, name, low, high, names) if dash else first
            if slash and not dash:
                last = high
        if first > last:
            raise ValueError(f"cron {name} {text!r}: a range goes upwards")
        numbers.update(range(first, last + 1, step))
    return numbers


def _parse_number(text: str, name: str, low: int, high: int, names: dict[str, int]) -> int:
    number = names.get(text, int(text) if text.isdecimal() else -1)
    if not low <= number <= high:
        raise ValueError(f"cron {name} {text!r}: expected {low}–{high}")
    return number
