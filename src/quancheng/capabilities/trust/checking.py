"""上传核验: whether the seal of an uploaded paper holds, what was changed, whether the licence is still good.

Each answer says what was really checked. A paper whose seal does not hold tells nothing about any licence.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from quancheng.capabilities.security import queries as security
from quancheng.capabilities.trust import blobs, ofd, queries
from quancheng.capabilities.trust.models import Licence
from quancheng.capabilities.trust.pdf_seal import authority
from quancheng.core.pki import PkiError, PkiReason
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput

__all__ = ["Checked", "Finding", "check"]

SEALS = 5
"""Seals looked at: more on one paper are somebody's play."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, and its tone: ok, warn or bad."""

    text: Text
    kind: str


@dataclass(frozen=True, slots=True)
class Checked:
    """核验结果 of one file."""

    kind: str
    """pdf or ofd."""
    holds: bool
    """Every seal holds, by somebody this city trusts, and nothing was changed or added."""
    findings: tuple[Finding, ...]
    signer: str = ""
    sealed_at: datetime | None = None
    licence: Licence | None = None
    verdict: queries.Verdict | None = None
    pages: tuple[str, ...] = ()


def check(actor: Actor, raw: bytes) -> Checked:
    """Check a file by its first bytes. Raises InvalidInput (neither PDF nor OFD)."""
    if raw[:1024].lstrip().startswith(b"%PDF-"):
        return _pdf(actor, raw)
    if raw.startswith(b"PK\x03\x04"):
        return _ofd(raw)
    neither = Text("请上传 PDF 或 OFD 文件。", "Upload a PDF or an OFD file.")
    raise InvalidInput(neither, fields={"file": neither})


# -- PDF ------------------------------------------------------------------------------------
def _pdf(actor: Actor, raw: bytes) -> Checked:
    try:
        seals = _seals(raw)
    except _BROKEN:
        text = Text(
            "文件损坏或不是规范的 PDF，无法核验。",
            "The file is broken or no proper PDF; nothing was checked.",
        )
        return Checked("pdf", False, (Finding(text, "bad"),))
    if not seals:
        text = Text(
            "这份 PDF 没有电子印章，无法证明出处。",
            "This PDF has no electronic seal; nothing proves its origin.",
        )
        return Checked("pdf", False, (Finding(text, "warn"),))
    findings = [one for status, reason in seals for one in _said(status, reason, raw)]
    holds = all(_holds(status) for status, _reason in seals)
    status, number = seals[0]
    found = _licence(actor, number) if holds else None
    verdict = queries.verify(actor, found.code) if found is not None else None
    if found is not None and found.state.value == "replaced":
        text = Text("这是换发前的旧版本。", "This is the version before it was replaced.")
        findings.append(Finding(text, "warn"))
    signer = str(status.signing_cert.subject.native.get("common_name", ""))
    return Checked(
        "pdf", holds, tuple(findings), signer, status.signer_reported_dt, found, verdict,
    )  # fmt: skip


def _seals(raw: bytes) -> list[tuple[Any, str]]:
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    root = x509.Certificate.load(authority().public_bytes(Encoding.DER))
    reader = PdfFileReader(io.BytesIO(raw))
    found = []
    for seal in list(reader.embedded_signatures)[:SEALS]:
        known = ValidationContext(trust_roots=[root], allow_fetching=False, moment=clock.now())
        status = validate_pdf_signature(seal, signer_validation_context=known)
        found.append((status, str(seal.sig_object.get("/Reason", ""))))
    return found


def _broken() -> tuple[type[Exception], ...]:
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.general import SigningError

    odd = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, NotImplementedError)
    return (PdfError, SigningError, *odd)


_BROKEN = _broken()
"""What a library says of files made to be read badly."""


def _holds(status: Any) -> bool:
    return bool(status.intact and status.valid and status.trusted) and not _added(status)


def _added(status: Any) -> bool:
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    return not whole or status.modification_level not in {None, ModificationLevel.NONE}


