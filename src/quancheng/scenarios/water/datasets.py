"""数据集 of water: places known to fill with water."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from quancheng.core.tabular import Column, Dataset, Kind, Typed
from quancheng.scenarios.water.models import FloodPoint


def flood_points(since: datetime | None) -> Iterator[Mapping[str, Typed]]:
    """易涝点."""
    for one in FloodPoint.objects.order_by("code").iterator():
        yield {
            "code": one.code, "name": one.zh, "kind": one.kind, "lon": Decimal(f"{one.lon:.6f}"), "lat": Decimal(f"{one.lat:.6f}"),
            "region": one.region, "department": one.department, "closes_at_cm": one.closes_at_cm,
        }  # fmt: skip


def _column(name: str, kind: Kind, zh: str, en: str) -> Column:
    return Column(name=name, kind=kind, zh=zh, en=en)


DATASETS = (
    Dataset(
        name="flood_points", zh="城市易涝点", en="Flood points", owner="jn-water", key=("code",), rows=flood_points, simulated=True,
        columns=(
            _column("code", Kind.TEXT, "编号", "Code"), _column("name", Kind.TEXT, "名称", "Name"),
            _column("kind", Kind.TEXT, "类型", "Kind"), _column("lon", Kind.DECIMAL, "经度", "Longitude"),
            _column("lat", Kind.DECIMAL, "纬度", "Latitude"), _column("region", Kind.TEXT, "区划", "Region"),
            _column("department", Kind.TEXT, "责任单位", "Department"), _column("closes_at_cm", Kind.INTEGER, "封闭水深（厘米）", "Closes at (cm)"),
        ),
    ),
)  # fmt: skip
