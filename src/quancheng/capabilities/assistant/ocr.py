"""文字识别: the shipped model (PP-OCRv6 small in the wheel of rapidocr), loaded once a process.

Nothing is fetched: models lie in the installed package. The threads of one reading are limited by
``assistant.ocr.threads``, so that a reading does not take the whole machine.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Line", "Recogniser", "recogniser"]

Pixels = NDArray[np.uint8]
Corner = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: words, four corners (clockwise from its own upper left), score 0…1."""

    text: str
    corners: tuple[Corner, Corner, Corner, Corner]
    score: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        x, y = [one[0] for one in self.corners], [one[1] for one in self.corners]
        return min(x), min(y), max(x), max(y)


class Recogniser(Protocol):
    """What reads: a page into lines, or one strip into words."""

    def page(self, picture: Pixels) -> list[Line]:
        """All lines of a page (blue green red), from top to bottom."""
        ...

    def strip(self, picture: Pixels) -> tuple[str, float]:
        """The words of a picture that holds one line, and the score."""
        ...


class RapidRecogniser:
    """The shipped model; one reading at a time, because it keeps switches in itself."""

    def __init__(self, threads: int) -> None:
        from rapidocr import RapidOCR

        params: dict[str, Any] = {
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "EngineConfig.onnxruntime.enable_cpu_mem_arena": False,
        }
        self._model: Any = RapidOCR(params=params)
        self._lock = threading.Lock()

    def page(self, picture: Pixels) -> list[Line]:
        with self._lock:
            found: Any = self._model(picture, use_det=True, use_cls=True, use_rec=True)
        if found.boxes is None or found.txts is None:
            return []
        lines = [
            Line(str(text), _corners(box), float(score))
            for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        ]
        return sorted(lines, key=lambda one: (one.box[1], one.box[0]))

    def strip(self, picture: Pixels) -> tuple[str, float]:
        with self._lock:
            found: Any = self._model(picture, use_det=False, use_cls=False, use_rec=True)
        if not found.txts:
            return "", 0.0
        return str(found.txts[0]), float(found.scores[0])


def _corners(box: Any) -> tuple[Corner, Corner, Corner, Corner]:
    a, b, c, d = ((float(x), float(y)) for x, y in box)
    return a, b, c, d


@lru_cache(maxsize=1)
def recogniser(threads: int = 1) -> Recogniser:
    """The model of this process; the first call loads it (about a second)."""
    return RapidRecogniser(threads)
