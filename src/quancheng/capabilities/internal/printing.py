"""版式文件: notices, official documents and meeting papers as PDF, with the organ's name and a drawn seal.

Nothing is fetched: WeasyPrint gets a fetcher that refuses every address.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from quancheng.capabilities.internal import sealing
from quancheng.capabilities.trust import queries as trust
from quancheng.kernel.press import pdf_of

__all__ = ["Printed", "chinese_date", "notice", "official", "sealed", "svg_seal"]

MAX_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Printed:
    """A document that is stored and sealed."""

    digest: str
    seal: dict[str, str]
    code: str
    of: str = ""
    """What it was printed from (version and number), so that nothing stale is accepted."""


def notice(
    *, title: str, organ: str, paragraphs: Sequence[str], rows: Sequence[tuple[str, str]], day: date,
    code: str, number: str,
) -> bytes:  # fmt: skip
    """A notice of the result pack."""
    context = {
        "title": title, "organ": organ, "paragraphs": paragraphs, "rows": rows, "day": chinese_date(day),
        "code": code, "number": number, "seal": svg_seal(organ),
    }  # fmt: skip
    return _pdf("internal/print/notice.html", context)


def official(
    *, organ: str, number: str, title: str, recipients: str, body: str, day: date, urgency: str, signer: str,
    upward: bool,
) -> bytes:  # fmt: skip
    """An official document laid out after GB/T 9704-2012 (红头, 发文字号, 成文日期, 印章)."""
    context = {
        "organ": organ, "number": number, "title": title, "recipients": recipients, "urgency": urgency,
        "paragraphs": [line for line in body.splitlines() if line.strip()], "day": chinese_date(day),
        "signer": signer, "upward": upward, "seal": svg_seal(organ),
    }  # fmt: skip
    return _pdf("internal/print/official.html", context)


def sealed(document: bytes, organ: str, at: datetime, *, code: str = "", of: str = "") -> Printed:
    """Store the bytes under their hash and seal them."""
    stamp = sealing.seal(document, organ, at)
    digest, _size = trust.store_blob([document], MAX_BYTES)
    return Printed(digest, stamp.to_dict(), code, of)


def chinese_date(day: date) -> str:
    """2026年6月1日, as documents write it."""
    return f"{day.year}年{day.month}月{day.day}日"


def svg_seal(name: str) -> list[dict[str, Any]]:
    """Places of the characters of a round seal: angle in degrees and offset on a circle of radius 46."""
    span = min(270.0, 30.0 * max(len(name) - 1, 1))
    step = span / max(len(name) - 1, 1)
    found = []
    for n, char in enumerate(name):
        angle = -span / 2 + n * step
        turn = math.radians(angle)
        found.append({
            "char": char, "angle": round(angle, 2),
            "x": round(60 + 46 * math.sin(turn), 2), "y": round(60 - 46 * math.cos(turn), 2),
        })  # fmt: skip
    return found


def _pdf(template: str, context: dict[str, Any]) -> bytes:
    with translation.override("zh-hans"):  # documents are Chinese, whoever presses the button
        html = render_to_string(template, context)
    return pdf_of(html)
