"""读证照: a picture to a ``PageRead``: seals, text, type, fields, second look. No tables.

The order: seals are found first and their red taken out where they lie, the page is read once, laid
flat, its type recognised, its fields taken; a field that fails its check digit is cut out, enlarged
and read again in several ways; last the seals' rings are unwrapped and read.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from quancheng.capabilities.assistant import normal
from quancheng.capabilities.assistant.fields import Found, classify, extract, finished
from quancheng.capabilities.assistant.kinds import FieldSpec, TypeSpec, kind
from quancheng.capabilities.assistant.layout import Page, page_of
from quancheng.capabilities.assistant.ocr import Line, Pixels, Recogniser
from quancheng.capabilities.assistant.picture import Opened
from quancheng.capabilities.assistant.values import Box, FieldRead, PageRead, Quality, SealRead
from quancheng.core import seal as seals

__all__ = ["read_page"]

_GOOD_SHARE = 0.5
"""With fewer of a type's fields found, the page may lie on its side or head."""
_READS_WELL, _CLEARLY, _LEGIBLE = 0.85, 0.15, 0.6
"""Scores: a ring that needs no other direction, how much better another must be, words that count."""
_NEAR = 0.6
"""A second reading this unlike the first one is of something else."""


def read_page(
    picture: Opened,
    recogniser: Recogniser,
    expected: Sequence[str] = (),
    beat: Callable[[float], None] = lambda part: None,
) -> PageRead:
    """Read one picture. ``expected``: types the material asks for; ``beat`` hears how far it is."""
    pixels = picture.pixels
    found = seals.find_seals(pixels)
    beat(0.1)
    plain = _without_seals(pixels, found)
    lines = recogniser.page(plain)
    beat(0.6)
    page, spec, sure, quarter = _understood(lines, expected)
    if spec and quarter:  # single characters are read wrongly unless the page stands upright
        lines = _read_turned(plain, quarter, recogniser)
        page = page_of(lines, quarter)
    fields = extract(page, spec) if spec else {}
    fields = {
        key: _second_look(one, spec.field(key), pixels, plain, recogniser)
        if spec and one.ok is False
        else one
        for key, one in fields.items()
    }
    beat(0.8)
    read_seals = tuple(_seal(pixels, one, recogniser) for one in found)
    back = 1 / picture.scale
    return PageRead(
        width=picture.width,
        height=picture.height,
        type=spec.code if spec else "",
        type_score=round(sure, 4),
        turn=round(page.turn, 2),
        fields={key: _field(one, back) for key, one in fields.items()},
        seals=tuple(_moved(one, back) for one in read_seals),
        quality=_quality(plain, lines, back),
        lines=tuple(word.text for word in page.words),
    )


def _without_seals(pixels: Pixels, found: Sequence[seals.Seal]) -> Pixels:
    if not found:
        return pixels
    height, width = pixels.shape[:2]
    where = np.zeros((height, width), np.uint8)
    for one in found:
        where |= one.mask(height, width)
    return seals.without_seal(pixels, where)


def _understood(lines: list[Line], expected: Sequence[str]) -> tuple[Page, TypeSpec | None, float, int]:
    """The page with its type and the quarters it must be turned by to make sense."""
    page = page_of(lines)
    spec, sure = classify(page)
    if spec is None and expected and sure >= 0.25:
        spec = kind(expected[0])
    if spec is None or not lines:
        return page, spec, sure, 0
    wanted = [one for one in spec.fields if not one.optional]
    best, most, turn = page, len(extract(page, spec)), 0
    if most < _GOOD_SHARE * len(wanted):
        for quarter in (2, 1, 3):
            turned = page_of(lines, quarter)
            if (count := len(extract(turned, spec))) > most:
                best, most, turn = turned, count, quarter
    return best, spec, sure, turn


def _read_turned(plain: Pixels, quarter: int, recogniser: Recogniser) -> list[Line]:
    """Lines of the page turned upright, their corners as they lie on the picture."""
    height, width = plain.shape[:2]
    lines = recogniser.page(np.ascontiguousarray(np.rot90(plain, -quarter)))

    def back(x: float, y: float) -> tuple[float, float]:
        return {1: (y, height - 1 - x), 2: (width - 1 - x, height - 1 - y), 3: (width - 1 - y, x)}[quarter]

    return [
        Line(one.text, (back(*a), back(*b), back(*c), back(*d)), one.score)
        for one in lines
        for a, b, c, d in [one.corners]
    ]


# -- a second look ---------------------------------------------------------------------------------
def _second_look(
    first: Found, spec: FieldSpec, pixels: Pixels, plain: Pixels, recogniser: Recogniser
) -> Found:
    """Read the cut-out enlarged, in several ways, until one passes the check; else keep the first."""
    if len(first.lines) != 1:
        return first
    line = first.lines[0]
    for strip in _variants(line, pixels, plain):
        text, score = recogniser.strip(strip)
        for words in _tails(text, first.value):
            again = finished(spec, words, min(score, 0.95), first.lines, again=True)
            if again.ok and normal.alike(again.value, first.value) >= _NEAR:
                return again
    return first


