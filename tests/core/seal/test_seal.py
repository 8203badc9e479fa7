"""Seals drawn with plain shapes: found where they are, not found where they are not, unrolled the right way up."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.seal import balanced, feet, find_seals, inner, red_mask, unwrap, without_seal

RED, BLACK, PAPER = (40, 40, 212), (20, 20, 20), (248, 250, 251)


def page(width: int = 900, height: int = 700) -> np.ndarray:
    return np.full((height, width, 3), PAPER, np.uint8)


def press(
    picture, x, y, radius, *, tilt: float = 0.0, axes: tuple[float, float] = (1.0, 1.0), letters: int = 9
):
    """Ring, star and letters that are bars of growing length, so that their order can be read."""
    whole = (round(radius * axes[0]), round(radius * axes[1]))
    cv2.ellipse(picture, (x, y), whole, 0, 0, 360, RED, max(3, radius // 20), cv2.LINE_AA)
    turn = math.radians(tilt)
    star = [
        (
            x + radius * axes[0] * (0.3 if n % 2 == 0 else 0.115) * math.sin(turn + math.pi * n / 5),
            y - radius * axes[1] * (0.3 if n % 2 == 0 else 0.115) * math.cos(turn + math.pi * n / 5),
        )
        for n in range(10)
    ]
    cv2.fillPoly(picture, [np.array(star, np.int32)], RED, cv2.LINE_AA)
    for n in range(letters):
        around = turn + math.radians(-120 + 240 * n / (letters - 1))
        for part in np.linspace(0.88, 0.84 - 0.2 * (n + 1) / letters, 60):
            px = x + radius * axes[0] * part * math.sin(around)
            py = y - radius * axes[1] * part * math.cos(around)
            cv2.circle(picture, (round(px), round(py)), max(2, radius // 30), RED, -1)
    return picture


def test_a_seal_is_found_where_it_is():
    (found,) = find_seals(press(page(), 400, 320, 120))
    assert math.hypot(found.x - 400, found.y - 320) < 3
    assert abs(found.a - 120) < 6
    assert found.is_round
    assert found.score > 0.9
    left, top, right, bottom = found.box
    assert left < 400 < right
    assert top < 320 < bottom


def test_two_seals_over_print_and_an_oval_one():
    picture = press(press(page(), 250, 250, 110), 650, 450, 110, axes=(1.0, 0.72))
    for row in range(150, 560, 60):
        cv2.putText(
            picture, "GB 11643 GB 32100 1234567890", (60, row), cv2.FONT_HERSHEY_SIMPLEX, 1.1, BLACK, 3
        )
    found = find_seals(picture)
    assert sorted(round(one.x / 50) for one in found) == [5, 13]
    assert sorted(one.is_round for one in found) == [False, True]


@pytest.mark.parametrize(
    "what", ["nothing", "a red square", "red words", "a red disc", "a blue ring", "noise"]
)
def test_what_is_no_seal_is_not_found(what):
    picture = page()
    if what == "a red square":
        cv2.rectangle(picture, (200, 200), (420, 420), RED, 6)
    if what == "red words":
        cv2.putText(picture, "NOTICE", (100, 300), cv2.FONT_HERSHEY_SIMPLEX, 4, RED, 12)
    if what == "a red disc":
        cv2.circle(picture, (400, 300), 120, RED, -1)
    if what == "a blue ring":
        cv2.circle(picture, (400, 300), 120, (200, 60, 40), 6)
    if what == "noise":
        picture = np.random.default_rng(1).integers(0, 255, picture.shape).astype(np.uint8)
    assert find_seals(picture) == ()


@settings(max_examples=25, deadline=None)
@given(
    x=st.integers(200, 700), y=st.integers(200, 500), radius=st.integers(60, 150), tilt=st.integers(-30, 30)
)
def test_anywhere_any_size_slightly_turned(x, y, radius, tilt):
    (found, *others) = find_seals(press(page(), x, y, radius, tilt=tilt))
    assert not others
    assert math.hypot(found.x - x, found.y - y) < 4
    assert abs(found.a - radius) < 0.08 * radius + 3
    picture = press(page(), x, y, radius, tilt=tilt)
    foot = feet(picture, found)[0]
    assert abs(math.remainder(foot - math.pi / 2 - math.radians(tilt), 2 * math.pi)) < math.radians(4)


def test_a_seal_on_its_head_is_among_the_ways_tried():
    picture = press(page(), 400, 300, 120, tilt=180)
    (found,) = find_seals(picture)
    assert any(abs(math.remainder(one + math.pi / 2, 2 * math.pi)) < 0.1 for one in feet(picture, found))


@pytest.mark.parametrize("tilt", [0, 20, -25])
def test_the_ring_is_unrolled_from_left_to_right(tilt):
    picture = press(page(), 400, 300, 140, tilt=tilt)
    (found,) = find_seals(picture)
    strip = unwrap(picture, found)
    assert strip.shape[2] == 3
    ink = 255 - strip[:, :, 0].astype(int)
    assert strip.shape[0] >= 56
    columns = (ink > 100).sum(axis=0)
    starts = np.flatnonzero((columns[1:] > 8) & (columns[:-1] <= 8))
    tall = [columns[at : at + 30].max() for at in starts]
    assert len(tall) == 9
    assert tall == sorted(tall), "bars grow clockwise, so they grow to the right"


def test_words_below_the_star_come_upright():
    picture = press(page(), 400, 300, 160)
    cv2.rectangle(picture, (330, 372), (470, 394), RED, -1)
    (found,) = find_seals(picture)
    dark = inner(picture, found)[:, :, 0] < 100
    rows = np.flatnonzero(dark.mean(axis=1) > 0.3)
    assert 0.1 < len(rows) / len(dark) < 0.6
    assert dark[rows[0] : rows[-1]].mean() > 0.5


def test_lamp_light_hides_no_seal_and_makes_none():
    warm = np.array([0.72, 0.9, 1.0])
    picture = (press(page(), 400, 300, 120) * warm).astype(np.uint8)
    assert len(find_seals(picture)) == 1
    assert find_seals((page() * warm).astype(np.uint8)) == ()
    assert red_mask(balanced((page() * warm).astype(np.uint8))).sum() == 0


def test_print_under_a_seal_can_be_read_again():
    picture = page()
    cv2.putText(picture, "3701", (340, 320), cv2.FONT_HERSHEY_SIMPLEX, 2, BLACK, 6)
    print_only = picture.copy()
    picture = press(picture, 400, 300, 120)
    (found,) = find_seals(picture)
    where = found.mask(*picture.shape[:2])
    clean = without_seal(picture, where)
    dark = clean[:, :, 1] < 110
    assert dark.sum() <= (print_only[:, :, 1] < 110).sum() * 1.05
    outside = where == 0
    assert (clean[outside] == picture[outside]).all()


@pytest.mark.parametrize(
    "wrong", [np.zeros((0, 10, 3), np.uint8), np.zeros((10, 10, 3), np.float64), np.zeros(7, np.uint8)]
)
def test_what_is_no_picture_is_refused(wrong):
    with pytest.raises(ValueError, match="uint8"):
        find_seals(wrong)


def test_grey_and_tiny_pictures_have_no_seal():
    assert find_seals(np.full((300, 300), 128, np.uint8)) == ()
    assert find_seals(np.zeros((2, 3, 3), np.uint8)) == ()
    assert find_seals(np.full((40, 4000, 4), 200, np.uint8)) == ()
