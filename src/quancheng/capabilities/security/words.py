"""词汇: purposes of certificates, reasons of revocation, for people."""

from __future__ import annotations

from quancheng.core.pki import PkiError, Purpose, RevocationReason
from quancheng.core.text import Text

__all__ = ["PURPOSES", "REASONS", "STAYS", "told"]

PURPOSES = {
    Purpose.ROOT: Text("根证书机构", "Root authority"),
    Purpose.ISSUING: Text("签发证书机构", "Issuing authority"),
    Purpose.DEPARTMENT: Text("部门签名", "Signing of a department"),
    Purpose.DEVICE: Text("设备", "Device"),
    Purpose.STAMPING: Text("时间戳", "Time stamps"),
    Purpose.SEAL: Text("电子印章", "Electronic seal"),
}
REASONS = {
    RevocationReason.UNSPECIFIED: Text("未说明", "Not said"),
    RevocationReason.KEY_COMPROMISE: Text("密钥泄露", "The key is compromised"),
    RevocationReason.CA_COMPROMISE: Text("机构密钥泄露", "The authority's key is compromised"),
    RevocationReason.AFFILIATION_CHANGED: Text("归属变更", "The holder belongs elsewhere now"),
    RevocationReason.SUPERSEDED: Text("已换新证书", "Replaced by another"),
    RevocationReason.CESSATION: Text("停止使用", "No longer used"),
    RevocationReason.PRIVILEGE_WITHDRAWN: Text("权限收回", "The right was withdrawn"),
}
STAYS = {
    "chain-log": Text(
        "存证日志的密钥写在每张回执和各盟城的信任策略里，不轮换；只在泄露时停用。",
        "The ledger's key stands in every receipt and in the policies of allied cities: it is not rotated,"
        " only ended when compromised.",
    ),
    "chain-witness": Text(
        "联署密钥写在各盟城的信任策略里，不轮换；只在泄露时停用，并以新名称重新加入。",
        "The witness's key stands in the policies of allied cities: it is not rotated; when compromised it is"
        " ended and the city joins anew under another name.",
    ),
}
"""Purposes whose key others have pinned: a new one would make what was proved before unprovable."""


def told(wrong: PkiError) -> Text:
    """What a refusal of the core says to people."""
    return Text(f"{wrong.text.zh}（{wrong.detail}）", f"{wrong.text.en} ({wrong.detail})")
