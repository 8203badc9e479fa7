"""What can go wrong with the audit itself."""

from __future__ import annotations

from quancheng.core.text import Text
from quancheng.kernel.errors import Unavailable


class AppendOnly(RuntimeError):
    """A programming fault: an audit table was to be changed, or written around ``record``."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"{label} 只能由 audit.record 追加，不能修改或删除。"
            f" {label} is append-only: written by audit.record, never changed or deleted."
        )


class AuditBroken(Unavailable):
    """The chain does not hold together, so nothing is signed; run ``quancheng audit verify``."""

    code = "audit-broken"
    title = Text("审计链已被破坏", "The audit chain is broken")
    todo = Text(
        "请立即运行 quancheng audit verify 查明位置，并保全数据库与检查点文件。",
        "Run quancheng audit verify at once and preserve the database and checkpoint files.",
    )
