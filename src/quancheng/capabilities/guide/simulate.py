"""演示数据: an agent and an editor, questions of the last days, some conversations, a correction to review."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from quancheng.capabilities.guide import actions, knowledge
from quancheng.capabilities.guide.models import Conversation, Inquiry
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

AGENT, EDITOR = "demo-guide-agent", "demo-guide-editor"
QUESTIONS = (
    "老年证怎么办理", "养狗要办证吗", "居住证多久能拿到", "想开个饺子馆", "怀孕了去哪登记", "大厅几点下班",
    "护照到期了怎么换", "密码忘了登录不上", "明天天气怎么样", "在哪查办理进度", "残疾证在哪评定", "夜里施工要审批吗",
    "能让我儿子替我办吗", "暖气不热找谁", "办好的证能邮寄吗", "工地晚上浇筑", "我要投诉窗口", "老人有什么优惠",
)  # fmt: skip
TALKS = (
    ("俺娘腿脚不好能上门办老年证不", "您好，可以的，社区登记后三个工作日内上门，我把指南发给您。", 5),
    ("居住证快到期了人在外地咋续", "网上就能续签，不用回来，打开“居住证”点办理。", 4),
    ("狗换主人了证怎么改", "原主人先注销，新主人重新登记，当天能办。", 5),
)
ROUNDS = 3


def seed(city: Any, random: Any) -> str:
    """Once; by the same actions as people."""
    if Conversation.objects.filter(simulated=True).exists():
        return "-"
    agent, editor = _account(AGENT, "模拟坐席"), _account(EDITOR, "模拟编辑")
    asked = sum(_ask(random, text, day) for day in range(1, ROUNDS + 1) for text in QUESTIONS)
    served = [_serve(agent, number, *talk) for number, talk in enumerate(TALKS, start=1)]
    corrected = _correct(agent, editor)
    return f"{asked}个提问 {len(served)}次人工会话 {corrected}条更正"


def _ask(random: Any, text: str, days: int) -> int:
    with clock.at(_moment(days, 9 + int(random.integers(8)), int(random.integers(60)))):
        call = Call(Actor(ActorKind.ANONYMOUS, simulated=True))
        said = actions.ask(call, text=text, conversation=None)
        inquiry = Inquiry.objects.filter(conversation=said.conversation).first()
        if inquiry is not None and float(random.random()) < 0.3:
            good = float(random.random()) < 0.9
            actions.judge_answer(call, conversation=said.conversation, inquiry=inquiry.pk, helpful=good)
    return 1


def _serve(agent: int, days: int, question: str, answer: str, score: int) -> Conversation:
    """Asked, taken over in time, answered, closed, rated."""
    start = _moment(days, 10, 5)
    officer, citizen = _agent(agent), Call(Actor(ActorKind.ANONYMOUS, simulated=True))
    with clock.at(start):
        actions.set_presence(Call(officer), available=True)
        held = actions.ask(Call(citizen.actor), text=question).conversation
        held = actions.ask_person(Call(citizen.actor), conversation=held)
    with clock.at(start + timedelta(seconds=20 + 9 * days)):
        held = actions.accept_conversation(Call(officer), conversation=held)
        actions.reply(Call(officer), conversation=held, text=answer)
    with clock.at(start + timedelta(minutes=4)):
        actions.close_conversation(Call(officer), conversation=held)
        held = actions.rate_conversation(Call(citizen.actor), conversation=held, score=score)
        actions.set_presence(Call(officer), available=False)
    return held


def _correct(agent: int, editor: int) -> int:
    """One correction waits for review, one was accepted."""
    made = 0
    reviewer = Actor(
        ActorKind.OFFICIAL, "模拟编辑", editor, grants=(RoleGrant("guide.editor"),), simulated=True
    )
    pairs = (("工地晚上浇筑", "night-construction"), ("老人有什么优惠", "senior-card"))
    for number, (text, right) in enumerate(pairs):
        inquiry = Inquiry.objects.filter(text=text, simulated=True).order_by("pk").first()
        if inquiry is None or right not in knowledge.index().entries:
            continue
        with clock.at(_moment(1, 16, number)):
            proposer = Actor(
                ActorKind.OFFICIAL, "模拟坐席", agent, grants=(RoleGrant("guide.editor"),), simulated=True
            )
            row = actions.propose_correction(Call(proposer), inquiry=inquiry, right=right, phrase=text)
            if number == 0:
                actions.review_correction(Call(reviewer), correction=row, accept=True)
        made += 1
    return made


def _agent(user: int) -> Actor:
    return Actor(ActorKind.OFFICIAL, "模拟坐席", user, grants=(RoleGrant("guide.agent"),), simulated=True)


def _moment(days: int, hour: int, minute: int) -> datetime:
    return datetime.combine(clock.today() - timedelta(days=days), time(hour, minute), clock.LOCAL)


def _account(username: str, name: str) -> int:
    user, made = get_user_model().objects.get_or_create(
        username=username,
        defaults={"kind": "service", "display_name": name, "simulated": True, "is_active": False},
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return int(user.pk)


__all__ = ["seed"]
