"""退休时间: the month of retirement under the gradual raise of 2025. Pure.

Source: 全国人民代表大会常务委员会关于实施渐进式延迟法定退休年龄的决定 (2024-09-13) and the
国务院关于渐进式延迟法定退休年龄的办法 annexed to it, in force from 2025-01-01. The numbers are given
as a :class:`Schedule` made from dated parameters; nothing here is a constant of law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["Category", "Month", "Retirement", "Schedule", "minimum_contribution", "retirement"]


class Category(StrEnum):
    """Whose original statutory age (原法定退休年龄) a person has."""

    MALE = "male"
    FEMALE_55 = "female_55"
    FEMALE_50 = "female_50"

    @property
    def text(self) -> Text:
        return _LABELS[self]


_LABELS = {
    Category.MALE: Text("男职工", "Men"),
    Category.FEMALE_55: Text("原法定退休年龄五十五周岁的女职工", "Women whose original age was 55"),
    Category.FEMALE_50: Text("原法定退休年龄五十周岁的女职工", "Women whose original age was 50"),
}


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month (年月)."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= 12:
            raise ValueError(f"month must be 1 to 12: {self.month}")

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read ``1965-01``; raises ValueError."""
        year, _, month = text.partition("-")
        return cls(int(year), int(month))

    def plus(self, months: int) -> Month:
        total = self.year * 12 + self.month - 1 + months
        return Month(total // 12, total % 12 + 1)

    def since(self, other: Month) -> int:
        """Whole months from another month to this one."""
        return (self.year - other.year) * 12 + self.month - other.month

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One column of the raise: every ``step`` birth months add one month, ``most`` at the end."""

    original_months: int
    """Original statutory age, in months (60 years: 720)."""
    first_birth: Month
    """The first month of birth that is concerned."""
    step: int
    most: int
    early_months: int = 36
    """弹性提前: at most so many months before, never before the original age."""
    late_months: int = 36
    """弹性延迟: at most so many months after."""

    @classmethod
    def of(cls, table: Mapping[str, object]) -> Schedule:
        """From a dated parameter's table; raises KeyError or ValueError for a wrong one."""
        return cls(
            original_months=int(str(table["original_months"])),
            first_birth=Month.parse(str(table["first_birth"])),
            step=int(str(table["step"])),
            most=int(str(table["most"])),
            early_months=int(str(table["early_months"])),
            late_months=int(str(table["late_months"])),
        )


@dataclass(frozen=True, slots=True)
class Retirement:
    """The answer for one person (法定退休时间)."""

    birth: Month
    delay: int
    """延迟月数."""
    age_months: int
    """改革后法定退休年龄, in months."""
    statutory: Month
    """改革后退休时间."""
    earliest: Month
    """弹性提前退休 is possible from here."""
    latest: Month
    """弹性延迟退休 is possible until here."""

    @property
    def age(self) -> Text:
        """The age as the annexed tables write it: 60岁1个月."""
        years, months = divmod(self.age_months, 12)
        tail_zh = f"{months}个月" if months else ""
        tail_en = f" {months} months" if months else ""
        return Text(f"{years}岁{tail_zh}", f"{years} years{tail_en}")


def retirement(birth: Month, schedule: Schedule) -> Retirement:
    """When a person born in a month reaches the statutory age (达到法定退休年龄的年月).

    The first ``step`` months of birth are delayed by one month, the next by two, up to ``most``.
    """
    after = birth.since(schedule.first_birth)
    delay = 0 if after < 0 else min(after // schedule.step + 1, schedule.most)
    age = schedule.original_months + delay
    statutory = birth.plus(age)
    earliest = birth.plus(max(schedule.original_months, age - schedule.early_months))
    return Retirement(birth, delay, age, statutory, earliest, statutory.plus(schedule.late_months))


def minimum_contribution(year: int, *, base: int, first_year: int, step: int, most: int) -> int:
    """最低缴费月数 to draw the basic pension monthly when retiring in a year.

    《办法》第二条: from 2030 the fifteen years rise by six months a year to twenty years.
    """
    return base if year < first_year else min(base + (year - first_year + 1) * step, most)
