"""Record linkage at city scale: two made-up registries of a million each, 700,000 people in both.

The lists are those of the tests (Chinese names, numbers mistyped in 5 % and missing in 10 %, a third of
the phones and a fifth of the homes changed). No labels are used; recall and precision come from the rows'
order, which the linkage does not see. Beside it, in the same run: joining by equal number alone.
"""

from __future__ import annotations

import resource

from benchmarks.harness import benchmark, figure, spent

SIZE, SEED = 1_000_000, 7


@benchmark(
    "linkage", "two registries of 1 M each: candidates, EM, one-to-one; recall, precision, CPU", "numpy"
)
def run(scale: float) -> None:
    """Make, link, judge."""
    import numpy as np
    from tests.core.linkage.registry import COMPARISONS, RULES, registries

    from quancheng.core.linkage import Frame, Thresholds, link

    size = max(1000, int(SIZE * scale))
    left, right, both = registries(size, SEED)
    known = {one: row for row, one in enumerate(left["id"])}
    simple = [(known[one], row) for row, one in enumerate(right["id"]) if one in known]
    figure("linkage_made_peak", _peak(), "MB")
    with spent() as used:
        frame = Frame.link(left, right)
        del left, right
        found, _ = link(
            frame, COMPARISONS, RULES, Thresholds(accept=0.95, review=0.5), np.random.default_rng(SEED)
        )
    one, other = found.rows(found.accepted)
    right_ones = int(((one == other) & (one < both)).sum())
    figure("linkage_cpu", used.cpu, "s")
    figure("linkage_wall", used.wall, "s")
    figure("linkage_peak", _peak(), "MB")
    figure("linkage_candidates", len(found.bits), "pairs")
    figure("linkage_recall", right_ones / both, "of true pairs")
    figure("linkage_precision", right_ones / max(1, len(one)), "of accepted pairs")
    figure("linkage_to_review", len(found.review) + len(found.unclear), "pairs")
    figure("linkage_by_number_alone_recall", sum(i == j < both for i, j in simple) / both, "of true pairs")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
