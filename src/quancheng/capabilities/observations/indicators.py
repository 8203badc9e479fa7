"""Figures of the store 存储指标: mappings as ``capabilities.indicators`` reads them."""

from __future__ import annotations

import time
from typing import Any

from quancheng.capabilities.observations.config import log_folder
from quancheng.capabilities.observations.log_files import Position, numbers, path_of, writers
from quancheng.capabilities.observations.models import Damage
from quancheng.capabilities.observations.tail import sealed


def sealed_lag() -> dict[str, Any]:
    """Seconds since the oldest log file that holds unsealed rows was last written; 0 when all is sealed."""
    place, at = log_folder(), sealed()
    oldest = None
    for writer in writers(place):
        position = at.get(writer, Position())
        for number in numbers(place, writer):
            state = path_of(place, writer, number).stat()
            if number > position.file or (number == position.file and state.st_size > position.position):
                oldest = state.st_mtime if oldest is None else min(oldest, state.st_mtime)
    return {
        "value": 0 if oldest is None else max(0, round(time.time() - oldest)),
        "evidence": "/api/v1/observations/status",
        "note": {"zh": "最早未落湖日志距今秒数", "en": "Age of the oldest log that is not sealed"},
    }


def damages() -> dict[str, Any]:
    """Parts of the log that could not be read and were set aside."""
    return {
        "value": Damage.objects.count(),
        "evidence": "/api/v1/observations/status",
        "note": {"zh": "已隔离的日志损坏段", "en": "Damaged parts of the log that were set aside"},
    }
