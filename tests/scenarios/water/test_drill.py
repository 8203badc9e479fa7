"""The headless drill: exits 0, shows all it must with five per cent of frames disturbed, says the same twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SEED, FAULTS = "718", "0.05"


def start(report: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "quancheng.cli", "drill", "flood-2007", "--headless"]
    options = ["--seed", SEED, "--faults", FAULTS, "--report", str(report)]
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str, dict[str, Any], str]]:
    """Exit code, printed report, JSON report and messages of two runs with one seed."""
    folder = tmp_path_factory.mktemp("drill")
    runs = [(start(folder / f"{name}.json"), folder / f"{name}.json") for name in ("first", "second")]
    found = []
    for process, report in runs:
        printed, said = process.communicate(timeout=900)
        body = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
        found.append((process.returncode, printed, body, said))
    return found


pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("drill")]


def test_it_passes(twice: list[tuple[int, str, dict[str, Any], str]]) -> None:
    code, printed, body, said = twice[0]
    failed = [check["en"] for check in body.get("checks", []) if not check["holds"]]
    assert code == 0, (failed, said[-2000:])
    assert failed == []
    assert "Verdict: 通过 passed" in printed


def test_the_same_seed_prints_the_same_report(twice: list[tuple[int, str, dict[str, Any], str]]) -> None:
    assert twice[0][1] == twice[1][1]
    assert twice[0][2] == twice[1][2]


def test_nothing_corrupt_is_accepted_and_every_gap_is_named(
    twice: list[tuple[int, str, dict[str, Any], str]],
) -> None:
    data = twice[0][2]["data"]
    channel = data["channel"]
    assert channel["corrupt"] > 100
    assert channel["lost"] > 100
    assert channel["late"] > 100
    assert data["corrupt_accepted"] == data["good_rejected"] == 0
    assert data["accepted_late"] == channel["late"]
    gaps = sum(len(slots) for slots in twice[0][2]["missing"].values())
    assert gaps == channel["lost"] + channel["corrupt"]


def test_the_storm_is_warned_of_answered_and_closed(
    twice: list[tuple[int, str, dict[str, Any], str]],
) -> None:
    body = twice[0][2]
    kinds = [warning["msg_type"] for warning in body["warnings"]]
    assert kinds[0] == "alert"
    assert kinds[-1] == "cancel"
    assert body["totals"]["tasks"] == body["totals"]["closed"] > 10
    assert body["totals"]["open"] == 0
    assert body["rain_mm"]["sent_1h"] == "151.0"
