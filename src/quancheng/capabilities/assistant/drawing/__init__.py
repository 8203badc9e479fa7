"""模拟证照 drawing: Chinese licences of several types, marked 模拟, with seals, as scanned or photographed.

For tests, demo data and the benchmark: ``draw(type, seed)`` gives the picture with what stands on
it. The same seed gives the same licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from quancheng.capabilities.assistant.drawing.camera import (
    PHOTO,
    POOR,
    SCAN,
    Conditions,
    jpeg,
    photographed,
)
from quancheng.capabilities.assistant.drawing.faces import FACES, Face, Spot
from quancheng.capabilities.assistant.drawing.fonts import SANS, SERIF, font
from quancheng.capabilities.assistant.drawing.invent import Invented, invented, resident_number, unified_code
from quancheng.capabilities.assistant.drawing.stamps import press, stamp

__all__ = [
    "FACES", "PHOTO", "POOR", "SCAN", "Conditions", "Drawn", "draw", "jpeg", "photographed", "resident_number",
    "unified_code",
]  # fmt: skip

_INK = (28, 28, 30)
_LABEL = (70, 70, 76)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn licence: pixels (blue green red) and the truth about it."""

    type: str
    picture: NDArray[np.uint8]
    fields: dict[str, str]
    """Printed values by field."""
    lines: tuple[str, ...]
    """Every printed line; label and value are one line each."""
    issuer: str
    """Ring text of the seal; empty = no seal."""
    purpose: str

    def jpeg(self, quality: int = 90) -> bytes:
        """As an upload."""
        return jpeg(self.picture, quality)


def draw(
    code: str,
    seed: int,
    *,
    given: dict[str, str] | None = None,
    how: Conditions | None = None,
    sealed: bool = True,
    issuer: str | None = None,
) -> Drawn:
    """A licence of a type of ``FACES``.

    ``given`` replaces printed values, ``issuer`` the seal's ring text, ``sealed=False`` leaves the
    seal away, ``how`` says how it is photographed (None: the clean page). Raises Unavailable
    without a Chinese font, KeyError for an unknown type.
    """
    face, random = FACES[code], Random(f"{code}:{seed}")
    content = invented(code, random, given)
    words = content.issuer if issuer is None else issuer
    page = Image.new("RGB", (face.width, face.height), face.paper)
    lines = _printed(page, face, content)
    if face.seal is not None and sealed and words:
        x, y, radius = face.seal
        flat = 0.74 if random.random() < 0.12 and not content.purpose else 1.0
        ink = stamp(words, radius, random, purpose=content.purpose, flat=flat)
        place = (x + random.randrange(-14, 15), y + random.randrange(-14, 15))
        press(page, ink, place, random.uniform(0.72, 0.92))
    else:
        words = ""
    picture = np.asarray(page, np.uint8)[:, :, ::-1].copy()
    if how is not None:
        picture = photographed(picture, random, how)
    return Drawn(code, picture, content.printed, tuple(lines), words, content.purpose if words else "")


def _printed(page: Image.Image, face: Face, content: Invented) -> list[str]:
    pen = ImageDraw.Draw(page)
    _ground(pen, face)
    lines: list[str] = []
    if face.title_at[2]:
        x, y, size = face.title_at
        pen.text((x, y), face.title, font=font(SERIF, size), fill=_INK, anchor="ma")
        lines.append(face.title)
    for text, x, y, size in face.extra:
        pen.text((x, y), text, font=font(SERIF, size), fill=_INK)
        lines.append(text)
    for spot in face.spots:
        lines += _spot(pen, face, spot, content.printed.get(spot.key, ""))
    if face.prose is not None:
        text, x, y, size, wrap = face.prose
        for row, part in enumerate(_broken(text.format(**content.printed), wrap)):
            pen.text((x, y + row * round(size * 1.7)), part, font=font(SERIF, size), fill=_INK)
            lines.append(part)
    return lines


def _spot(pen: ImageDraw.ImageDraw, face: Face, spot: Spot, value: str) -> list[str]:
    pen.text((spot.x, spot.y), spot.label, font=font(SANS, face.size), fill=_LABEL)
    lines = [spot.label] if spot.label else []
    for row, part in enumerate(_broken(value, spot.wrap)):
        pen.text(
            (spot.x + spot.gap, spot.y + row * round(face.size * 1.45)),
            part,
            font=font(SERIF, face.size),
            fill=_INK,
        )
        lines.append(part)
    return lines


def _ground(pen: ImageDraw.ImageDraw, face: Face) -> None:
    """Frame, portrait and the words that say it is simulated."""
    if face.frame is not None:
        for inset, width in ((24, 6), (38, 2)):
            pen.rectangle(
                (inset, inset, face.width - inset, face.height - inset), outline=face.frame, width=width
            )
    if face.portrait is not None:
        left, top, right, bottom = face.portrait
        pen.rectangle(face.portrait, fill=(205, 214, 222))
        middle, wide = (left + right) // 2, (right - left) // 5
        pen.ellipse((middle - wide, top + wide, middle + wide, top + 3 * wide), fill=(150, 140, 135))
        pen.ellipse(
            (middle - 2 * wide, top + 3 * wide + 8, middle + 2 * wide, bottom + wide), fill=(120, 130, 150)
        )
        pen.rectangle((left, bottom + 1, right, bottom + wide + 2), fill=face.paper)
    pale = tuple(max(one - 14, 0) for one in face.paper)
    pen.text((face.width // 2, face.height * 2 // 5), "模拟", font=font(SANS, 170), fill=pale, anchor="mm")
    note = font(SANS, max(face.size - 8, 16))
    pen.text(
        (face.width // 2, face.height - (86 if face.frame else 60)),
        "模拟样张 仅供测试",
        font=note,
        fill=(150, 150, 150),
        anchor="ma",
    )


def _broken(text: str, wrap: int) -> list[str]:
    return [text[at : at + wrap] for at in range(0, len(text), wrap)]
