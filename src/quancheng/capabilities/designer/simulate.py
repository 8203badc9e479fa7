"""演示数据: one draft under way with a scenario, by the author of the demo (模拟)."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.designer import actions, queries
from quancheng.capabilities.designer.models import MatterDraft
from quancheng.capabilities.designer.values import SAMPLES
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

__all__ = ["seed"]
MATTER = "disability-card"


def seed(city: Any, random: Any) -> str:
    """A draft based on a matter in force, once; nothing while there is no author."""
    if MatterDraft.objects.exists():
        return "-"
    author = people.officials(Actor.system("designer"), "designer.author").order_by("pk").first()
    if author is None:
        return "没有事项设计人员 no author"
    call = Call(people.user_actor(author), at=clock.now())
    number, made = queries.running_content(call.actor, MATTER)
    if number is None:
        return "没有事项 no matter"
    try:
        draft = actions.begin_draft(
            call, content_=made, base_version=number, note=Text("演示草稿（模拟）", "Demo draft").zh
        )
    except NotFound:
        return "没有机构 no department"
    actions.keep_scenario(
        call.with_key(None), draft=draft, name="本市老人撤回（模拟）", sample=SAMPLES[0].to_json(),
        answers=_answers(draft), steps=[{"do": "message", "name": "withdraw"}], start=clock.today().isoformat(),
    )  # fmt: skip
    return "1份事项草稿、1个场景"


def _answers(draft: MatterDraft) -> dict[str, Any]:
    """Plain answers to the open fields of a draft's form."""
    from quancheng.capabilities.designer.desk_publish import _fields

    plain = {"agree": True, "date": "2020-01-01", "number": 1, "phone": "19953100099", "region": "370102"}
    return {
        one.key: one.options[0].value if one.options else plain.get(one.kind.value, "模拟")
        for one in _fields(draft)
    }
