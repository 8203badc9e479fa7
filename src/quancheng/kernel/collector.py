"""The garbage collector's habits 垃圾回收: looked at rarely, and never at what stays for ever.

Some two thousand modules and their models live as long as the process. CPython's default looks through
young objects after every 700 allocations and pulls the old ones along again and again: a seventh of
the CPU of a deed, of the tests and of ``quancheng setup``.
"""

from __future__ import annotations

import gc

THRESHOLDS = (50_000, 20, 50)


def look_rarely(*, keep: bool = False) -> None:
    """Set the thresholds; with ``keep``, leave everything that exists now alone for good."""
    gc.set_threshold(*THRESHOLDS)
    if keep:
        gc.collect()
        gc.freeze()
