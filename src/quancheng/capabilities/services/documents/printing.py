"""Printing and sealing: HTML by template, PDF by WeasyPrint, the office's electronic seal by trust."""

from __future__ import annotations

from django.template.loader import render_to_string

from quancheng.capabilities.services.documents.wording import NOTES, day, wording
from quancheng.capabilities.services.models import CaseDocument
from quancheng.capabilities.trust import actions as trust
from quancheng.capabilities.trust import queries as blobs
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.press import pdf_of

MAX_BYTES = 8_000_000


def html_of(document: CaseDocument) -> str:
    """The page as it is printed."""
    said = wording(document.kind, document.content)
    office = document.content["office"]["zh"]
    return render_to_string(
        "services/documents/document.html",
        {
            "document": document, "content": document.content, "said": said, "office": office,
            "on": day(document.content["on"]), "seal": trust.seal_image(office),
            "notes": NOTES,
        },
    )  # fmt: skip


@action("services.document.print", idempotent=False)
def print_document(call: Call, *, document: CaseDocument) -> CaseDocument:
    """Print and seal a drawn document once; a sealed one stays as it is. Raises Unavailable."""
    access.require(call.actor, "print", document)
    if document.digest:
        return document
    sealed = trust.seal_pdf(
        pdf_of(html_of(document)), document.content["office"]["zh"], reason=document.number
    )
    document.digest, document.size = blobs.store_blob([sealed], MAX_BYTES)
    document.sealed_at = clock.now()
    document.save(update_fields=["digest", "size", "sealed_at"])
    audit.note(number=document.number, sha256=document.digest)
    return document
