"""版面: lines of text as a flat page: turned upright, rows followed even in perspective. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quancheng.capabilities.assistant.normal import compact
from quancheng.capabilities.assistant.ocr import Line

__all__ = ["Page", "Word", "page_of"]

_LONG = 2.5
"""A line so many times longer than high tells its direction."""


@dataclass(frozen=True, slots=True)
class Word:
    """One line on the upright page."""

    text: str
    """As ``normal.compact``."""
    left: float
    right: float
    middle: float
    """Height on the page of the line's centre."""
    height: float
    line: Line

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Page:
    """The words from top to bottom, and how rows slope."""

    words: tuple[Word, ...]
    turn: float
    """Degrees the page was turned by, clockwise."""
    slope: tuple[float, float, float]
    """Slope of rows at (x, y): constant, by x, by y."""

    def off_row(self, one: Word, other: Word) -> float:
        """How far ``other`` lies below the row of ``one``, in heights of a line."""
        x, y = (one.centre + other.centre) / 2, (one.middle + other.middle) / 2
        slope = self.slope[0] + self.slope[1] * x + self.slope[2] * y
        expected = one.middle + slope * (other.centre - one.centre)
        return (other.middle - expected) / max(min(one.height, other.height), 1.0)

    @property
    def text(self) -> str:
        """Everything, row by row."""
        return "".join(one.text for one in self.words)


def page_of(lines: Sequence[Line], quarter: int = 0) -> Page:
    """Lines as a page; ``quarter`` turns it by so many quarters first (照片横拍、倒拍)."""
    spun = [(one, _spun(one, quarter)) for one in lines if compact(one.text)]
    long = [points for _, points in spun if _is_long(points)]
    tilt = statistics.median([_tilt(points) for points in long]) if long else 0.0
    flat = [(one, _turned(points, -tilt)) for one, points in spun]
    words = [_word(one, points) for one, points in flat]
    slope = _slopes([points for _, points in flat if _is_long(points)])
    page = Page(tuple(words), quarter * 90 - math.degrees(tilt), slope)
    return Page(tuple(_rows(page)), page.turn, slope)


def _spun(line: Line, quarter: int) -> list[tuple[float, float]]:
    points = list(line.corners)
    for _ in range(quarter % 4):
        points = [(-y, x) for x, y in points]
    return points


def _turned(points: list[tuple[float, float]], by: float) -> list[tuple[float, float]]:
    cosine, sine = math.cos(by), math.sin(by)
    return [(x * cosine - y * sine, x * sine + y * cosine) for x, y in points]


def _is_long(points: list[tuple[float, float]]) -> bool:
    lying = math.dist(points[0], points[1]) > _LONG * max(math.dist(points[1], points[2]), 1.0)
    return lying or _standing(points)


def _standing(points: list[tuple[float, float]]) -> bool:
    return math.dist(points[1], points[2]) > _LONG * max(math.dist(points[0], points[1]), 1.0)


def _tilt(points: list[tuple[float, float]]) -> float:
    """Direction of the long side, within ±90°."""
    a, b = (points[0], points[1]) if not _standing(points) else (points[1], points[2])
    found = math.atan2(b[1] - a[1], b[0] - a[0])
    if found > math.pi / 2:
        found -= math.pi
    elif found <= -math.pi / 2:
        found += math.pi
    return found if abs(found) < math.pi / 4 else 0.0


def _word(line: Line, points: list[tuple[float, float]]) -> Word:
    x, y = [one[0] for one in points], [one[1] for one in points]
    sides = sorted((math.dist(points[0], points[1]), math.dist(points[1], points[2])))
    height = sides[0] if sides[0] > 4 else max(y) - min(y)
    return Word(compact(line.text), min(x), max(x), (min(y) + max(y)) / 2, height, line)


def _slopes(long: list[list[tuple[float, float]]]) -> tuple[float, float, float]:
    """Slope of rows as a plane over the page; constant when there are few lines."""
    if not long:
        return 0.0, 0.0, 0.0
    rows = [(sum(p[0] for p in one) / 4, sum(p[1] for p in one) / 4, math.tan(_tilt(one))) for one in long]
    if len(rows) < 6:
        return statistics.median([row[2] for row in rows]), 0.0, 0.0
    matrix = np.array([[1.0, x, y] for x, y, _ in rows])
    wanted = np.array([slope for *_, slope in rows])
    keep = np.abs(wanted - np.median(wanted)) < 0.06
    if keep.sum() < 6:
        return float(np.median(wanted)), 0.0, 0.0
    solved = np.linalg.lstsq(matrix[keep], wanted[keep], rcond=None)[0]
    return float(solved[0]), float(solved[1]), float(solved[2])


def _rows(page: Page) -> list[Word]:
    """Reading order: rows from the top, each from the left."""
    rows: list[list[Word]] = []
    for word in sorted(page.words, key=lambda one: one.middle):
        home = next((row for row in reversed(rows[-4:]) if abs(page.off_row(row[0], word)) < 0.6), None)
        if home is None:
            rows.append([word])
        else:
            home.append(word)
    return [word for row in rows for word in sorted(row, key=lambda one: one.left)]
