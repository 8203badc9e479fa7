"""节假日安排: the State Council's yearly notices as a table of days.

《全国年节及纪念日放假办法》 fixes the holidays, a yearly notice of the State Council's office moves
weekend days around them: 放假 days are off, 调休 days are weekend days on which offices work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from quancheng.core.calendar.errors import CalendarFormatError, CalendarNotCovered
from quancheng.core.text import Text

__all__ = ["DayEntry", "DayKind", "HolidayTable", "Notice"]


class DayKind(StrEnum):
    """What a notice makes of a day (日子的性质)."""

    HOLIDAY = "HOLIDAY"
    WORKDAY = "WORKDAY"


@dataclass(frozen=True, slots=True)
class DayEntry:
    """One arranged day (安排): off or at work, for which holiday, by which notice."""

    day: date
    kind: DayKind
    name: Text
    citation: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice (通知): the year it arranges, when it was published, its days."""

    year: int
    published: date
    citation: str
    authority: str
    title: str
    entries: tuple[DayEntry, ...]


class HolidayTable:
    """All known notices (节假日表). Immutable. Years without a notice are not covered."""

    __slots__ = ("_days", "notices", "years")

    def __init__(self, notices: Iterable[Notice]) -> None:
        self.notices: tuple[Notice, ...] = tuple(
            sorted(notices, key=lambda notice: (notice.published, notice.year))
        )
        self.years: frozenset[int] = frozenset(notice.year for notice in self.notices)
        self._days: dict[date, DayEntry] = {
            entry.day: entry for notice in self.notices for entry in notice.entries
        }

    @classmethod
    def from_toml_dict(cls, document: Mapping[str, object]) -> HolidayTable:
        """Read a parsed TOML document with ``[[notice]]`` tables (读取日历文件)."""
        tables = document.get("notice")
        if not isinstance(tables, list) or not tables:
            raise CalendarFormatError("calendar", "there is no [[notice]]")
        return cls(_notice(table, number) for number, table in enumerate(tables, start=1))

    def entry(self, day: date) -> DayEntry | None:
        """The arrangement of a day, ``None`` for an ordinary one (当日安排).

        Raises ``CalendarNotCovered`` for a year without a notice.
        """
        if day.year not in self.years:
            raise CalendarNotCovered(day)
        return self._days.get(day)

    def as_known_on(self, day: date) -> HolidayTable:
        """The table as it was known on a day (当时已公布的安排), to explain an old calculation."""
        return HolidayTable(notice for notice in self.notices if notice.published <= day)


def _notice(table: object, number: int) -> Notice:
    place = f"[[notice]] {number}"
    if not isinstance(table, Mapping):
        raise CalendarFormatError(place, "not a table")
    try:
        citation = _string(table, "citation")
        holidays = table["holidays"]
        if not isinstance(holidays, list):
            raise TypeError("holidays must be a list")
        entries = tuple(entry for item in holidays for entry in _entries(item, citation))
        year = table["year"]
        if isinstance(year, bool) or not isinstance(year, int):
            raise TypeError("year must be a whole number")
        _no_day_twice(entries)
        return Notice(
            year=year,
            published=_day(table["published"]),
            citation=citation,
            authority=_string(table, "authority"),
            title=_string(table, "title"),
            entries=entries,
        )
    except KeyError as error:
        raise CalendarFormatError(place, f"missing {error.args[0]}") from error
    except (TypeError, ValueError) as error:
        raise CalendarFormatError(place, str(error)) from error


def _entries(item: Mapping[str, object], citation: str) -> Iterable[DayEntry]:
    name = item["name"]
    if not isinstance(name, Mapping | str):
        raise TypeError("name must be a string or { zh = …, en = … }")
    text = Text.of(name)
    first, last = _day(item["first"]), _day(item["last"])
    if last < first:
        raise ValueError(f"{text.en}: last is before first")
    for offset in range((last - first).days + 1):
        yield DayEntry(first + timedelta(offset), DayKind.HOLIDAY, text, citation)
    workdays = item.get("workdays", [])
    if not isinstance(workdays, list):
        raise TypeError("workdays must be a list of dates")
    for value in workdays:
        yield DayEntry(_day(value), DayKind.WORKDAY, text, citation)


def _no_day_twice(entries: tuple[DayEntry, ...]) -> None:
    seen: set[date] = set()
    for entry in entries:
        if entry.day in seen:
            raise ValueError(f"{entry.day} is arranged twice")
        seen.add(entry.day)


def _string(table: Mapping[str, object], key: str) -> str:
    value = table[key]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{key} must be a string that is not empty")
    return value


def _day(value: object) -> date:
    if type(value) is not date:
        raise TypeError(f"{value!r} is not a date such as 2025-01-01")
    return value
