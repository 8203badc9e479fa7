"""数据集 of trust: licences, without what stands on their faces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from quancheng.capabilities.trust.models import Licence
from quancheng.core.tabular import Column, Dataset, Kind, Typed
from quancheng.kernel import clock


def licences(since: datetime | None) -> Iterator[Mapping[str, Typed]]:
    """证照: who holds which, from whom, until when."""
    names = (
        "number", "type__code", "holder_name", "person__id_number", "firm__uscc", "issued_by__code", "issued_at",
        "valid_from", "valid_to", "status",
    )  # fmt: skip
    for row in Licence.objects.order_by("number").values_list(*names).iterator(chunk_size=2000):
        facts: dict[str, Typed] = dict(zip(names, row, strict=True))
        issued = facts["issued_at"]
        yield {
            "number": facts["number"], "type": facts["type__code"], "holder": facts["holder_name"],
            "id_number": facts["person__id_number"], "uscc": facts["firm__uscc"], "issued_by": facts["issued_by__code"],
            "issued_at": issued.astimezone(clock.LOCAL) if isinstance(issued, datetime) else None,
            "valid_from": facts["valid_from"], "valid_to": facts["valid_to"], "status": facts["status"],
        }  # fmt: skip


def _column(name: str, kind: Kind, zh: str, en: str, *, personal: bool = False) -> Column:
    return Column(name=name, kind=kind, zh=zh, en=en, level=3 if personal else 1, personal=personal)


DATASETS = (
    Dataset(
        name="licences", zh="电子证照", en="Licences", owner="jn-approval", key=("number",), rows=licences, simulated=True,
        columns=(
            _column("number", Kind.TEXT, "证号", "Number"), _column("type", Kind.TEXT, "证照类型", "Type"),
            _column("holder", Kind.TEXT, "持证主体", "Holder", personal=True),
            _column("id_number", Kind.RESIDENT_ID, "持证人身份号码", "Holder's resident number", personal=True),
            _column("uscc", Kind.USCC, "持证法人代码", "Holder's credit code"),
            _column("issued_by", Kind.TEXT, "签发机构", "Issuer"), _column("issued_at", Kind.DATETIME, "签发时间", "Issued"),
            _column("valid_from", Kind.DATE, "有效期起", "Valid from"), _column("valid_to", Kind.DATE, "有效期至", "Valid to"),
            _column("status", Kind.TEXT, "状态", "Status"),
        ),
    ),
)  # fmt: skip
