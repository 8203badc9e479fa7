"""Stamps 盖章: draws official seals, round or oval, as red ink with gaps, and presses them on a page."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from quancheng.capabilities.assistant.drawing.fonts import SERIF, font

__all__ = ["press", "stamp"]

_OVER = 3
"""Seals are drawn so many times larger and then made small: smooth edges."""
VERMILION = (214, 38, 32)


def stamp(
    ring: str, radius: int, random: Random, *, purpose: str = "", flat: float = 1.0, span: float = 290.0
) -> Image.Image:
    """A seal's ink as a grey picture (255 = full ink): ring text, star, words below the star.

    ``flat`` below 1 gives an oval seal; ``span`` is the arc in degrees the ring text takes.
    """
    size, outer = radius * 2 * _OVER, radius * _OVER
    ink = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(ink)
    line = max(2, round(outer * 0.045))
    pen.ellipse((line, line, size - line, size - line), outline=255, width=line)
    # the words below the star need the foot of the circle for themselves
    _ring_text(ink, ring, outer, min(span - (50 if purpose else 0), 26.0 * len(ring)))
    _star(pen, outer, outer, outer * (0.28 if purpose else 0.32))
    if purpose:
        letters = font(SERIF, round(min(outer * 0.235, outer * 1.28 / max(len(purpose), 1))))
        pen.text((outer, outer * 1.52), purpose, font=letters, fill=255, anchor="mm")
    if flat != 1.0:
        ink = ink.resize((size, round(size * flat)), Image.Resampling.LANCZOS)
    ink = ink.rotate(random.uniform(-14, 14), expand=True, resample=Image.Resampling.BICUBIC)
    return _worn(ink.resize((ink.width // _OVER, ink.height // _OVER), Image.Resampling.LANCZOS), random)


def press(page: Image.Image, ink: Image.Image, middle: tuple[int, int], strength: float = 0.86) -> None:
    """Press ink on a page: red over paper, print below stays dark as under real vermilion."""
    left, top = middle[0] - ink.width // 2, middle[1] - ink.height // 2
    box = (left, top, left + ink.width, top + ink.height)
    ground = np.asarray(page.crop(box), np.float32)
    cover = np.asarray(ink, np.float32)[:, :, None] / 255 * strength
    colour = np.array(VERMILION, np.float32) / 255
    pressed = ground * (1 - cover) + ground * colour * cover
    page.paste(Image.fromarray(np.clip(pressed, 0, 255).astype(np.uint8)), box[:2])


def _ring_text(ink: Image.Image, text: str, outer: int, span: float) -> None:
    """Characters along the ring, heads outward, from left over the top to the right."""
    letters = font(SERIF, round(outer * min(0.27, 4.0 / max(len(text), 1))))
    middle = outer * 0.765
    step = span / max(len(text) - 1, 1)
    for place, sign in enumerate(text):
        angle = -span / 2 + step * place
        side = round(letters.size * 1.6)
        tile = Image.new("L", (side, side), 0)
        ImageDraw.Draw(tile).text((side / 2, side / 2), sign, font=letters, fill=255, anchor="mm")
        tile = tile.rotate(-angle, resample=Image.Resampling.BICUBIC)
        x = outer + middle * math.sin(math.radians(angle)) - side / 2
        y = outer - middle * math.cos(math.radians(angle)) - side / 2
        ink.paste(255, (round(x), round(y)), tile)


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    points = []
    for corner in range(10):
        reach = size if corner % 2 == 0 else size * 0.382
        turn = math.pi * corner / 5
        points.append((x + reach * math.sin(turn), y - reach * math.cos(turn)))
    pen.polygon(points, fill=255)


def _worn(ink: Image.Image, random: Random) -> Image.Image:
    """Uneven ink: cloudy pressure and small dry spots."""
    noise = np.random.default_rng(random.randrange(2**31))
    cloud = noise.uniform(0.55, 1.15, (max(ink.height // 16, 2), max(ink.width // 16, 2)))
    pressure = Image.fromarray((np.clip(cloud, 0, 1) * 255).astype(np.uint8)).resize(
        ink.size, Image.Resampling.BICUBIC
    )
    spots = (noise.random((ink.height, ink.width)) > 0.03).astype(np.float32)
    kept = np.asarray(ink, np.float32) * (np.asarray(pressure, np.float32) / 255) * spots
    return Image.fromarray(np.clip(kept, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.5))
