"""数据集 of things: the register of stations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from quancheng.capabilities.things.models import Station
from quancheng.core.tabular import Column, Dataset, Kind, Typed


def stations(since: datetime | None) -> Iterator[Mapping[str, Typed]]:
    """站点: devices at places, with their owners."""
    names = (
        "code",
        "zh",
        "kind",
        "lon",
        "lat",
        "region",
        "department",
        "protocol",
        "status",
        "installed_on",
        "maker",
    )
    for row in Station.objects.order_by("code").values_list(*names).iterator(chunk_size=2000):
        facts: dict[str, Typed] = {
            name: value if value != "" else None for name, value in zip(names, row, strict=True)
        }
        facts["name"] = facts.pop("zh")
        for name in ("lon", "lat"):
            facts[name] = Decimal(f"{facts[name]:.6f}")
        yield facts


def _column(name: str, kind: Kind, zh: str, en: str) -> Column:
    return Column(name=name, kind=kind, zh=zh, en=en)


DATASETS = (
    Dataset(
        name="stations", zh="物联感知站点", en="Stations", owner="jn-data", key=("code",), rows=stations, simulated=True,
        columns=(
            _column("code", Kind.TEXT, "站码", "Code"), _column("name", Kind.TEXT, "名称", "Name"),
            _column("kind", Kind.TEXT, "类别", "Kind"), _column("lon", Kind.DECIMAL, "经度", "Longitude"),
            _column("lat", Kind.DECIMAL, "纬度", "Latitude"), _column("region", Kind.TEXT, "区划代码", "Region"),
            _column("department", Kind.TEXT, "管理单位", "Department"), _column("protocol", Kind.TEXT, "规约", "Protocol"),
            _column("status", Kind.TEXT, "状态", "Status"), _column("installed_on", Kind.DATE, "安装日期", "Installed"),
            _column("maker", Kind.TEXT, "厂商", "Maker"),
        ),
    ),
)  # fmt: skip
