"""Red ink 印泥: where it is on a picture, and the picture without it."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture", "as_bgr", "balanced", "ink_of_seal", "red_mask", "without_seal"]

Picture: TypeAlias = NDArray[np.uint8]
"""Height × width × 3, blue green red, as OpenCV keeps it; masks are height × width."""

_PAPER_PERCENTILE = 85
_RED_HUES = ((0, 12), (160, 180))
"""OpenCV hues (0…180) of vermilion and of red under cold light."""
_LEAST_SATURATION, _LEAST_VALUE, _LEAST_EXCESS = 48, 60, 22


def as_bgr(picture: NDArray[np.uint8]) -> Picture:
    """The picture with three channels. Raises ValueError unless it is an 8-bit picture."""
    if picture.dtype != np.uint8 or picture.ndim not in {2, 3} or 0 in picture.shape:
        raise ValueError("a picture is a non-empty array of uint8, height × width [× channels]")
    if picture.ndim == 2:
        return np.repeat(picture[:, :, None], 3, axis=2).astype(np.uint8)
    if picture.shape[2] < 3:
        return np.repeat(picture[:, :, :1], 3, axis=2)
    return np.ascontiguousarray(picture[:, :, :3])


def balanced(picture: Picture) -> Picture:
    """White balance by the paper: the bright pixels become neutral (白平衡).

    A lamp's yellow tint would otherwise count as red, or take the seal's red away.
    """
    picture = as_bgr(picture)
    step = max(1, min(picture.shape[:2]) // 300)
    sample = picture[::step, ::step].reshape(-1, 3)
    level = sample.max(axis=1)
    paper = np.median(sample[level >= np.percentile(level, _PAPER_PERCENTILE)], axis=0)
    gain = np.clip(paper.max() / np.maximum(paper, 1.0), 1.0, 1.6)
    scaled: Picture = np.clip(picture * gain, 0, 255).astype(np.uint8)
    return scaled


def red_mask(picture: Picture) -> Picture:
    """255 where there is red ink, 0 elsewhere (HSV 阈值)."""
    picture = as_bgr(picture)
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    mask = np.zeros(picture.shape[:2], np.uint8)
    for low, high in _RED_HUES:
        lower = np.array([low, _LEAST_SATURATION, _LEAST_VALUE], np.uint8)
        upper = np.array([high, 255, 255], np.uint8)
        mask |= np.asarray(cv2.inRange(hsv, lower, upper), np.uint8)
    channels = picture.astype(np.int16)
    excess = channels[:, :, 2] - channels[:, :, :2].max(axis=2)
    mask[excess < _LEAST_EXCESS] = 0
    return mask


def ink_of_seal(picture: Picture) -> Picture:
    """Red ink as black on white, black print as almost white: what a reader of seals wants.

    Depth comes from the green channel and only permission from the colour: photographs keep colour
    at half the resolution, so redness alone would show characters as blocks.
    """
    channels = as_bgr(picture).astype(np.float32)
    blue, green, red = channels[:, :, 0], channels[:, :, 1], channels[:, :, 2]
    paper = max(float(np.percentile(green, 80)), 1.0)
    depth = np.clip(paper - green, 0, None)
    redness = cv2.GaussianBlur(red - (blue + green) / 2, (0, 0), 1.2)
    usual = max(float(np.percentile(redness, 97)), 12.0)
    allowed = cv2.dilate(np.clip(redness * 2.2 / usual - 0.25, 0, 1), np.ones((3, 3), np.uint8))
    found = depth * allowed
    top = max(float(np.percentile(found, 98.5)), 12.0)
    dark: Picture = (255 - np.clip(found * 255 / top, 0, 255)).astype(np.uint8)
    return dark


def without_seal(picture: Picture, where: Picture | None = None) -> Picture:
    """The picture with red ink made as bright as paper (红色通道法).

    In the red channel vermilion is nearly as bright as paper while black print stays black.
    ``where`` (a mask) limits that to the seals; elsewhere the picture stays as it is.
    """
    picture = as_bgr(picture)
    red = np.repeat(picture[:, :, 2:3], 3, axis=2)
    if where is None:
        return red
    return np.where(where[:, :, None] > 0, red, picture)
