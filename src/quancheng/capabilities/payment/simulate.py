"""演示数据: the simulated bank as a channel, and some orders in all states (模拟)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.contrib.auth import get_user_model

from quancheng.capabilities.payment import actions
from quancheng.capabilities.payment.bank_component import KEY, MERCHANT, NAME, bank_key_file, port
from quancheng.capabilities.payment.models import Channel, PaymentOrder
from quancheng.capabilities.payment.values import Charge
from quancheng.capabilities.people import queries as people
from quancheng.core.payment import Amount, ChannelReport, Outcome
from quancheng.core.text import Text
from quancheng.kernel import clock, keyfile
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind

HOME_FEE = Text("住宅不动产登记费", "Registration fee of a home")
CARD_FEE = Text("居民身份证换领工本费", "Renewal of an identity card")
ORDERS = (
    (
        "citizen-young",
        "demo.card",
        Text("换领居民身份证", "Identity card renewed"),
        CARD_FEE,
        "103044300",
        2000,
        "todo",
    ),
    (
        "citizen-young",
        "demo.home",
        Text("不动产转移登记", "Transfer of a home"),
        HOME_FEE,
        "103044433",
        8000,
        "paid",
    ),
    (
        "citizen-elder",
        "demo.card-2",
        Text("换领居民身份证", "Identity card renewed"),
        CARD_FEE,
        "103044300",
        2000,
        "paid",
    ),
    (
        "firm-owner",
        "demo.home-2",
        Text("不动产转移登记", "Transfer of a home"),
        HOME_FEE,
        "103044433",
        8000,
        "failed",
    ),
    (
        "citizen-young",
        "demo.card-3",
        Text("换领居民身份证", "Identity card renewed"),
        CARD_FEE,
        "103044300",
        2000,
        "todo",
    ),
)
"""Demo identity of the payer, subject, what for, the charge, its budget item, fen, how it stands."""


def seed(city: Any, random: Any) -> str:
    """Once; by the same actions as people. What the bank would say is booked as its query."""
    system = Call(Actor.system("payment", simulated=True))
    register(system)
    if PaymentOrder.objects.exists():
        return "-"
    organ = people.department("jn-approval")
    for key, subject, title, label, item, fen, state in ORDERS:
        account = get_user_model().objects.filter(demo_key=key).exclude(person=None).first()
        if account is None:
            continue
        row = actions.open_order(
            system,
            subject=subject,
            title=title,
            charges=[Charge(item, label, Amount(fen))],
            organ_id=organ.pk,
            person_id=account.person_id,
            basis=Text(
                "发改价格规〔2016〕2559号、发改价格〔2003〕2322号", "NDRC 2016 no. 2559, 2003 no. 2322"
            ),
            simulated=True,
        )
        if state != "todo":
            _settle(row, account, state)
    return f"{PaymentOrder.objects.count()}张缴款单"


def register(call: Call) -> Channel:
    """The simulated bank, believed by its own key."""
    key = keyfile.load_or_make(bank_key_file()).public_key()
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    since = (clock.now() - timedelta(days=365)).isoformat()
    known = Channel.objects.filter(code=NAME).first()
    keys = {KEY: {"public": base64.b64encode(raw).decode(), "from": since, "until": None}}
    url = f"http://127.0.0.1:{port()}/gateway"
    if (
        known is not None
        and known.url == url
        and known.keys.get(KEY, {}).get("public") == keys[KEY]["public"]
    ):
        return known
    channel: Channel = actions.register_channel(
        call,
        code=NAME,
        name=Text("模拟银行", "Simulated bank").to_dict(),
        url=url,
        merchant=MERCHANT,
        account="370100-SIM-0001",
        keys=keys,
        simulated=True,
    )
    return channel


def _settle(row: PaymentOrder, account: Any, state: str) -> None:
    payer = Actor(ActorKind.PERSON, str(account), account.pk, account.person_id, simulated=True)
    attempt = actions.start_payment(Call(payer), number=row.number, channel=NAME)
    paid = state == "paid"
    event = ChannelReport(
        f"demo-{attempt}",
        row.number,
        clock.now(),
        attempt,
        NAME,
        Outcome.SUCCEEDED if paid else Outcome.FAILED,
        Amount(row.fen) if paid else Amount(0),
        f"{NAME}-D{row.pk:08}" if paid else "",
    )
    actions.hear(Call(Actor.system("payment", simulated=True)), event=event)
