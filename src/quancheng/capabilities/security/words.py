"""词汇: purposes of certificates, reasons of revocation, for people."""

from __future__ import annotations

from quancheng.core.pki import PkiError, Purpose, RevocationReason
from quancheng.core.text import Text

__all__ = ["PURPOSES", "REASONS", "told"]

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


def told(wrong: PkiError) -> Text:
    """What a refusal of the core says to people."""
    return Text(f"{wrong.text.zh}（{wrong.detail}）", f"{wrong.text.en} ({wrong.detail})")
