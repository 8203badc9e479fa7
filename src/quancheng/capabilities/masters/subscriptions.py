"""What masters hear: tables that changed, masters that were built."""

from __future__ import annotations

from quancheng.capabilities.masters import actions
from quancheng.capabilities.masters.models import Source, Theme
from quancheng.kernel import events, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.events import Event


@events.subscribe("tables.changed", "masters.tables")
def of_tables(event: Event) -> None:
    """数据表已变化: masters that read it are built with what changed, themes over it are refreshed."""
    table, version = str(event.data["table"]), int(event.data["version"])
    if Source.objects.filter(table_id=table, active=True).exists():
        actions.mark_stale(Call.system("masters", key=event.id), table=table, version=version)
    _refresh(table, event.id)


@events.subscribe("masters.built", "masters.themes")
def of_builds(event: Event) -> None:
    """基础库已构建: themes over it that follow changes."""
    _refresh(f"master:{event.data['master']}", event.id)


def _refresh(base: str, event: str) -> None:
    for one in Theme.objects.filter(active=True, refresh=Theme.Refresh.CHANGE, base=base):
        jobs.enqueue("masters.theme", {"theme": one.pk}, key=f"masters-theme-{one.pk}-{event}")
