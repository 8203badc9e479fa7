"""演示数据: a word of welcome to each demo identity."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from quancheng.capabilities.messages.actions import send_message
from quancheng.core.text import Text
from quancheng.kernel.actions import Call

TITLE = Text("欢迎使用泉城", "Welcome to Quancheng")
BODY = Text(
    "这是演示环境，所有人和事都是模拟的。办件的进展会出现在这里。",
    "This is a demonstration; all people and cases are simulated. Progress of cases appears here.",
)


def seed(city: Any, random: Any) -> str:
    """Once for each identity."""
    call, made = Call.system("messages", simulated=True), 0
    for user in get_user_model().objects.exclude(demo_key=None).order_by("pk"):
        person = user.person_id
        send_message(
            call,
            title=TITLE,
            body=BODY,
            source="welcome",
            person_id=person,
            user_id=None if person else user.pk,
        )
        made += 1
    return f"{made}条消息"
