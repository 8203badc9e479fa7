"""Finding seals 找章: closed red rings that are round or oval."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from quancheng.core.seal.ink import Picture, as_bgr, balanced, red_mask

__all__ = ["Seal", "find_seals"]

_WORKING_SIDE = 1400
"""Pictures are made at most so large before the search; a seal needs no more."""
_CLOSING = (3, 7, 13)
"""Gaps in the ring (print over it, dry ink) are closed with each of these kernels in turn."""
_LEAST_ROUNDNESS = 0.86
_LEAST_SUPPORT = 0.62
_LEAST_STROKES = 4
_DENSITY = (0.05, 0.72)
_FLATTEST = 0.55
_SECTORS = 90
_SAME_PLACE = 0.35


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal (印章) as an ellipse in the picture's pixels.

    ``a`` and ``b`` are the half axes (a ≥ b), ``angle`` the direction of ``a`` in degrees,
    clockwise from the x axis. ``score`` says how complete the ring is, 0…1.
    """

    x: float
    y: float
    a: float
    b: float
    angle: float
    score: float

    @property
    def is_round(self) -> bool:
        """Round (圆章) rather than oval (椭圆章)."""
        return self.b >= 0.85 * self.a

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the ellipse's bounding box."""
        turn = math.radians(self.angle)
        half_x = math.hypot(self.a * math.cos(turn), self.b * math.sin(turn))
        half_y = math.hypot(self.a * math.sin(turn), self.b * math.cos(turn))
        return (
            round(self.x - half_x),
            round(self.y - half_y),
            round(self.x + half_x),
            round(self.y + half_y),
        )

    def mask(self, height: int, width: int, grow: float = 1.06) -> Picture:
        """255 inside the seal, on a picture of the given size."""
        mask = np.zeros((height, width), np.uint8)
        axes = (max(1, round(self.a * grow)), max(1, round(self.b * grow)))
        cv2.ellipse(mask, (round(self.x), round(self.y)), axes, self.angle, 0, 360, 255, -1)
        return mask


def find_seals(picture: Picture, *, least_share: float = 0.0015, most: int = 6) -> tuple[Seal, ...]:
    """All seals on a picture, the surest first (圆形度、环线完整度).

    ``least_share`` is the smallest part of the picture's area a seal may take; ``most`` the
    largest number returned. Raises ValueError for what is not a picture.
    """
    picture = as_bgr(picture)
    height, width = picture.shape[:2]
    scale = min(1.0, _WORKING_SIDE / max(height, width))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    mask = red_mask(balanced(picture))
    least = least_share * mask.size
    found = sorted(_candidates(mask, least), key=lambda one: -one.score)
    kept: list[Seal] = []
    for one in found:
        if all(not _same(one, other) for other in kept):
            kept.append(one)
    return tuple(_scaled(one, 1 / scale) for one in kept[:most])


def _candidates(mask: Picture, least: float) -> Iterator[Seal]:
    for size in _CLOSING:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
        contours, _ = cv2.findContours(closed, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for contour in contours:
            if len(contour) < 40 or (seal := _ellipse(contour, least)) is None:
                continue
            judged = _judged(seal, mask)
            if judged is not None:
                yield judged


def _ellipse(contour: Any, least: float) -> Seal | None:
    """The ellipse of a contour's hull, None when the hull is not one."""
    hull = cv2.convexHull(contour)
    area, around = cv2.contourArea(hull), cv2.arcLength(hull, True)
    if area < least or around <= 0 or len(hull) < 8:
        return None
    (x, y), (first, second), angle = cv2.fitEllipse(hull)
    a, b = max(first, second) / 2, min(first, second) / 2
    if b < _FLATTEST * a or b < 12:
        return None
    expected = math.pi * (3 * (a + b) - math.sqrt((3 * a + b) * (a + 3 * b)))
    roundness = min(area / (math.pi * a * b), 1.0) * min(expected / around, 1.0)
    if roundness < _LEAST_ROUNDNESS:
        return None
    return Seal(x, y, a, b, (angle if first >= second else angle + 90) % 180, roundness)


def _judged(seal: Seal, mask: Picture) -> Seal | None:
    """The seal scored by how much of its ring is inked; None when it has no ring or is a blot."""
    left, top, right, bottom = seal.box
    height, width = mask.shape
    if left < -seal.a * 0.1 or top < -seal.a * 0.1 or right > width * 1.02 or bottom > height * 1.02:
        return None
    inside = seal.mask(height, width, 1.0) > 0
    density = float((mask[inside] > 0).mean()) if inside.any() else 0.0
    if not _DENSITY[0] <= density <= _DENSITY[1]:
        return None
    support = _ring_support(seal, mask)
    if support < _LEAST_SUPPORT or _strokes(seal, mask) < _LEAST_STROKES:
        return None
    return Seal(seal.x, seal.y, seal.a, seal.b, seal.angle, round(seal.score * support, 4))


def _strokes(seal: Seal, mask: Picture) -> int:
    """Separate strokes met on a circle through the ring of text; a letter O has none."""
    around = np.linspace(0, 2 * math.pi, 360, endpoint=False)
    most = 0
    for radius in (0.64, 0.70, 0.76, 0.82):
        ink = _along(seal, mask, radius, around)
        most = max(most, int((ink & ~np.roll(ink, 1)).sum()))
    return most


def _along(seal: Seal, mask: Picture, radius: float, around: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether there is ink at directions of an ellipse ``radius`` times as large."""
    turn = math.radians(seal.angle)
    along, across = seal.a * radius * np.cos(around), seal.b * radius * np.sin(around)
    x = np.rint(seal.x + along * math.cos(turn) - across * math.sin(turn)).astype(int)
    y = np.rint(seal.y + along * math.sin(turn) + across * math.cos(turn)).astype(int)
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    met = np.zeros(len(around), np.bool_)
    met[inside] = mask[y[inside], x[inside]] > 0
    return met


def _ring_support(seal: Seal, mask: Picture) -> float:
    """Share of the ring's sectors in which red ink is met near the edge."""
    around = np.linspace(0, 2 * math.pi, _SECTORS * 4, endpoint=False)
    met = np.zeros(len(around), np.bool_)
    for radius in np.arange(0.93, 1.045, 0.5 / max(seal.b, 8)):
        met |= _along(seal, mask, float(radius), around)
    return float(met.reshape(_SECTORS, 4).any(axis=1).mean())


def _same(one: Seal, other: Seal) -> bool:
    """Whether two ellipses stand for one seal (ring's inner and outer edge, or nearly)."""
    apart = math.hypot(one.x - other.x, one.y - other.y)
    return apart < _SAME_PLACE * max(one.a, other.a)


def _scaled(seal: Seal, by: float) -> Seal:
    return Seal(seal.x * by, seal.y * by, seal.a * by, seal.b * by, seal.angle, seal.score)
