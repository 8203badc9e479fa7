"""The camera 拍照: makes a clean page look photographed or badly scanned; seeded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["PHOTO", "POOR", "SCAN", "Conditions", "jpeg", "photographed"]

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a picture is taken; each figure is the largest deviation."""

    tilt: float = 0.0
    """Degrees."""
    perspective: float = 0.0
    """Part of the side by which corners move."""
    shadow: float = 0.0
    """Part of the light taken away at the darkest place."""
    contrast: float = 0.0
    noise: float = 0.0
    """Standard deviation of the sensor's noise, in steps of 255."""
    blur: float = 0.0
    """Sigma of the focus error in pixels."""
    warmth: float = 0.0
    quality: int = 92
    """JPEG quality."""
    margin: float = 0.0
    """Table visible around the page, part of the side."""


SCAN = Conditions(tilt=0.6, noise=2, quality=90)
PHOTO = Conditions(3.5, 0.018, 0.30, 0.15, 5, 0.7, 0.10, 80, 0.06)
POOR = Conditions(7.0, 0.035, 0.45, 0.35, 9, 1.1, 0.16, 62, 0.08)


def photographed(page: Pixels, random: Random, how: Conditions) -> Pixels:
    """A page (blue green red) as a picture taken under ``how``."""
    noise = np.random.default_rng(random.randrange(2**31))
    picture = _placed(page, random, how).astype(np.float32)
    height, width = picture.shape[:2]
    if how.contrast:
        part = random.uniform(0.4, 1.0) * how.contrast
        picture = picture * (1 - part) + 128 * part * random.uniform(0.8, 1.2)
    if how.warmth:
        part = random.uniform(0.2, 1.0) * how.warmth
        picture *= np.array([1 - part, 1 - part * 0.3, 1.0], np.float32)
    if how.shadow:
        picture *= _shadow(height, width, random, how.shadow)[:, :, None]
    if how.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.0) * how.blur))
    if how.noise:
        picture = picture + noise.normal(0, how.noise, picture.shape).astype(np.float32)
    return _compressed(np.clip(picture, 0, 255).astype(np.uint8), how.quality)


def jpeg(picture: Pixels, quality: int = 90) -> bytes:
    """A picture as a JPEG file."""
    done, kept = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("this picture cannot be written as JPEG")
    return bytes(kept.tobytes())


def _placed(page: Pixels, random: Random, how: Conditions) -> Pixels:
    """The page on a table, seen from a little aside."""
    height, width = page.shape[:2]
    pad = round(max(height, width) * how.margin)
    size = (width + 2 * pad, height + 2 * pad)
    turn = math.radians(random.uniform(-how.tilt, how.tilt))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    centred = corners - [width / 2, height / 2]
    spin = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]], np.float32)
    shrink = 1 - abs(math.sin(turn)) * (0.5 if pad else 0.0)
    shift = [
        [random.uniform(-1, 1) * how.perspective * width, random.uniform(-1, 1) * how.perspective * height]
        for _ in range(4)
    ]
    target = (centred @ spin) * shrink + np.array(shift, np.float32) + [size[0] / 2, size[1] / 2]
    matrix = cv2.getPerspectiveTransform(corners, target.astype(np.float32))
    table = tuple(random.randrange(70, 150) for _ in range(3)) if pad else (245, 245, 245)
    placed = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_CUBIC, borderValue=table)
    return np.asarray(placed, np.uint8)


def _shadow(height: int, width: int, random: Random, depth: float) -> NDArray[np.float32]:
    """Light falling off across the page, with one soft edge of a hand's shadow."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = random.uniform(0, 2 * math.pi)
    across = (x / width - 0.5) * math.cos(turn) + (y / height - 0.5) * math.sin(turn)
    soft = 1 / (1 + np.exp(-(across - random.uniform(-0.1, 0.35)) * random.uniform(6, 18)))
    light = 1 - depth * random.uniform(0.4, 1.0) * soft
    return np.asarray(light, np.float32)


def _compressed(picture: Pixels, quality: int) -> Pixels:
    return np.asarray(
        cv2.imdecode(np.frombuffer(jpeg(picture, quality), np.uint8), cv2.IMREAD_COLOR), np.uint8
    )
