"""演示数据: gates of four scenes, a printed code of the old lady, a phone and a few rides of the young mother."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from quancheng.capabilities.code import actions, queries
from quancheng.capabilities.code.models import Card, Device, Scan, Verifier
from quancheng.capabilities.people import queries as people
from quancheng.core import citycode
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

GATES = (
    ("metro-3-longdong-a", "龙洞站A口闸机（模拟）", "gate", "metro", "jn-transport"),
    ("bus-k59-0717", "K59路0717车（模拟）", "gate", "bus", "jn-transport"),
    ("park-daming-east", "大明湖东门（模拟）", "gate", "park", "jn-gardens"),
    ("library-city-hall", "市图书馆大厅（模拟）", "gate", "library", "jn-culture"),
    ("hall-lixia-civil", "历下区民政局窗口（模拟）", "counter", "counter", "jn-lixia-civil"),
)


def seed(city: Any, random: Any) -> str:
    """Register the gates; give two citizens a code and a history."""
    call = Call.system("code", simulated=True)
    made = sum(_gate(call, *row) for row in GATES)
    users = {
        user.demo_key: user for user in get_user_model().objects.exclude(demo_key=None).exclude(person=None)
    }
    elder, young = users.get("citizen-elder"), users.get("citizen-young")
    if elder is not None and not Card.objects.filter(person_id=elder.person_id).exists():
        actions.print_card(Call(people.user_actor(elder)))
    scans = _history(young, random) if young is not None else 0
    for day in queries.days_to_settle(clock.now()):
        actions.settle_day(call, day=day)
    return f"{made}个验码点,{scans}条扫码记录"


def _gate(call: Call, code: str, name: str, kind: str, scene: str, department: str) -> int:
    if Verifier.objects.filter(code=code).exists():
        return 0
    actions.register_verifier(
        call,
        code=code,
        name=name,
        kind=kind,
        scene_code=scene,
        department_id=people.department(department).pk,
    )
    return 1


def _history(user: Any, random: Any) -> int:
    """A phone that was replaced since, and yesterday's uses of it, as gates would have sent them."""
    if Device.objects.filter(person_id=user.person_id).exists():
        return 0
    yesterday = clock.now() - timedelta(days=1)
    actor = people.user_actor(user)
    phone = MemoryKey.generate(Algorithm.ES256)
    call = Call(actor, at=yesterday)
    device = actions.enrol_device(call, public=to_jwk(phone.public), label="旧手机（模拟）")
    batch = actions.renew_batch(call, device=device)
    tokens = {scene.code: token for scene, token, _until in batch.tokens}
    uses = (
        ("metro-3-longdong-a", 5),
        ("library-city-hall", 40),
        ("park-daming-east", 95),
        ("bus-k59-0717", 130),
    )
    for code, minutes in uses:
        gate = Verifier.objects.get(code=code)
        _upload(gate, phone, tokens[gate.scene], yesterday + timedelta(minutes=minutes), random)
    actions.remove_device(Call(actor), device=device)
    return Scan.objects.filter(person_id=user.person_id).count()


def _upload(gate: Verifier, phone: MemoryKey, token: bytes, at: datetime, random: Any) -> None:
    moment = int(at.timestamp())
    text = citycode.present(token, phone, now=moment, nonce=random.bytes(8))
    scans = [{"token": text, "at": moment, "scene": gate.scene, "verdict": "ok"}]
    key = hashlib.sha256(text.encode()).hexdigest()[:40]
    call = Call.system("code", simulated=True)
    kept = actions.take_scans(call, verifier=gate, key=key, scans=scans, sent_at=call.at)
    actions.read_upload(call, upload=kept)
