"""规则监测: rules over streams of readings as data; a slow evaluator that is clear, kernels that are fast.

``Spec`` says what a rule asks, ``Rule`` of which streams. ``Engine`` evaluates batches of readings in
any cut; ``Reference`` one reading at a time, the oracle. Both give ``Found``: firings and endings of
episodes, each with its event time and readings. What late data does: :mod:`machine`.
"""

from quancheng.core.watch.engine import Engine
from quancheng.core.watch.found import Ending, Firing, Found
from quancheng.core.watch.reference import MEMORY, Reference
from quancheng.core.watch.spec import (
    BIGGEST,
    MINUTE,
    SECOND,
    Direction,
    Kind,
    Rule,
    Spec,
    Statistic,
    Step,
    bucket_minutes,
)
from quancheng.core.watch.track import Change

__all__ = [
    "BIGGEST",
    "MEMORY",
    "MINUTE",
    "SECOND",
    "Change",
    "Direction",
    "Ending",
    "Engine",
    "Firing",
    "Found",
    "Kind",
    "Reference",
    "Rule",
    "Spec",
    "Statistic",
    "Step",
    "bucket_minutes",
]