def _tails(text: str, like: str) -> Iterator[str]:
    """The words, and their end without a label before them."""
    yield text
    bare = normal.compact(text)
    for extra in (0, 1, -1):
        if 0 < len(like) + extra < len(bare):
            yield bare[-(len(like) + extra) :]


def _variants(line: Line, pixels: Pixels, plain: Pixels) -> Iterator[Pixels]:
    """The line cut out upright: as it is, without red, with even light, sharpened, wider."""
    for source, grow in ((plain, 0.12), (pixels, 0.12), (plain, 0.3), (pixels, 0.02)):
        strip = _upright(source, line, grow)
        if strip is None:
            return
        yield strip
        grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY)
        even = cv2.createCLAHE(2.0, (4, 2)).apply(grey)
        yield seals.as_bgr(np.asarray(even, np.uint8))
        soft = cv2.GaussianBlur(strip, (0, 0), 2.0)
        yield np.asarray(cv2.addWeighted(strip, 1.8, soft, -0.8, 0), np.uint8)


def _upright(pixels: Pixels, line: Line, grow: float) -> Pixels | None:
    corners = np.array(line.corners, np.float32)
    width = float(np.linalg.norm(corners[1] - corners[0]))
    height = float(np.linalg.norm(corners[3] - corners[0]))
    if height > 1.5 * width:
        corners, width, height = np.roll(corners, -1, axis=0), height, width
    if min(width, height) < 4:
        return None
    middle = corners.mean(axis=0)
    pad = 1 + grow * height / np.array([max(width, 1), height])
    along, down = (corners[1] - corners[0]) / width, (corners[3] - corners[0]) / height
    out_height = 72
    out_width = round(width * out_height / height * pad[0] / pad[1])
    half_x, half_y = width * pad[0] / 2, height * pad[1] / 2
    source = np.array(
        [
            middle - along * half_x - down * half_y,
            middle + along * half_x - down * half_y,
            middle + along * half_x + down * half_y,
        ],
        np.float32,
    )
    target = np.array([[0, 0], [out_width, 0], [out_width, out_height]], np.float32)
    matrix = cv2.getAffineTransform(source, target)
    strip = cv2.warpAffine(
        pixels, matrix, (out_width, out_height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(strip, np.uint8)


# -- seals -----------------------------------------------------------------------------------------
def _seal(pixels: Pixels, found: seals.Seal, recogniser: Recogniser) -> SealRead:
    """The seal's words, read from each direction it may stand in until one reads well."""
    best, foot, most = "", math.pi / 2, 0.0
    for way in seals.feet(pixels, found):
        text, score = recogniser.strip(seals.unwrap(pixels, found, way))
        text = normal.compact(text)
        sure = score * min(1.0, _han(text) / 4)
        # a strip cut in the middle of the name can read well too: a later way must be clearly better
        if sure > most + (_CLEARLY if best else 0.0):
            best, foot, most = text, way, sure
        if most >= _READS_WELL:
            break
    purpose, sure = recogniser.strip(seals.inner(pixels, found, foot))
    bare = normal.compact(purpose)
    return SealRead(
        box=found.box,
        ring=_whole_name(best),
        purpose=bare if sure >= _LEGIBLE and len(bare) >= 3 and ("章" in bare or "专用" in bare) else "",
        score=round(min(most, found.score), 4),
        is_round=found.is_round,
    )


def _han(text: str) -> int:
    return sum("\u4e00" <= one <= "\u9fff" for one in text)


def _whole_name(ring: str) -> str:
    """The ring's words without scraps of other characters at both ends."""
    return re.sub(r"^[^\u4e00-\u9fff]+|[^\u4e00-\u9fff]+$", "", ring)


# -- results ---------------------------------------------------------------------------------------
def _quality(pixels: Pixels, lines: Sequence[Line], back: float) -> Quality:
    if not lines:
        return Quality()
    letters = sum(len(one.text) for one in lines)
    mean = sum(one.score * len(one.text) for one in lines) / max(letters, 1)
    heights = [min(math.dist(*one.corners[:2]), math.dist(*one.corners[1:3])) for one in lines]
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    edges = cv2.Laplacian(grey, cv2.CV_64F)
    spots = []
    for one in lines:
        left, top, right, bottom = (max(round(value), 0) for value in one.box)
        part = edges[top:bottom, left:right]
        if part.size:
            spots.append(float(part.var()))
    sharp = statistics.median(spots) if spots else 0.0
    small = cv2.resize(pixels, (200, 200), interpolation=cv2.INTER_AREA)
    colour = float(np.percentile(small.max(axis=2) - small.min(axis=2), 95))
    tall = statistics.median(heights) * back
    return Quality(len(lines), round(mean, 4), round(tall, 1), round(sharp, 1), round(colour, 1))


def _field(one: Found, back: float) -> FieldRead:
    return FieldRead(one.key, one.value, one.score, one.ok, _box(one.box, back), one.again)


def _moved(one: SealRead, back: float) -> SealRead:
    return SealRead(_box(one.box, back), one.ring, one.purpose, one.score, one.is_round)


def _box(box: Box, back: float) -> Box:
    left, top, right, bottom = (round(value * back) for value in box)
    return left, top, right, bottom