def _said(status: Any, number: str, raw: bytes) -> list[Finding]:
    if not (status.intact and status.valid):
        text = Text(
            "印章不成立：盖章后的内容被改动，请勿采信。",
            "The seal does not hold: the content was changed after sealing. Do not rely on it.",
        )
        return [Finding(text, "bad"), *_difference(number, raw)]
    rows = [Finding(Text("盖章内容没有被改动。", "What was sealed is unchanged."), "ok")]
    if not status.trusted:
        text = Text(
            "盖章人的证书不是本市签发，不能证明身份。",
            "The sealer's certificate is not one of this city; it proves nobody.",
        )
        rows.append(Finding(text, "bad"))
    if _added(status):
        text = Text(
            "盖章之后又追加了内容（批注、覆盖或新页），追加部分没有印章保护。",
            "Something was added after sealing (notes, overlays or pages); the seal does not cover it.",
        )
        rows.append(Finding(text, "bad"))
    return rows


def _difference(number: str, raw: bytes) -> list[Finding]:
    kept = Licence.objects.filter(number=number[:40]).values_list("paper", flat=True).first()
    if not kept or not blobs.path_of(kept).is_file():
        return []
    ours = blobs.path_of(kept).read_bytes()
    changed = sum(a != b for a, b in zip(ours, raw, strict=False)) + abs(len(ours) - len(raw))
    text = Text(
        f"与签发的原件相比，有{changed}个字节不同。",
        f"{changed} bytes differ from the paper that was sealed.",
    )
    return [Finding(text, "bad")]


def _licence(actor: Actor, number: str) -> Licence | None:
    rows = access.visible(actor, Licence, verb="verify").select_related("type", "issued_by")
    return rows.filter(number=number[:40]).first()  # type: ignore[no-any-return]


# -- OFD ------------------------------------------------------------------------------------
def _ofd(raw: bytes) -> Checked:
    try:
        found = ofd.read(raw)
    except ofd.OfdFault as fault:
        return Checked("ofd", False, (Finding(fault.text, "bad"),))
    if not found.signatures:
        text = Text(
            "这份 OFD 没有电子印章，只读出了文字，无法证明出处。",
            "This OFD has no electronic seal; only its text was read, nothing proves its origin.",
        )
        return Checked("ofd", False, (Finding(text, "warn"),), pages=found.pages)
    rows: list[Finding] = []
    signer, at, good = "", None, True
    for one in found.signatures:
        more, sealed = _sealing(one)
        rows += more
        good = good and sealed is not None
        if sealed is not None:
            signer, at = sealed.seal.name, sealed.at
    if found.uncovered:
        text = Text(
            f"有{len(found.uncovered)}页不在印章保护范围内。",
            f"{len(found.uncovered)} pages are not covered by any seal.",
        )
        rows.append(Finding(text, "bad"))
    good = good and not found.uncovered and all(one.kind == "ok" for one in rows)
    return Checked("ofd", good, tuple(rows), signer, at, pages=found.pages)


def _sealing(one: ofd.OfdSignature) -> tuple[list[Finding], Any]:
    if one.changed:
        names = "、".join(one.changed[:5])
        text = Text(f"盖章后被改动：{names}。", f"Changed after sealing: {names}.")
        return [Finding(text, "bad")], None
    rows = [
        Finding(Text(f"印章覆盖的{len(one.covered)}个部分摘要一致。", f"The digests of {len(one.covered)} sealed parts agree."), "ok")
    ]  # fmt: skip
    if one.unknown:
        text = Text(
            f"有{len(one.unknown)}个部分的摘要算法不被接受，没有核对。",
            f"{len(one.unknown)} parts use a digest that is not accepted; they were not checked.",
        )
        rows.append(Finding(text, "bad"))
    try:
        sealed = security.verify_seal(one.value, one.signed)
    except PkiError as refused:
        kind = "warn" if refused.reason is PkiReason.ISSUER else "bad"
        text = Text(
            f"印章签名未通过：{refused.text.zh}。",
            f"The seal's signature was not accepted: {refused.text.en}.",
        )
        rows.append(Finding(text, kind))
        return rows, None
    rows.append(
        Finding(Text("国密印章（GB/T 38540）签名成立。", "The seal's signature (GB/T 38540) holds."), "ok")
    )
    return rows, sealed
