"""证照版式: the printed page of a licence, an official document in Chinese. Layouts are ours (simplified)."""

from __future__ import annotations

import segno
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from quancheng.capabilities.trust.models import Licence
from quancheng.capabilities.trust.pdf_seal import seal_image
from quancheng.capabilities.trust.profiles import profile
from quancheng.capabilities.trust.queries import verification_url
from quancheng.capabilities.trust.values import facts

WORDS = {
    "number": "证号", "valid": "有效期", "until": "至", "ever": "长期", "issuer": "签发单位", "version": "版本",
    "scan": "扫码或在核验页上传本文件，可查真伪和最新状态", "basis": "依据",
    "note": "版式为本平台简化版式。电子印章覆盖全文，任何改动都可查出。", "simulated": "模拟数据，不具法律效力",
}  # fmt: skip


def qr_svg(text: str) -> SafeString:
    """A QR code as inline SVG, black on white, with its quiet zone."""
    drawn = segno.make(text, error="m").svg_inline(border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn by segno from our own address


def html_of(licence: Licence) -> str:
    """The page as it is printed: every item in full, the visible seal, the QR code of verification."""
    rules = profile(licence.type.code)
    rows = [(label.zh, value) for key, label, value, _sensitive in facts(licence) if not key.startswith("_")]
    with translation.override("zh-hans"):  # papers are Chinese, whoever asks for them
        return render_to_string(
            "trust/paper.html",
            {
                "licence": licence, "rows": rows, "rules": rules, "words": WORDS, "url": verification_url(licence),
                "qr": qr_svg(verification_url(licence)), "seal": seal_image(licence.issued_by.zh),
            },
        )  # fmt: skip
