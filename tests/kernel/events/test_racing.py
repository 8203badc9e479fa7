"""竞争与中断: several processes, killed at the worst moment, still do everything once and in order."""

from __future__ import annotations

from collections import defaultdict

import pytest
from tests.kernel.drill.stage import Stage


def numbers(report: dict[str, object]) -> list[int]:
    return [number for _, _, number, _ in report["effects"]]  # type: ignore[attr-defined]


@pytest.mark.fault
@pytest.mark.slow
def test_two_dispatchers_race_while_two_processes_emit(stage: Stage) -> None:
    dispatchers = [stage.start("dispatch", 30, 300) for _ in range(2)]
    emitters = [stage.start("emit", 150, 7, seed) for seed in (1, 2)]
    assert [child.wait(90) for child in emitters] == [0, 0]
    assert [child.wait(90) for child in dispatchers] == [0, 0]
    report = stage.report()
    assert sorted(numbers(report)) == sorted(1_000_000 * seed + n for seed in (1, 2) for n in range(150))
    assert report["deliveries"] == {"done": 300}
    assert report["sequences"] == list(range(1, 301)), "no number is left out or given twice"
    order: dict[str, list[int]] = defaultdict(list)
    for _, subject, number, _ in report["effects"]:
        order[subject].append(number)
    assert all(seen == sorted(seen) for seen in order.values()), "each subject in its order"


@pytest.mark.fault
def test_a_crash_between_effect_and_mark_leaves_neither_or_both(stage: Stage) -> None:
    stage.run("emit", 5, 5, 1)
    (stage.home / "crash-in-handler").touch()
    assert stage.run("dispatch", 0.5, 5) == -9
    assert stage.report()["effects"] == [], "the effect went with the transaction"
    assert stage.run("dispatch", 0.5, 5) == 0
    report = stage.report()
    assert sorted(numbers(report)) == sorted({1_000_000 + n for n in range(5)})
    assert report["deliveries"] == {"done": 5}


@pytest.mark.fault
@pytest.mark.slow
def test_an_event_that_kills_its_worker_is_set_aside_and_the_others_pass(stage: Stage) -> None:
    stage.run("emit_one", "drill.killing")
    stage.run("emit", 3, 3, 1)
    codes = [stage.run("dispatch", 0.3, 3) for _ in range(4)]
    assert codes == [-9, -9, -9, 0]
    report = stage.report()
    assert report["deliveries"] == {"dead": 1, "done": 3}
    assert "3 workers" in report["errors"][0]
