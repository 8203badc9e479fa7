"""Figures of the video platform 视频指标, as ``capabilities.indicators`` reads them."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.video import queries

EVIDENCE = "/work/video/coverage/"


def _share(part: str, whole: str, zh: str, en: str) -> dict[str, Any]:
    rows = queries.coverage()
    return {
        "numerator": sum(getattr(one, part) for one in rows),
        "denominator": sum(getattr(one, whole) for one in rows),
        "evidence": EVIDENCE,
        "note": {"zh": zh, "en": en},
    }


def networked_rate() -> dict[str, Any]:
    """视频联网率 of key public areas: joined cameras of those that should be there (plan: 100 %)."""
    return _share(
        "key_networked",
        "key_total",
        "重点公共区域已联网摄像机 ÷ 应联网（含规划）",
        "Joined ÷ due (planned included), key public areas",
    )


def online_rate() -> dict[str, Any]:
    """视频在线率: online of those joined."""
    return _share("online", "networked", "在线 ÷ 已联网", "Online ÷ joined")


def smart_rate() -> dict[str, Any]:
    """智能化占比: smart cameras of those joined (plan: 30,000 of 150,000)."""
    return _share("smart", "networked", "智能摄像机 ÷ 已联网", "Smart ÷ joined")


def joined() -> dict[str, Any]:
    """接入路数: cameras joined (plan: 150,000)."""
    return {
        "value": sum(one.networked for one in queries.coverage()),
        "evidence": EVIDENCE,
        "note": {
            "zh": "已联网摄像机，不含规划和已移除",
            "en": "Cameras joined, without planned and removed ones",
        },
    }
