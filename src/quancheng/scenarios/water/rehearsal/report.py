"""演练报告: the drill's results as JSON and as lines to print; the same seed gives the same report."""

from __future__ import annotations

from typing import Any

from quancheng.scenarios.water.rehearsal.outcome import Outcome, clock_time

GAPS_SHOWN = 12


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """The whole report; ``lines`` is the text for a terminal or printer."""
    return {
        "exercise": outcome.exercise,
        "passed": outcome.passed,
        "checks": [
            {"zh": check.zh, "en": check.en, "shown": check.shown, "holds": check.holds}
            for check in outcome.checks
        ],
        "rain_mm": outcome.rain,
        "first_alarms": outcome.first_alarms,
        "data": outcome.ledger.to_dict(),
        "missing": outcome.missing,
        "warnings": [_warning(each) for each in outcome.warnings],
        "steps": [_step(step) for step in outcome.steps],
        "durations_minutes": outcome.durations,
        "totals": outcome.totals,
        "lines": lines(outcome),
    }


def lines(outcome: Outcome) -> list[str]:
    """Readable report, Chinese and English."""
    return [
        f"“7·18”演练报告 Drill report  编号 code {outcome.exercise}  种子 seed {outcome.seed}  故障 faults {outcome.faults:.0%}",
        "数据均为模拟重放 All data are a simulated replay.",
        "",
        *_check_lines(outcome),
        "",
        *_data_lines(outcome),
        "",
        "首次达到预警标准(市政府站) First crossings at city hall: "
        + ("  ".join(f"{colour} {at}" for colour, at in outcome.first_alarms.items()) or "—"),
        *[_warning_line(each) for each in outcome.warnings],
        "",
        "经过 Course:",
        *[f"  {clock_time(step.get('at'))}  {_words(step)}" for step in outcome.steps if not _routine(step)],
        "",
        "用时(分钟) Durations (min): "
        + "  ".join(f"{name} {_number(value)}" for name, value in sorted(outcome.durations.items())),
        f"结论 Verdict: {'通过 passed' if outcome.passed else '未通过 FAILED'}",
    ]


def _check_lines(outcome: Outcome) -> list[str]:
    return [
        f"  [{'✓' if check.holds else '✗'}] {check.zh} {check.en}: {check.shown}" for check in outcome.checks
    ]


def _data_lines(outcome: Outcome) -> list[str]:
    data = outcome.ledger.to_dict()
    channel = data["channel"]
    rejected = "、".join(f"{reason} {count}" for reason, count in data["rejected"].items()) or "0"
    gaps = sum(len(slots) for slots in outcome.missing.values())
    told = [
        f"报文 Frames: 发送 sent {data['sent']}  丢失 lost {channel['lost']}  迟到 late {channel['late']}"
        f"  损坏 corrupt {channel['corrupt']}",
        f"      接收 accepted {data['accepted']}(其中迟到 late {data['accepted_late']})  拒收 rejected {rejected}",
        f"缺测 Missing: {gaps} 个时次 slots, {len(outcome.missing)} 站 stations",
    ]
    worst = sorted(outcome.missing.items(), key=lambda item: (-len(item[1]), item[0]))[:GAPS_SHOWN]
    told += [f"      {station}: {' '.join(slots)}" for station, slots in worst]
    if len(outcome.missing) > GAPS_SHOWN:
        told.append(
            f"      …其余 {len(outcome.missing) - GAPS_SHOWN} 站见报告JSON the rest is in the JSON report"
        )
    return told


def _warning(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "colour": data["colour"],
        "msg_type": data["msg_type"],
        "headline": data.get("headline", {}),
        "published_at": clock_time(data.get("published_at")),
        "crossed_at": clock_time(data.get("crossed_at")),
        "districts": data.get("districts", []),
    }


def _warning_line(data: dict[str, Any]) -> str:
    told = _warning(data)
    return (
        f"预警 Warning {told['published_at']}: {told['headline'].get('zh', '')} {told['headline'].get('en', '')}"
        f" [{told['msg_type']}]  影响 districts {len(told['districts'])}"
    )


def _step(step: dict[str, Any]) -> dict[str, Any]:
    kept = ("at", "verb", "actor", "text", "minutes")
    return {name: step[name] for name in kept if name in step}


def _words(step: dict[str, Any]) -> str:
    text = step["text"]
    return f"{text['zh']} {text['en']} ({step['actor']})"


def _routine(step: dict[str, Any]) -> bool:
    """Repeated reports and arrivals are in the JSON, not in the printed course."""
    return step.get("verb") in {"report", "merge_report", "arrive", "accept", "note"}


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"
