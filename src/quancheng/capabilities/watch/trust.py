"""可信读数: which readings rules look at, by the quality flags that travel with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from quancheng.core.telemetry.reading import Quality

DISTRUSTED = (
    Quality.MISSING
    | Quality.SUSPECT
    | Quality.FAULT
    | Quality.CALIBRATION
    | Quality.MAINTENANCE
    | Quality.COMMUNICATION
    | Quality.STOPPED
    | Quality.STALE
)
"""Marks of values that were not measured properly; they still show that the device speaks (缺数 counts them)."""


def trusted(quality: npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
    """Whether rules look at readings with these flags."""
    clean: Any = (quality & np.uint16(int(DISTRUSTED))) == 0
    return np.asarray(clean, np.bool_)
