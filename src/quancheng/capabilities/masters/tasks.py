"""Background work of masters: builds asked for, themes of the day."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.masters import actions, running
from quancheng.capabilities.masters.models import Theme
from quancheng.core.linkage import LinkageError
from quancheng.core.text import Text
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import QuanchengError


@jobs.job("masters.build", max_attempts=5, lease_seconds=300)
def build(handle: jobs.JobHandle, build: int) -> dict[str, Any]:
    """构建: reads sources, links, writes golden records, judges homes."""

    def tell(fraction: float, text: Text) -> None:
        handle.check()
        handle.progress(fraction, text)

    try:
        return running.run(build, tell)
    except LinkageError as fault:
        raise jobs.GiveUp(fault.text) from fault


@jobs.every("masters.themes", cron="20 4 * * *")
@jobs.job("masters.themes")
def themes(handle: Any = None) -> dict[str, int]:
    """每日刷新: themes that are refreshed daily; one that fails does not hold the others back."""
    done = failed = 0
    for one in Theme.objects.filter(active=True, refresh=Theme.Refresh.DAILY):
        try:
            actions.refresh_theme(Call.system("masters"), theme=one)
            done += 1
        except QuanchengError as fault:
            failed += 1
            if handle is not None:
                handle.log(f"{one.code}: {fault.detail.zh}")
    return {"done": done, "failed": failed}


@jobs.job("masters.theme")
def theme(handle: jobs.JobHandle, theme: int) -> dict[str, int]:
    """刷新一个主题库 after its base changed."""
    found = Theme.objects.get(pk=theme)
    return (
        {"rows": actions.refresh_theme(Call.system("masters"), theme=found).rows}
        if found.active
        else {"rows": 0}
    )
