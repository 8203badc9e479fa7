"""通知: what security officers are told by the message centre. Called inside actions."""

from __future__ import annotations

from quancheng.capabilities.messages import actions as messages
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.security.models import Key, KeyChange
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

__all__ = ["change_asked", "ending", "late"]

OFFICER = "security.officer"


def change_asked(call: Call, row: KeyChange) -> None:
    """A change of a key waits: the others are asked, not the one who asked."""
    title = Text("密钥变更待您复核", "A change of a key waits for you")
    body = Text(f"{row.key.purpose}：{row.reason}", f"{row.key.purpose}: {row.reason}")
    _tell(title, body, f"security.change.{row.pk}", f"/sec/keys/{row.key.kid}/", but=row.asked_by)


def ending(call: Call, key: Key) -> None:
    """A key that people have to renew comes to its end."""
    title = Text("密钥即将到期，须由人更换", "A key ends soon and people have to renew it")
    day = key.sign_until.astimezone(clock.LOCAL).date().isoformat()
    body = Text(f"{key.purpose}，签名期限{day}", f"{key.purpose} signs until {day}")
    _tell(title, body, f"security.ending.{key.kid}", f"/sec/keys/{key.kid}/")


def late(call: Call, what: Text) -> None:
    """A backup or a drill is late; once a day."""
    title = Text(f"{what.zh}已超期", f"The {what.en} is late")
    body = Text("请在服务器上运行并查看结果。", "Run it on the server and look at the result.")
    _tell(title, body, f"security.late.{what.en}.{call.at:%Y%m%d}", "/sec/backups/")


def _tell(title: Text, body: Text, source: str, link: str, *, but: int = 0) -> None:
    system = Call.system("security")
    for user in people.officials(system.actor, OFFICER).exclude(pk=but).values_list("pk", flat=True):
        messages.send_message(system, user_id=user, title=title, body=body, source=source, link=link)
