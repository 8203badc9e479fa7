"""防汛提供的算法: the worst rain of each duration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from quancheng.capabilities.models.values import Algorithm, Refused
from quancheng.core.hydrology import Hyetograph
from quancheng.core.text import Text


def maxima(amounts: Sequence[float], step_minutes: int, durations: Sequence[int]) -> Mapping[str, Any]:
    """历时最大雨量: for each duration (minutes) the largest sum (mm) over any window of the series."""
    if wrong := [one for one in durations if one % step_minutes]:
        raise Refused.of(
            "durations",
            f"{wrong[0]} 不是步长 {step_minutes} 分钟的整数倍",
            f"{wrong[0]} is no multiple of the step of {step_minutes} minutes",
        )
    rain = tuple(Decimal(str(one)) for one in amounts)
    series = Hyetograph(datetime(2000, 1, 1, tzinfo=UTC), timedelta(minutes=step_minutes), rain)
    found = {str(one): float(series.maximum(timedelta(minutes=one))) for one in durations}
    return {"maxima": found, "total": float(series.total)}


ALGORITHMS = (
    Algorithm(
        id="rain-maxima",
        title=Text("历时最大雨量", "Worst rain of each duration"),
        summary=Text(
            "由等时段雨量求各历时的最大雨量（毫米）和总量。",
            "From rain in equal steps the largest sum (mm) over each duration, and the total.",
        ),
        inputs={
            "amounts": {
                "type": "array", "minItems": 1, "maxItems": 10_000,
                "items": {"type": "number", "minimum": 0, "maximum": 1000},
            },
            "step_minutes": {"type": "integer", "minimum": 1, "maximum": 1440},
            "durations": {
                "type": "array", "minItems": 1, "maxItems": 20,
                "items": {"type": "integer", "minimum": 1, "maximum": 43_200},
            },
        },
        outputs={"maxima": {"type": "object"}, "total": {"type": "number"}},
        function=maxima,
        public=True,
    ),
)  # fmt: skip
