"""结果包: one file with everything the departments gave: a sealed cover sheet and all documents.

The cover lists every item, its result, number and verification code. It is printed once for each
end of a bundle; the bytes lie under their hash.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from quancheng.capabilities.messages import actions as messages
from quancheng.capabilities.onething.bundling import applicant_of
from quancheng.capabilities.onething.models import Bundle, BundleItem
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust import actions as trust
from quancheng.capabilities.trust import queries as blobs
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound
from quancheng.kernel.press import pdf_of

__all__ = ["cover_html", "keep_pack", "unprinted"]

MAX_BYTES = 60_000_000
LEAD = "jn-data"


@action("onething.pack.keep", idempotent=False)
def keep_pack(call: Call, *, bundle: Bundle) -> Bundle:
    """制作结果包 and tell the applicant; system only. Raises Forbidden, Unavailable (no press here)."""
    access.require(call.actor, "pack", bundle)
    raw = _zip(bundle)
    bundle.pack_digest, bundle.pack_size = blobs.store_blob([raw], MAX_BYTES)
    bundle.packed_at = call.at
    bundle.save(update_fields=["pack_digest", "pack_size", "packed_at"])
    audit.note(receipt=bundle.receipt, sha256=bundle.pack_digest, size=bundle.pack_size)
    name = bundle.theme.text
    messages.send_message(
        call.with_key(None),
        title=Text("一件事结果包已备好", "Your result pack is ready"),
        body=Text(
            f"“{name.zh}”各项都有结果了，点开下载结果包。",
            f"Every item of “{name.en}” has its result; open to download the pack.",
        ),
        source=f"onething:{bundle.pk}:pack:{bundle.pack_round}", user_id=bundle.user_id, kind="notice",
        link=f"/onethings/b/{bundle.receipt}/", simulated=bundle.simulated,
    )  # fmt: skip
    return bundle


def unprinted(bundle: Bundle) -> int:
    """Documents of the bundle's cases that are still at the press."""
    cases = [one.case for one in bundle.items.select_related("case") if one.case is not None]
    return sum(case.documents.filter(digest="").count() for case in cases)


def _zip(bundle: Bundle) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as target:
        office = people.department(LEAD).text.zh
        _put(
            target,
            bundle,
            "00-结果清单.pdf",
            trust.seal_pdf(pdf_of(cover_html(bundle)), office, reason=bundle.receipt or ""),
        )
        for row in bundle.items.select_related("case"):
            documents = row.case.documents.exclude(digest="").order_by("made_at") if row.case else []
            for number, one in enumerate(documents, start=1):
                name = f"{row.position:02d}-{row.text.zh}/{number}-{one.kind_text.zh}.pdf"
                _put(target, bundle, name, blobs.blob_path(one.digest).read_bytes())
    return kept.getvalue()


def _put(target: zipfile.ZipFile, bundle: Bundle, name: str, raw: bytes) -> None:
    at = (bundle.finished_at or clock.now()).astimezone(clock.LOCAL)
    entry = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    target.writestr(entry, raw)


def cover_html(bundle: Bundle) -> str:
    """The cover sheet as it is printed."""
    office = people.department(LEAD).text.zh
    applicant = applicant_of(bundle)
    rows = [_row(applicant, one) for one in bundle.items.select_related("case__department")]
    with translation.override("zh-hans"):  # documents are Chinese, whoever asks for them
        return render_to_string(
            "onething/pack.html",
            {
                "bundle": bundle, "name": bundle.theme.text, "rows": rows, "office": office,
                "consents": bundle.consents.order_by("at"), "seal": trust.seal_image(office),
                "on": (bundle.finished_at or clock.now()).astimezone(clock.LOCAL).date(), "words": WORDS,
            },
        )  # fmt: skip


WORDS = {"simulated": "本结果包含模拟数据", "seal": "电子印章由泉城平台签发，可在核验页查验"}


def _row(applicant: Actor, row: BundleItem) -> dict[str, Any]:
    licence, cards = None, []
    if number := row.result.get("licence"):
        try:
            licence = blobs.licence(applicant, number)
            cards = blobs.card_rows(licence, reveal=True)
        except NotFound:
            licence = None
    return {
        "item": row, "case": row.case, "licence": licence, "cards": cards, "number": row.given_number,
        "url": blobs.verification_url(licence) if licence else "", "office": row.case.department.text if row.case else None,
    }  # fmt: skip
