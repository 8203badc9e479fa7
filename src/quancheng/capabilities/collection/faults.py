"""What may go wrong among workers of collection."""

from __future__ import annotations

from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict


class MovedOn(Conflict):
    """Another worker or a person has moved the run on: whoever sees this stops, nothing is wrong."""

    code = "collection-run-moved-on"
    title = Text("运行已经进入别的阶段", "The run has moved on")
    todo = Text("请打开该次运行查看最新状态。", "Open the run to see where it stands now.")
