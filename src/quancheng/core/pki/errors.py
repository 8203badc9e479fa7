"""What can be wrong with certificates, time stamps, shares and seals."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["PkiError", "PkiReason"]


class PkiReason(StrEnum):
    """Kinds of faults; ``text`` says each to people."""

    FORM = "form"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    VALIDITY = "validity"
    ISSUER = "issuer"
    REVOKED = "revoked"
    STALE = "stale"
    PURPOSE = "purpose"
    CONTENT = "content"
    SHARES = "shares"

    @property
    def text(self) -> Text:
        """The fault in two languages."""
        return _TEXTS[self]


_TEXTS = {
    PkiReason.FORM: Text("数据格式不正确", "The data are not well formed"),
    PkiReason.ALGORITHM: Text("算法不受支持", "The algorithm is not supported"),
    PkiReason.SIGNATURE: Text(
        "签名不成立，内容可能被改动", "The signature does not hold; something was changed"
    ),
    PkiReason.VALIDITY: Text("不在有效期内", "Outside its time of validity"),
    PkiReason.ISSUER: Text("不是由受信任的机构签发", "Not issued by a trusted authority"),
    PkiReason.REVOKED: Text("证书已吊销", "The certificate is revoked"),
    PkiReason.STALE: Text("吊销列表已过期", "The revocation list is out of date"),
    PkiReason.PURPOSE: Text("证书不允许这一用途", "The certificate does not allow this purpose"),
    PkiReason.CONTENT: Text("与所核对的内容不符", "It does not fit what it is compared with"),
    PkiReason.SHARES: Text("密钥份额不足或有误", "Shares are missing or wrong"),
}


class PkiError(Exception):
    """A refusal: its kind, and in ``detail`` for the log what exactly was found."""

    def __init__(self, reason: PkiReason, detail: str) -> None:
        super().__init__(f"{reason.text.en}: {detail}")
        self.reason = reason
        self.detail = detail

    @property
    def text(self) -> Text:
        """What to tell people."""
        return self.reason.text
