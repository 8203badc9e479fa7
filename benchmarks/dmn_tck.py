"""The DMN TCK as a benchmark: cases passed, and how many a CPU second reads, compiles and answers."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.harness import benchmark, figure, spent

_ROOT = Path(__file__).resolve().parents[1]


@benchmark("dmn-tck", "DMN TCK level 2 and 3: cases passed, CPU", "outside cases dmn-tck (QUANCHENG_CASES)")
def run(scale: float) -> None:
    """All folders, read from XML each time: once cold, then ``3 × scale`` times with FEEL texts read before."""
    from tests.core.feel.dmn import tck

    cases = Path(os.environ.get("QUANCHENG_CASES") or _ROOT.parent / "shared" / "cases")
    root = cases / "dmn-tck" / "TestCases"
    if not root.is_dir():
        print(f"没有外部用例。 The outside cases are not here: {root}")
        return
    times = max(1, round(3 * scale))
    with spent() as cold:
        results = tck.run_all(root)
    with spent() as warm:
        for _ in range(times):
            tck.run_all(root)
    for level in tck.LEVELS:
        of_level = [result for result in results if result.level == level]
        figure(f"{level}_folders", len({result.folder for result in of_level}), "folders")
        figure(f"{level}_passed", sum(result.passed for result in of_level), "cases")
        figure(f"{level}_run", len(of_level), "cases")
    for name, cpu in (("cold", cold.cpu), ("warm", warm.cpu / times)):
        figure(f"dmn_tck_{name}_cpu", cpu, "s")
        figure(f"dmn_tck_{name}_cases_per_cpu_s", len(results) / cpu, "cases/CPU-s")
    for result in results:
        if not result.passed:
            print(f"failed {result.key}: expected {result.expected}, got {result.actual}")
