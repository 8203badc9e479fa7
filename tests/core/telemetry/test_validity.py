"""When an hour, a day or eight hours counts: worked examples after GB 3095-2012 表4 and HJ 75-2017."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.telemetry.reading import Quality
from quancheng.core.telemetry.validity import (
    DISQUALIFYING,
    HOUR,
    MINUTE,
    Mean,
    Rule,
    Sample,
    daily,
    hourly,
    longest_of_day,
    moving,
    operating_day,
    rounded,
)

START = 1_784_422_800_000_000 // HOUR * HOUR
HOURLY = Rule(least=45, expected=60)
DAILY = Rule(least=20, expected=24)
EIGHT = Rule(least=6, expected=8)


def minutes(values: list[float | None], quality: int = 0, first: int = 0) -> list[Sample]:
    return [Sample(START + (first + n) * MINUTE, value, quality) for n, value in enumerate(values)]


def test_an_hour_with_45_minutes_counts_and_one_with_44_does_not() -> None:
    enough = hourly(minutes([10.0] * 45), START, HOURLY)
    assert (enough.value, enough.counted, enough.valid) == (10.0, 45, True)
    short = hourly(minutes([10.0] * 44), START, HOURLY)
    assert (short.value, short.counted, short.valid) == (10.0, 44, False)
    nothing = hourly([], START, HOURLY)
    assert (nothing.value, nothing.counted, nothing.valid) == (None, 0, False)


def test_calibration_is_left_out_and_the_rest_still_counts() -> None:
    """50 minutes at 20 mg/m³, ten minutes of span gas at 400: the hour is 20, with 50 minutes."""
    found = hourly(minutes([20.0] * 50) + minutes([400.0] * 10, Quality.CALIBRATION, 50), START, HOURLY)
    assert (found.value, found.counted, found.valid) == (20.0, 50, True)
    longer = hourly(minutes([20.0] * 40) + minutes([400.0] * 20, Quality.CALIBRATION, 40), START, HOURLY)
    assert (longer.value, longer.valid) == (20.0, False)


@pytest.mark.parametrize("flag", list(Quality))
def test_which_flags_keep_a_value_out(flag: Quality) -> None:
    out = hourly(minutes([1.0] * 60, int(flag)), START, HOURLY).counted == 0
    assert out == bool(flag & DISQUALIFYING)
    assert hourly(minutes([1.0] * 60, int(flag)), START, Rule(45, 60, excluded=0)).valid


def test_the_mean_is_of_minutes_not_of_samples() -> None:
    """Sixty samples in minute 0 at 100 weigh as much as one sample in minute 1 at 0."""
    crowd = [Sample(START + second * 1_000_000, 100.0) for second in range(60)]
    found = hourly([*crowd, Sample(START + MINUTE, 0.0)], START, HOURLY)
    assert (found.value, found.counted) == (50.0, 2)


def test_ten_minute_data_stand_for_ten_minutes() -> None:
    five = [Sample(START + n * 10 * MINUTE, float(n), minutes=10) for n in range(5)]
    found = hourly(five, START, HOURLY)
    assert (found.value, found.counted, found.valid) == (2.0, 50, True)
    assert not hourly(five[:4], START, HOURLY).valid
    over = hourly(
        [Sample(START - 5 * MINUTE, 6.0, minutes=10), Sample(START + 55 * MINUTE, 8.0, minutes=10)],
        START,
        HOURLY,
    )
    assert (over.value, over.counted) == (7.0, 10), "only the minutes within the hour"


def test_values_outside_missing_and_not_finite_do_not_count() -> None:
    strange = [
        Sample(START - 1, 5.0), Sample(START + HOUR, 5.0), Sample(START, None), Sample(START + MINUTE, float("nan")),
        Sample(START + 2 * MINUTE, float("inf")),
    ]  # fmt: skip
    assert hourly(strange, START, HOURLY) == Mean(START, None, 0, 60, 45)
    with pytest.raises(ValueError, match="beginning of an hour"):
        hourly([], START + MINUTE, HOURLY)
    with pytest.raises(ValueError, match="at least a minute"):
        Sample(START, 1.0, minutes=0)
    for wrong in ((0, 60), (61, 60)):
        with pytest.raises(ValueError, match="parts"):
            Rule(*wrong)


def hours(values: dict[int, float], valid: bool = True) -> dict[int, Mean]:
    counted = 60 if valid else 30
    return {START + n * HOUR: Mean(START + n * HOUR, value, counted, 60, 45) for n, value in values.items()}


def test_a_day_needs_20_hours_that_count() -> None:
    day = hours(dict.fromkeys(range(20), 30.0))
    assert daily(day, START, DAILY) == Mean(START, 30.0, 20, 24, 20)
    assert daily(day, START, DAILY).valid
    del day[START]
    assert not daily(day, START, DAILY).valid
    doubtful = day | hours({20: 900.0, 21: 900.0}, valid=False)
    found = daily(doubtful, START, DAILY)
    assert (found.value, found.counted) == (30.0, 19), "hours that do not count do not weigh"


def test_eight_hours_need_six_and_the_day_takes_its_largest() -> None:
    values = {n: float(n) for n in range(24)}
    found = moving(hours(values), START + 8 * HOUR, EIGHT)
    assert (found.value, found.valid) == (3.5, True)
    assert not moving(hours(dict.fromkeys(range(5), 1.0)), START + 8 * HOUR, EIGHT).valid
    best = longest_of_day(hours(values), START, EIGHT, 14)
    assert (best.value, best.counted, best.expected, best.valid) == (19.5, 17, 17, True)
    half = longest_of_day(hours(dict.fromkeys(range(8, 20), 100.0)), START, EIGHT, 14)
    assert (half.value, half.valid) == (100.0, False)
    assert longest_of_day({}, START, EIGHT, 14) == Mean(START, None, 0, 17, 14)


def test_a_plant_that_ran_ten_hours_needs_eight_of_them() -> None:
    """HJ 75-2017: at least 75 % of the running hours; 7.5 of ten are eight."""
    running = [START + n * HOUR for n in range(10)]
    eight = operating_day(hours(dict.fromkeys(range(2, 20), 12.0)), running, START, Decimal("0.75"))
    assert (eight.value, eight.counted, eight.expected, eight.least, eight.valid) == (12.0, 8, 10, 8, True)
    seven = operating_day(hours(dict.fromkeys(range(3, 20), 12.0)), running, START, Decimal("0.75"))
    assert not seven.valid
    stood = operating_day(hours(dict.fromkeys(range(24), 12.0)), [], START, Decimal("0.75"))
    assert (stood.value, stood.valid) == (None, False)
    tomorrow = operating_day(hours({1: 12.0}), [START + 30 * HOUR], START, Decimal("0.75"))
    assert tomorrow.expected == 0


def test_rounding_of_gbt_8170() -> None:
    """GB/T 8170-2008 §3.2: 1.050 → 1.0, 0.350 → 0.4, 12.1498 → 12.1, 11.5002 → 12, 2.675 → 2.68."""
    examples = [
        (1.05, 1, "1.0"),
        (0.35, 1, "0.4"),
        (12.1498, 1, "12.1"),
        (11.5002, 0, "12"),
        (2.675, 2, "2.68"),
    ]
    assert [str(rounded(value, decimals)) for value, decimals, _ in examples] == [
        text for *_, text in examples
    ]
    assert rounded(-0.35, 1) == Decimal("-0.4")
    assert rounded(1e22, 2) == Decimal("1E+22")
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            rounded(wrong, 1)


samples = st.lists(
    st.builds(
        Sample, time=st.integers(-30, 90).map(lambda n: START + n * MINUTE + 7), value=st.none() | st.integers(-50, 50).map(float),
        quality=st.sampled_from([0, 0, 0, 1, 8, 128]), minutes=st.integers(1, 15),
    ),
    max_size=40,
)  # fmt: skip


@given(samples)
def test_against_the_definition_written_out(found: list[Sample]) -> None:
    """The slow way: for each minute every sample that stands for it, as exact fractions."""
    means = []
    for minute in range(60):
        at = START + minute * MINUTE
        values = [
            Fraction(s.value) for s in found
            if s.value is not None and not s.quality & DISQUALIFYING
            and (s.time - START) // MINUTE <= minute < (s.time - START) // MINUTE + s.minutes
        ]  # fmt: skip
        assert at % MINUTE == 0
        if values:
            means.append(sum(values) / len(values))
    mean = hourly(found, START, HOURLY)
    assert mean.counted == len(means)
    assert mean.valid == (len(means) >= 45)
    if means:
        assert mean.value == pytest.approx(float(sum(means) / len(means)), abs=1e-9)


@given(samples, st.randoms(use_true_random=False))
def test_order_does_not_matter(found: list[Sample], random: object) -> None:
    mixed = list(found)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = hourly(found, START, HOURLY), hourly(mixed, START, HOURLY)
    assert (one.counted, one.valid) == (other.counted, other.valid)
    assert one.value == pytest.approx(other.value)
