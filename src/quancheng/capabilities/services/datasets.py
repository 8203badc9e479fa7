"""数据集 of services: matters, and cases without what the forms say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from quancheng.capabilities.services.models import Case, Matter
from quancheng.core.tabular import Column, Dataset, Kind, Typed
from quancheng.kernel import clock


def matters(since: datetime | None) -> Iterator[Mapping[str, Typed]]:
    """事项."""
    for one in Matter.objects.order_by("code").iterator():
        yield {"code": one.code, "name": one.text.zh, "online": one.online, "enabled": one.enabled}


def cases(since: datetime | None) -> Iterator[Mapping[str, Typed]]:
    """办件: what was asked, where it stands, how long it took; the form stays with the office."""
    names = (
        "receipt", "matter__code", "applicant_name", "department__code", "region_code", "state", "channel",
        "submitted_at", "decided_at", "licence_number", "rating",
    )  # fmt: skip
    for row in Case.objects.order_by("receipt").values_list(*names).iterator(chunk_size=2000):
        facts: dict[str, Typed] = dict(zip([name.split("__")[0] for name in names], row, strict=True))
        for name in ("submitted_at", "decided_at"):
            moment = facts[name]
            facts[name] = moment.astimezone(clock.LOCAL) if isinstance(moment, datetime) else None
        yield facts


def _column(name: str, kind: Kind, zh: str, en: str, *, personal: bool = False) -> Column:
    return Column(name=name, kind=kind, zh=zh, en=en, level=3 if personal else 1, personal=personal)


DATASETS = (
    Dataset(
        name="matters", zh="政务服务事项", en="Matters", owner="jn-approval", key=("code",), rows=matters,
        columns=(
            _column("code", Kind.TEXT, "事项代码", "Code"), _column("name", Kind.TEXT, "事项名称", "Name"),
            _column("online", Kind.BOOLEAN, "可网办", "Online"), _column("enabled", Kind.BOOLEAN, "启用", "Enabled"),
        ),
    ),
    Dataset(
        name="cases", zh="政务服务办件", en="Cases", owner="jn-approval", key=("receipt",), rows=cases, simulated=True,
        columns=(
            _column("receipt", Kind.TEXT, "受理编号", "Receipt"), _column("matter", Kind.TEXT, "事项代码", "Matter"),
            _column("applicant_name", Kind.TEXT, "申请主体", "Applicant", personal=True),
            _column("department", Kind.TEXT, "办理机构", "Department"), _column("region_code", Kind.TEXT, "区划", "Region"),
            _column("state", Kind.TEXT, "状态", "State"), _column("channel", Kind.TEXT, "申请渠道", "Channel"),
            _column("submitted_at", Kind.DATETIME, "提交时间", "Submitted"), _column("decided_at", Kind.DATETIME, "决定时间", "Decided"),
            _column("licence_number", Kind.TEXT, "证号", "Licence"), _column("rating", Kind.INTEGER, "评价", "Rating"),
        ),
    ),
)  # fmt: skip
