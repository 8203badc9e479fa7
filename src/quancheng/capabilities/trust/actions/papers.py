"""纸质件: the sealed PDF of a licence, printed once and kept under its hash."""

from __future__ import annotations

from quancheng.capabilities.trust import blobs, paper
from quancheng.capabilities.trust.models import Licence
from quancheng.capabilities.trust.pdf_seal import seal_pdf
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict
from quancheng.kernel.press import pdf_of

MAX_BYTES = 8_000_000


@action("trust.licence.print", idempotent=False)
def print_paper(call: Call, *, licence: Licence) -> Licence:
    """打印盖章 once; the same paper comes again later. Raises Forbidden, Conflict (not good), Unavailable."""
    access.require(call.actor, "print", licence)
    if not licence.good:
        raise Conflict(
            Text("证照现在无效，不能打印。", "The licence is not valid now and cannot be printed.")
        )
    if licence.paper and blobs.path_of(licence.paper).is_file():
        return licence
    sealed = seal_pdf(pdf_of(paper.html_of(licence)), licence.issued_by.zh, reason=licence.number)
    licence.paper, _size = blobs.put([sealed], MAX_BYTES)
    licence.save(update_fields=["paper"])
    audit.note(number=licence.number, sha256=licence.paper)
    return licence
