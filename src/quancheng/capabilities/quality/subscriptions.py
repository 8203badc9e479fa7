"""What quality hears: tables that change; and what it tells people of orders, disputes and rules."""

from __future__ import annotations

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.messages.actions import send_message
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.quality import actions, queries
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound
from quancheng.kernel.events import Event

MOST = 50
_CLOSED = {
    "passed": Text("复核通过", "the re-check passed"),
    "withdrawn": Text("已撤销", "it was withdrawn"),
    "accepted": Text("按现状接受", "it was accepted as it is"),
}


@events.subscribe("tables.changed", "quality.note_change")
def hear_change(event: Event) -> None:
    """数据变更后待检: several changes within moments become one check; a catalogued table comes under watch."""
    table, call = str(event.data["table"]), Call.system("quality")
    if not queries.known(table) and catalogue.entry_of_table(table) is not None:
        actions.watch_table(call, table_id=table)
        return
    actions.note_change(call, table_id=table)


def officers(organ: str) -> list[int]:
    """Quality officers of an organ and of what is below it (单位数据质量专员)."""
    try:
        found = people.officials(Actor.system("quality"), "quality.officer", department_code=organ)
    except NotFound:
        return []
    return list(found.order_by("pk").values_list("pk", flat=True)[:MOST])


def managers(region: str, *, without: int | None = None) -> list[int]:
    """Those who manage quality in a region (质量管理员): the district's and the city's."""
    found = []
    for user in people.officials(Actor.system("quality"), "quality.bureau").order_by("pk")[:200]:
        prefixes = [
            one.region_prefix for one in people.user_actor(user).grants if one.role == "quality.bureau"
        ]
        if user.pk != without and any(prefix and region.startswith(prefix) for prefix in prefixes):
            found.append(user.pk)
    return found[:MOST]


def _send(event: Event, users: list[int], title: Text, body: Text, source: str) -> None:
    for user in users:
        send_message(
            Call.system("messages", key=f"{event.id}:{user}"),
            title=title,
            body=body,
            source=source[:120],
            user_id=user,
            link=str(event.data["link"]),
            simulated=bool(event.data.get("simulated")),
        )


@events.subscribe("quality.issue.*", "quality.tell_issue")
def tell_issue(event: Event) -> None:
    """问题通知: the organ of a new, returned or late order, the bureau of a dispute, the asker of the end."""
    data = event.data
    what, state, number = event.type.rsplit(".", 1)[-1], str(data["state"]), str(data["number"])
    sheet, title = Text.of(data["sheet"]), Text.of(data["title"])
    body = Text(
        f"“{sheet.zh}”：{title.zh}，{data['left']}行。", f"“{sheet.en}”: {title.en}, {data['left']} rows."
    )
    organ, region = str(data["organ"]), str(data["region"])
    source = f"quality:{number}:{what}:{state}:{data['note'] if what == 'overdue' else event.id}"
    if what == "ordered":
        words = Text(f"整改工单{number}待办理", f"Repair order {number} waits for you")
        _send(event, officers(organ), words, body, source)
    elif what == "overdue":
        words = Text(f"整改工单{number}已逾期", f"Repair order {number} is overdue")
        users = officers(organ) if str(data["note"]) == "1" else managers(region)
        _send(event, users, words, body, source)
    elif state == "failed_again":
        words = Text(f"整改工单{number}复核未通过", f"Repair order {number} failed its re-check")
        _send(event, officers(organ), words, body, source)
    elif state == "disputed":
        words = Text(f"整改工单{number}有异议，待裁定", f"Repair order {number} is disputed; please decide")
        _send(event, managers(region), words, body, source)
    elif state in _CLOSED:
        _tell_end(event, number, state, body, source)


def _tell_end(event: Event, number: str, state: str, body: Text, source: str) -> None:
    end = _CLOSED[state]
    words = Text(f"{number}{end.zh}", f"{number}: {end.en}")
    asker = event.data.get("raised_by_id")
    users = officers(str(event.data["organ"])) + ([int(asker)] if asker else [])
    _send(event, list(dict.fromkeys(users)), words, body, source)


@events.subscribe("quality.rule.submitted", "quality.tell_rule")
def tell_rule(event: Event) -> None:
    """规则待审批通知: to those who may approve it, not to its author."""
    data = event.data
    name, sheet = Text.of(data["name"]), Text.of(data["sheet"])
    author = data.get("by_id")
    _send(
        event,
        managers(str(data["region"]), without=int(author) if author else None),
        Text(f"质量规则待审批：{name.zh}", f"A rule waits for approval: {name.en}"),
        Text(f"“{sheet.zh}”，{data['by']}提交。", f"“{sheet.en}”, submitted by {data['by']}."),
        f"quality:rule:{data['rule']}:{event.id}",
    )
