"""Merging: inside the window the nearest, outside nothing, order does not matter."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.command.merging import Candidate, Sighting, Window, best_match, metres_between

T0 = datetime(2026, 7, 18, 9, 0, tzinfo=UTC)
WINDOW = Window(500, 60)
near = st.floats(-0.02, 0.02)


def here(type: str = "flood", lon: float = 117.0, lat: float = 36.67, minutes: float = 0) -> Sighting:
    return Sighting(type, lon, lat, T0 + timedelta(minutes=minutes))


def candidate(
    id: int = 1, lon: float = 117.0, lat: float = 36.67, first: float = 0, last: float = 0
) -> Candidate:
    return Candidate(id, "flood", lon, lat, T0 + timedelta(minutes=first), T0 + timedelta(minutes=last))


def test_distance_agrees_with_a_degree_of_latitude() -> None:
    assert metres_between(117, 36, 117, 37) == pytest.approx(111_195, rel=1e-3)
    assert metres_between(117, 36, 117, 36) == 0


@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90))
def test_distance_is_symmetric_and_bounded(a: float, b: float, c: float, d: float) -> None:
    assert metres_between(a, b, c, d) == pytest.approx(metres_between(c, d, a, b), abs=1e-3)
    assert 0 <= metres_between(a, b, c, d) <= 20_015_200


@pytest.mark.parametrize(
    ("sighting", "same"),
    [
        (here(), True),
        (here(type="fire"), False),
        (here(lon=117.005), True),
        (here(lon=117.006), False),
        (here(minutes=60), True),
        (here(minutes=61), False),
        (here(minutes=-60), True),
        (here(minutes=-61), False),
    ],
)
def test_window(sighting: Sighting, same: bool) -> None:
    assert (best_match(sighting, [candidate()], WINDOW) is not None) is same


def test_a_long_incident_goes_on_collecting() -> None:
    assert best_match(here(minutes=290), [candidate(first=0, last=240)], WINDOW) is not None


@given(st.lists(st.tuples(near, near), max_size=12), near, near, st.randoms(use_true_random=False))
def test_nearest_wins_in_any_order(
    places: list[tuple[float, float]], x: float, y: float, rng: random.Random
) -> None:
    rows = [candidate(i, 117 + dx, 36.67 + dy) for i, (dx, dy) in enumerate(places)]
    sighting = here(lon=117 + x, lat=36.67 + y)
    found = best_match(sighting, rows, WINDOW)
    mixed = list(rows)
    rng.shuffle(mixed)
    assert best_match(sighting, mixed, WINDOW) == found
    distances = [metres_between(r.lon, r.lat, sighting.lon, sighting.lat) for r in rows]
    if found is None:
        assert all(one > WINDOW.metres for one in distances)
    else:
        assert metres_between(found.lon, found.lat, sighting.lon, sighting.lat) == min(distances)


def test_precision_and_recall_on_a_labelled_drill_log() -> None:
    """Sixty places, each seen several times with noise: pairs put together are right, and found."""
    rng = random.Random(7)
    sightings = []
    for place in range(60):
        lon, lat = 116.8 + 0.02 * (place % 10), 36.55 + 0.02 * (place // 10)
        for _ in range(rng.randint(1, 8)):
            spot = (lon + rng.gauss(0, 0.0008), lat + rng.gauss(0, 0.0008), rng.uniform(0, 90))
            sightings.append((place, Sighting("flood", spot[0], spot[1], T0 + timedelta(minutes=spot[2]))))
    sightings.sort(key=lambda pair: pair[1].at)
    opened: dict[int, Candidate] = {}
    given_to: list[int] = []
    for _, one in sightings:
        match = best_match(one, opened.values(), WINDOW)
        key = match.id if match else len(opened)
        first = match.first_at if match else one.at
        place = (match.lon, match.lat) if match else (one.lon, one.lat)
        opened[key] = Candidate(key, "flood", place[0], place[1], first, one.at)
        given_to.append(key)
    pairs = [(i, j) for i in range(len(sightings)) for j in range(i)]
    truly = {p for p in pairs if sightings[p[0]][0] == sightings[p[1]][0]}
    said = {p for p in pairs if given_to[p[0]] == given_to[p[1]]}
    assert len(truly & said) / len(said) >= 0.95
    assert len(truly & said) / len(truly) >= 0.95


def test_a_window_is_not_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        Window(-1, 5)
