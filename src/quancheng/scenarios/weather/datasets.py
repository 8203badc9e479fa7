"""数据集 of weather: warnings as they were published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from quancheng.core.tabular import Column, Dataset, Kind, Typed
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.scenarios.weather.models import Warning


def warnings(since: datetime | None) -> Iterator[Mapping[str, Typed]]:
    """预警: published ones of the real city, drills left out."""
    published = Warning.objects.filter(published_at__isnull=False, exercise="")
    for one in published.order_by("number").iterator():
        yield {
            "number": one.number, "event_type": one.event_type, "level": one.level, "msg_type": one.msg_type,
            "headline": Text.of(one.headline).zh, "effective": _local(one.effective), "expires": _local(one.expires),
            "published_at": _local(one.published_at),
        }  # fmt: skip


def _local(moment: datetime | None) -> datetime | None:
    return moment.astimezone(clock.LOCAL) if moment else None


def _column(name: str, kind: Kind, zh: str, en: str) -> Column:
    return Column(name=name, kind=kind, zh=zh, en=en)


DATASETS = (
    Dataset(
        name="warnings", zh="气象预警", en="Weather warnings", owner="jn-weather", key=("number",), rows=warnings,
        columns=(
            _column("number", Kind.TEXT, "编号", "Number"), _column("event_type", Kind.TEXT, "灾种", "Event"),
            _column("level", Kind.INTEGER, "级别", "Level"), _column("msg_type", Kind.TEXT, "消息类型", "Message type"),
            _column("headline", Kind.TEXT, "标题", "Headline"), _column("effective", Kind.DATETIME, "生效时间", "Effective"),
            _column("expires", Kind.DATETIME, "截止时间", "Expires"), _column("published_at", Kind.DATETIME, "发布时间", "Published"),
        ),
    ),
)  # fmt: skip
