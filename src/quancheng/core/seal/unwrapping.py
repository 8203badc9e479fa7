"""Unwrapping 展开: the ring of text as a straight strip, the words inside upright."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from quancheng.core.seal.finding import Seal
from quancheng.core.seal.ink import Picture, as_bgr, balanced, ink_of_seal

__all__ = ["feet", "inner", "unwrap"]

RING = (0.58, 0.93)
"""Where ring text stands, in parts of the radius; the line of the ring lies outside."""
_STEPS = 720
_LEAST_HEIGHT = 56
"""Rows of a strip a reader of text needs at least."""
_STAR = (0.14, 0.30)
_LEAST_STAR = 0.3
_UPRIGHT = math.pi / 2
"""Downward on a picture: clockwise from the x axis."""


def feet(picture: Picture, seal: Seal) -> tuple[float, ...]:
    """Directions in which the seal's foot may lie, the likeliest first (印章朝向).

    Radians clockwise from the picture's x axis; π/2 is an upright seal. The star tells it up to a
    fifth of a turn, the widest gap in the ring of text is the second witness.
    """
    ink = 255 - _flat(picture, seal, np.linspace(0.05, 1.0, 96))
    star = _star_direction(ink)
    gap = _gap_direction(ink)
    found = [_UPRIGHT if star is None else star, gap]
    if star is not None:
        found += [star + sign * 2 * math.pi / 5 for sign in (1, -1)]
    found.append(gap + math.pi)
    kept: list[float] = []
    for one in found:
        one %= 2 * math.pi
        if all(abs(math.remainder(one - other, 2 * math.pi)) > 0.14 for other in kept):
            kept.append(one)
    return tuple(kept)


def unwrap(
    picture: Picture, seal: Seal, foot: float | None = None, *, ring: tuple[float, float] = RING
) -> Picture:
    """The ring of text as a strip, black on white, read from left to right.

    Three channels, at least 56 rows of text. ``foot`` (see ``feet``) is where the strip begins and
    ends; by default the likeliest.
    """
    foot = feet(picture, seal)[0] if foot is None else foot
    thick = (ring[1] - ring[0]) * (seal.a + seal.b) / 2
    rows = round(max(thick, _LEAST_HEIGHT))
    columns = round(math.pi * (seal.a + seal.b) * sum(ring) / 2 * rows / thick)
    strip = _flat(picture, seal, np.linspace(ring[1], ring[0], rows), columns, foot)
    strip = _between_ends(strip)
    padded = cv2.copyMakeBorder(strip, 10, 10, 20, 20, cv2.BORDER_CONSTANT, value=255)
    return as_bgr(np.asarray(padded, np.uint8))


def inner(picture: Picture, seal: Seal, foot: float | None = None) -> Picture:
    """The words below the star (如“审批专用章”), upright, black on white, three channels."""
    foot = feet(picture, seal)[0] if foot is None else foot
    turn = foot - _UPRIGHT
    zoom = max(1.0, 190 / seal.b)
    across = np.arange(-0.70, 0.70, 1 / (zoom * seal.b))[None, :]
    below = np.arange(0.34, 0.72, 1 / (zoom * seal.b))[:, None]
    x = seal.x + seal.b * (across * math.cos(turn) - below * math.sin(turn))
    y = seal.y + seal.b * (across * math.sin(turn) + below * math.cos(turn))
    found = _remap(_ink(picture, seal), x, y)
    # the first and last character of the ring reach into the upper corners
    found[(np.hypot(across, below) > 0.66) & (below < 0.45)] = 255
    padded = cv2.copyMakeBorder(found, 14, 14, 14, 14, cv2.BORDER_CONSTANT, value=255)
    return as_bgr(np.asarray(padded, np.uint8))


def _between_ends(strip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The strip from the first to the last character of the ring.

    Words below the star reach into the strip's ends, but not as far out as the heads of the ring's
    own characters: where nothing stands out there, the ring has no text.
    """
    heads = 255 - strip[round(len(strip) * 0.06) : round(len(strip) * 0.26)].astype(np.float64)
    inked = np.flatnonzero((heads > 110).mean(axis=0) > 0.12)
    if len(inked) == 0:
        return strip
    pad = len(strip) // 6
    left, right = max(int(inked[0]) - pad, 0), min(int(inked[-1]) + pad, strip.shape[1])
    return strip[:, left:right] if right - left > len(strip) else strip


def _star_direction(ink: NDArray[np.uint8]) -> float | None:
    """Foot of a five-pointed star, the solution nearest to upright; None without a star."""
    first, last = (round(part * 96) for part in _STAR)
    profile = ink[first:last].astype(np.float64).mean(axis=0)
    wave = np.fft.rfft(profile)
    strength = abs(wave[5]) / max(abs(wave[0]), 1.0)
    if strength < _LEAST_STAR:
        return None
    point = -np.angle(wave[5]) / 5  # one of the five points
    fifth = 2 * math.pi / 5
    # a point stands opposite the foot
    turns = round((_UPRIGHT - math.pi - point) / fifth)
    return float(point + turns * fifth + math.pi)


def _gap_direction(ink: NDArray[np.uint8]) -> float:
    """The middle of the widest arc without ring text."""
    rows = ink[round(0.72 * 96) : round(0.88 * 96)]
    profile = (rows > 90).mean(axis=0) > 0.06
    if not profile.any() or profile.all():
        return _UPRIGHT
    begin, length = _widest_gap(profile)
    return float(2 * math.pi * ((begin + length / 2) % _STEPS) / _STEPS)


def _flat(
    picture: Picture, seal: Seal, radius: NDArray[np.float64], columns: int = _STEPS, start: float = 0.0
) -> NDArray[np.uint8]:
    """The seal's ink by radius (rows) and direction on the picture (columns, clockwise)."""
    around = start + np.linspace(0, 2 * math.pi, columns, endpoint=False)
    turn = math.radians(seal.angle)
    own = around - turn
    along = seal.a * radius[:, None] * np.cos(own)[None, :]
    across = seal.b * radius[:, None] * np.sin(own)[None, :]
    x = seal.x + along * math.cos(turn) - across * math.sin(turn)
    y = seal.y + along * math.sin(turn) + across * math.cos(turn)
    return _remap(_ink(picture, seal), x, y)


def _ink(picture: Picture, seal: Seal) -> Picture:
    """Ink of the picture, levels taken from the seal's own surroundings."""
    picture = balanced(picture)
    left, top, right, bottom = seal.box
    pad = round(seal.a * 0.1)
    left, top = max(left - pad, 0), max(top - pad, 0)
    plane = np.full(picture.shape[:2], 255, np.uint8)
    part = picture[top : bottom + pad, left : right + pad]
    if part.size:
        plane[top : bottom + pad, left : right + pad] = ink_of_seal(part)
    return plane


def _remap(plane: Picture, x: NDArray[np.float64], y: NDArray[np.float64]) -> Picture:
    columns, rows = x.astype(np.float32), y.astype(np.float32)
    found = cv2.remap(
        plane, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255)
    )
    return np.asarray(found, np.uint8)


def _widest_gap(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """Start and length of the longest run without ink on a circle."""
    first = int(np.argmax(ink))
    best, length, begin = (first, 0), 0, first
    for step in range(first, first + len(ink) + 1):
        if ink[step % len(ink)]:
            if length > best[1]:
                best = (begin, length)
            begin, length = step + 1, 0
        else:
            length += 1
    return best[0] % len(ink), best[1]
