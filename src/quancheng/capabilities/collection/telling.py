"""通知: who is told what, by the message centre. Called inside actions."""

from __future__ import annotations

from quancheng.capabilities.collection.models import Feed, Run
from quancheng.capabilities.messages import actions as messages
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel.actions import Call

__all__ = ["failed", "held", "late", "rejected", "tripped"]

OFFICER, BUREAU = "collection.officer", "collection.bureau"


def _recipients(feed: Feed, *, bureau: bool) -> list[int]:
    """Officers of the source's organ, the owner, and the data bureau where it has to act."""
    system = Call.system("collection").actor
    found = list(
        people.officials(system, OFFICER, department_code=feed.organ.code).values_list("pk", flat=True)
    )
    if bureau:
        found += people.officials(system, BUREAU).values_list("pk", flat=True)
    if feed.owner_id:
        found.append(feed.owner_id)
    return list(dict.fromkeys(found))


def _tell(
    call: Call, feed: Feed, title: Text, body: Text, *, source: str, link: str, bureau: bool = False
) -> None:
    system = Call.system("collection", simulated=feed.simulated)
    for user in _recipients(feed, bureau=bureau):
        messages.send_message(
            system, user_id=user, title=title, body=body, source=source, link=link, simulated=feed.simulated
        )


def held(call: Call, run: Run, feed: Feed) -> None:
    """A run waits for a decision."""
    title = Text(f"归集待处理：{feed.zh}", f"Collection waits: {feed.text.en}")
    first = Text.of(run.holds[0]["text"])
    _tell(
        call, feed, title, first, source=f"collection:held:{run.pk}:{run.stage}", link=run.get_absolute_url()
    )


def failed(call: Call, run: Run, feed: Feed) -> None:
    """A delivery was refused as a whole."""
    title = Text(f"归集失败：{feed.zh}", f"Collection failed: {feed.text.en}")
    _tell(
        call,
        feed,
        title,
        Text.of(run.failure["text"]),
        source=f"collection:failed:{run.pk}",
        link=run.get_absolute_url(),
    )


def rejected(call: Call, run: Run, feed: Feed, reason: str) -> None:
    """A held run was sent back."""
    title = Text(f"归集已退回：{feed.zh}", f"Delivery rejected: {feed.text.en}")
    _tell(
        call,
        feed,
        title,
        Text(reason, reason),
        source=f"collection:rejected:{run.pk}",
        link=run.get_absolute_url(),
    )


def tripped(call: Call, run: Run, feed: Feed) -> None:
    """The circuit opened."""
    title = Text(f"归集已熔断：{feed.zh}", f"Circuit open: {feed.text.en}")
    body = Text(
        f"连续失败 {feed.failures} 次，已停止自动重试；请核对来源后恢复。",
        f"It failed {feed.failures} times in a row and is not tried any more; check the source, then resume.",
    )
    _tell(
        call,
        feed,
        title,
        body,
        source=f"collection:tripped:{run.pk}",
        link=feed.get_absolute_url(),
        bureau=True,
    )


def late(call: Call, feed: Feed, *, silent: bool) -> None:
    """Nothing came in the agreed time."""
    word = Text("断报", "silent") if silent else Text("迟报", "late")
    title = Text(f"数据{word.zh}：{feed.zh}", f"Feed {word.en}: {feed.text.en}")
    body = Text(
        "约定时限内没有收到新数据，请尽快报送。", "Nothing arrived in the agreed time; please deliver."
    )
    since = (feed.last_success_at or feed.active_since or feed.created_at).isoformat()
    name = f"collection:late:{feed.code}:{word.en}:{since}"
    _tell(call, feed, title, body, source=name[:120], link=feed.get_absolute_url(), bureau=silent)
