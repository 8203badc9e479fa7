"""Rules over streams: readings a CPU second of the kernels, beside the reference evaluator in the same run.

10,000 rules over 100,000 streams: 240 for a class (20 properties × 12 districts, every stream is in one
class) and 9,760 for single streams. Every third class has a window of an hour, the others thresholds
with three in a row. Readings come in batches of one second, one in two hundred late by a few minutes.
Both evaluators must find the same; the reference sees the first part only, it is slow.
"""

from __future__ import annotations

from typing import Any

from benchmarks.harness import benchmark, figure, spent

STREAMS, CLASSES, RULES = 100_000, 240, 10_000
BATCH, READINGS, REFERENCE_READINGS = 16_700, 1_002_000, 100_200
SECOND = 1_000_000
START = 1_780_000_000 * SECOND


@benchmark("watch-kernels", "10,000 rules over 100,000 streams: kernels and reference evaluator", "numpy")
def run(scale: float) -> None:
    """Compile, evaluate in batches, compare with the oracle."""
    from quancheng.core.watch import Engine, Reference

    rules = make_rules(max(1000, int(STREAMS * scale)))
    batches = make_batches(max(1000, int(STREAMS * scale)), max(BATCH, int(READINGS * scale)))
    with spent() as used:
        engine = Engine(rules)
    figure("watch_compile_10000_rules", used.cpu, "s")
    figures = evaluate(engine, batches)
    figure("watch_kernels", figures["readings"] / figures["cpu"], "readings/CPU s")
    figure("watch_kernels_firings", figures["firings"], "firings")
    part = batches[: max(1, int(REFERENCE_READINGS * scale) // BATCH)]
    oracle, found, readings = Reference(rules), 0, 0
    columns = [[column.tolist() for column in batch] for batch in part]
    with spent() as used:
        for stream, time, value in columns:
            readings += len(stream)
            found += sum(len(oracle.arrive(*row).firings) for row in zip(stream, time, value, strict=True))
    figure("watch_reference", readings / used.cpu, "readings/CPU s")
    again = evaluate(Engine(rules), part)
    if again["firings"] != found:
        raise RuntimeError(f"kernels fired {again['firings']} times, the oracle {found}")
    figure(
        "watch_kernels_over_reference", figures["readings"] / figures["cpu"] * used.cpu / readings, "times"
    )


def evaluate(engine: Any, batches: list[Any]) -> dict[str, float]:
    """All batches through an engine: readings, firings, CPU seconds."""
    firings = readings = 0
    with spent() as used:
        for batch in batches:
            firings += len(engine.process(*batch).firings)
            readings += len(batch[0])
    return {"firings": firings, "readings": readings, "cpu": used.cpu}


def make_rules(streams: int) -> list[Any]:
    """240 class rules and 9,760 of single streams."""
    from quancheng.core.watch import Kind, Rule, Spec

    window = Spec(kind=Kind.WINDOW, minutes=60, limit=22.5, clear=22.0, coverage=0.05)
    steady = Spec(kind=Kind.HYSTERESIS, limit=26.0, clear=24.0, consecutive=3)
    rules = [
        Rule(
            number + 1, window if number % 3 == 0 else steady, tuple(range(number + 1, streams + 1, CLASSES))
        )
        for number in range(CLASSES)
    ]
    single = Spec(kind=Kind.THRESHOLD, limit=35.0, clear=32.0)
    rules += [Rule(number + 1, single, (number % streams + 1,)) for number in range(CLASSES, RULES)]
    return rules


def make_batches(streams: int, readings: int) -> list[Any]:
    """Each stream reports in turn, about once a minute at the full size; values are noise around 20."""
    import numpy as np

    random = np.random.default_rng(4)
    batches = []
    for number in range(readings // BATCH):
        place = np.arange(number * BATCH, (number + 1) * BATCH)
        stream = place % streams + 1
        time = START + place * SECOND // BATCH * 10
        late = random.random(BATCH) < 0.005
        time[late] -= random.integers(60, 600, int(late.sum())) * SECOND
        batches.append((stream.astype(np.int64), time.astype(np.int64), random.normal(20, 6, BATCH)))
    return batches
