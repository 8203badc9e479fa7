"""公文用语: what each kind of document says, from the values it was drawn with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

__all__ = ["NOTES", "Wording", "day", "wording"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Title and paragraphs of a document, Chinese first as the law asks (文书内容)."""

    title: str
    paragraphs: tuple[str, ...]
    english: str


NOTES = {
    "seal": "本文书加盖电子印章，任何阅读器可验证签名；文号",
    "simulated": "模拟数据，不具法律效力。Simulated, without legal effect.",
}
"""Small print, in the language of the document whatever the reader's is."""


def day(text: str) -> str:
    """``2026-11-22`` as 2026年11月22日; empty for nothing."""
    if not text:
        return ""
    value = date.fromisoformat(text)
    return f"{value.year}年{value.month}月{value.day}日"


def wording(kind: str, content: Mapping[str, Any]) -> Wording:
    """The words of a document kind (``DocumentKind`` values). Raises KeyError for an unknown kind."""
    return _KINDS[kind](content)


def _head(content: Mapping[str, Any]) -> str:
    return f"你（单位）于{day(content['submitted'])}提出的“{content['matter']['zh']}”申请（受理编号 {content['receipt']}）"


def _acceptance(content: Mapping[str, Any]) -> Wording:
    limit = f"本机关承诺自受理之日起{content['promised']}个工作日内作出决定"
    until = f"，即不迟于{day(content['due'])}" if content["due"] else ""
    return Wording(
        "受理通知书",
        (f"{_head(content)}，经审查，属于本机关职权范围，材料齐全，决定予以受理。", f"{limit}{until}。"),
        f"Notice of acceptance: your application for “{content['matter']['en']}” was accepted.",
    )


def _correction(content: Mapping[str, Any]) -> Wording:
    return Wording(
        "补正材料告知书",
        (
            f"{_head(content)}，需要补正以下内容：",
            str(content.get("reason", "")),
            f"请于{day(content.get('correct_by', ''))}前补正。补正期间不计入办理时限；逾期未补正的，视为撤回申请，可以重新申请。",
        ),
        "Notice of correction: please correct what is named above in time; the clock stands still meanwhile.",
    )


def _approval(content: Mapping[str, Any]) -> Wording:
    basis = "、".join(one["zh"] for one in content["basis"])
    lines = [f"{_head(content)}，经审查符合规定条件。依据{basis}，决定准予。"]
    if content.get("licence"):
        lines.append(f"颁发“{content['result']['zh']}”，证号 {content['licence']}，已存入电子证照库。")
    if opinion := content["decision"].get("opinion"):
        lines.append(f"审批意见：{opinion}")
    return Wording("准予决定书", tuple(lines), f"Decision: “{content['matter']['en']}” is approved.")


def _refusal(content: Mapping[str, Any]) -> Wording:
    decision = content["decision"]
    return Wording(
        "不予办理决定书",
        (
            f"{_head(content)}，经审查，存在以下情形：{decision['ground_text']['zh']}。",
            f"事实和理由：{decision['reason']}",
            f"依据{decision['basis']['zh']}，决定不予办理。",
            decision["appeal"]["zh"],
        ),
        f"Decision: “{content['matter']['en']}” is refused. {decision['appeal']['en']}",
    )


def _review(content: Mapping[str, Any]) -> Wording:
    upheld = content["decision"].get("review") == "uphold"
    result = "维持原决定" if upheld else "撤销原决定，恢复办理"
    lines = (
        f"{_head(content)}，你对本机关的决定提出异议。经复核，决定{result}。",
        str(content.get("reason", "")),
    )
    return Wording(
        "复核决定书", lines, "Decision on review: " + ("upheld." if upheld else "reopened; the case goes on.")
    )


_KINDS = {
    "acceptance": _acceptance, "correction": _correction, "approval": _approval,
    "refusal": _refusal, "review": _review,
}  # fmt: skip
