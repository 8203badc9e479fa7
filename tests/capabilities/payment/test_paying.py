"""A citizen pays, and the books say so; twice, late, lost and forged change nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.capabilities.payment.conftest import BANK, KEY, MERCHANT, SYSTEM

from quancheng.capabilities.payment import actions, connecting, queries, tasks
from quancheng.capabilities.payment.models import Booking, ChannelMessage, EntryRow, PaymentOrder, Receipt
from quancheng.core.payment import Ed25519Signer, Message, OrderState, StartPayment, encode, sign
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, PartnerFailed

pytestmark = pytest.mark.django_db


def fresh(row: PaymentOrder) -> PaymentOrder:
    again: PaymentOrder = PaymentOrder.objects.get(pk=row.pk)
    return again


def begin(row: PaymentOrder, who: Any) -> str:
    number: str = actions.start_payment(Call(who), number=row.number, channel=BANK)
    connecting.carry_out(row.number, StartPayment(number, BANK, row.amount, row.expires_at))
    return number


def call_back(peer: Any, *, times: int = 1, signer: Any = KEY, **changed: str) -> list[int]:
    """What the bank would tell now, posted by hand; the answers' status codes."""
    peer.bank, due = peer.bank.due(clock.now())
    codes = []
    for one in due:
        for _ in range(times):
            fields = {**dict(one.fields), **changed}
            at = int(clock.now().timestamp())
            said = Message.of(BANK, MERCHANT, one.kind, at, f"nonce-{len(codes):012}-{one.id[:20]}", fields)
            body = encode(sign(said, "b1", signer))
            answer = Client().post(f"/payment/v1/callback/{BANK}", body, content_type="application/json")
            codes.append(answer.status_code)
    return codes


def balanced() -> bool:
    return sum(EntryRow.objects.values_list("fen", flat=True)) == 0


def test_a_mother_pays_and_gets_her_receipt(bank: Any, open_order: Any, payer: Any) -> None:
    row = open_order()
    attempt = begin(row, payer())
    bank.pay(attempt)
    assert call_back(bank) == [200]
    row = fresh(row)
    assert row.order_state is OrderState.PAID
    assert row.paid_at is not None
    assert balanced()
    receipt = Receipt.objects.get(order=row)
    value = queries.receipt_value(receipt, row)
    assert (value.payer, value.words, str(value.total)) == ("李静", "人民币捌拾元整", "80.00")
    with pytest.raises(Conflict):
        actions.start_payment(Call(payer()), number=row.number, channel=BANK)


def test_a_repeated_call_back_is_acknowledged_and_changes_nothing(
    bank: Any, open_order: Any, payer: Any
) -> None:
    row = open_order()
    bank.pay(begin(row, payer()))
    assert call_back(bank, times=3) == [200, 200, 200]
    kept = fresh(row)
    assert kept.order_state is OrderState.PAID
    assert EntryRow.objects.count() == 4
    assert ChannelMessage.objects.count() == 3


def test_a_lost_call_back_is_healed_by_asking(bank: Any, open_order: Any, payer: Any) -> None:
    row = open_order()
    bank.pay(begin(row, payer()))
    later = clock.now() + timedelta(minutes=3)
    bank.now = lambda: later
    with clock.at(later):
        assert tasks.poll() == {"asked": 1, "failed": 0, "expired": 0}
        call_back(bank)  # and then it comes after all
    assert fresh(row).order_state is OrderState.PAID
    assert EntryRow.objects.count() == 4
    assert not fresh(row).order.disputes


def test_going_back_and_pressing_again_is_one_payment(bank: Any, open_order: Any, payer: Any) -> None:
    row = open_order()
    first, second = begin(row, payer()), begin(row, payer())
    assert first == second
    assert Booking.objects.count() == 1


def test_a_forged_call_back_is_refused_and_nothing_is_kept(bank: Any, open_order: Any, payer: Any) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    row = open_order()
    bank.pay(begin(row, payer()))
    thief = Ed25519Signer(Ed25519PrivateKey.generate())
    assert call_back(bank, signer=thief) == [401]
    assert fresh(row).order_state is OrderState.PAYING
    assert not ChannelMessage.objects.exists()


def test_a_stale_call_back_and_garbage_are_refused(bank: Any, open_order: Any, payer: Any) -> None:
    row = open_order()
    begin(row, payer())
    old = Message.of(
        BANK, MERCHANT, "pay.result", int(clock.now().timestamp()) - 3600, "n" * 20, {"code": "OK"}
    )
    at = f"/payment/v1/callback/{BANK}"
    client = Client()
    assert client.post(at, encode(sign(old, "b1", KEY)), content_type="application/json").status_code == 401
    for body in (b"", b"{}", b"\xff" * 10, b"[" * 5000, b'{"sender":1}'):
        assert client.post(at, body, content_type="application/json").status_code == 400
    assert (
        client.post("/payment/v1/callback/other", b"{}", content_type="application/json").status_code == 404
    )
    assert client.get(at).status_code == 405


def test_a_call_back_of_another_amount_becomes_a_dispute(
    bank: Any, open_order: Any, payer: Any, staff: Any
) -> None:
    row = open_order()
    bank.pay(begin(row, payer()))
    assert call_back(bank, amount="0.01") == [200]
    row = fresh(row)
    assert row.order_state is OrderState.DISPUTED
    assert not EntryRow.objects.exists()
    dispute = row.order.disputes[0].id
    with pytest.raises(Forbidden):
        actions.resolve_dispute(
            Call(staff("accountant")), number=row.number, dispute=dispute, accept=False, note="x"
        )
    with pytest.raises(InvalidInput):
        actions.resolve_dispute(
            Call(staff("approver")), number=row.number, dispute=dispute, accept=False, note=" "
        )
    actions.resolve_dispute(
        Call(staff("approver")), number=row.number, dispute=dispute, accept=False, note="银行确认为误报"
    )
    assert fresh(row).order_state is OrderState.PAYING


def test_a_bank_that_is_down_takes_nothing_and_the_job_goes_on_trying(
    bank: Any, open_order: Any, payer: Any
) -> None:
    row = open_order()
    bank.naughty.deaf = True
    attempt = actions.start_payment(Call(payer()), number=row.number, channel=BANK)
    with pytest.raises(PartnerFailed):
        connecting.carry_out(row.number, StartPayment(attempt, BANK, row.amount, row.expires_at))
    bank.naughty.deaf = False
    done = jobs.run_due()
    assert [one.kind for one in done] == ["payment.effect"]
    assert bank.bank.orders[attempt].amount == row.amount


def test_a_reply_lost_after_the_bank_has_acted_is_asked_again(bank: Any, open_order: Any, payer: Any) -> None:
    row = open_order()
    bank.naughty.cut = 1
    with pytest.raises(PartnerFailed):
        begin(row, payer())
    assert begin(row, payer()) == f"{row.number}-A1"
    assert len(bank.bank.orders) == 1


def test_a_bank_that_answers_nonsense_is_not_believed(bank: Any, open_order: Any, payer: Any) -> None:
    row = open_order()
    bank.naughty.lie = lambda fields: {**fields, "re": "somebody-elses-nonce"}
    with pytest.raises(PartnerFailed):
        begin(row, payer())
    assert fresh(row).order_state is OrderState.PAYING


def test_time_runs_out_and_a_late_payment_goes_back(bank: Any, open_order: Any, payer: Any) -> None:
    row = open_order()
    attempt = begin(row, payer())
    bank.pay(attempt)
    late = row.expires_at + timedelta(minutes=1)
    bank.now = lambda: late  # the bank is another process with the same clock
    with clock.at(late):
        actions.expire_order(Call(SYSTEM), number=row.number)
        assert fresh(row).order_state is OrderState.CLOSED
        call_back(bank)
        order = fresh(row).order
        assert [one.reason for one in order.refunds] == ["LATE"]
        jobs.run_due()
        assert len(bank.bank.refunds) == 1
    assert balanced()
    assert not Receipt.objects.exists()


def test_an_order_is_opened_once_for_a_subject(open_order: Any) -> None:
    first = open_order()
    assert open_order().pk == first.pk
    with pytest.raises(Conflict):
        open_order(fen=9000)
    assert len(first.number) == 24


@pytest.mark.parametrize("fen", [0, -1, 200_000_000])
def test_an_order_of_nothing_or_too_much_is_refused(open_order: Any, fen: int) -> None:
    with pytest.raises(InvalidInput):
        open_order(fen=fen)


def test_who_sees_which_order(open_order: Any, payer: Any, staff: Any) -> None:
    from quancheng.kernel.actor import Actor

    mine, theirs = open_order(), open_order(subject="tests.case:2", payer=1, organ="jn-civil")
    everybody = {
        "stranger": (Actor.anonymous(), set()),
        "payer": (payer(0), {mine.pk}),
        "other payer": (payer(1), {theirs.pk}),
        "accountant": (staff("accountant"), {mine.pk}),
        "accountant elsewhere": (staff("accountant", "jn-civil"), {theirs.pk}),
        "approver": (staff("approver"), {mine.pk}),
        "auditor": (staff("auditor"), {mine.pk, theirs.pk}),
    }
    for who, (actor, seen) in everybody.items():
        assert {one.pk for one in queries.orders(actor, {}).items} == seen, who
        for row in (mine, theirs):
            if row.pk not in seen:
                with pytest.raises(NotFound):
                    queries.order(actor, row.number)
    with pytest.raises(Forbidden):
        actions.start_payment(Call(payer(1)), number=mine.number, channel=BANK)
    with pytest.raises(Forbidden):
        actions.cancel_order(Call(staff("auditor")), number=mine.number, reason="x")


def test_what_happens_is_told_to_other_modules(bank: Any, open_order: Any, payer: Any) -> None:
    heard: list[str] = []
    row = open_order()
    bank.pay(begin(row, payer()))
    call_back(bank)
    from quancheng.kernel.events.models import OutboxEvent

    heard = list(OutboxEvent.objects.filter(type__startswith="payment.").values_list("type", flat=True))
    assert heard == ["payment.order.opened", "payment.order.paid"]


def test_the_demo_has_orders_in_several_states_and_comes_once(db: None, settings: Any, tmp_path: Any) -> None:
    """The same actions as people: an account of each payer, a bank believed by its own key."""
    from quancheng.capabilities.payment import simulate
    from quancheng.capabilities.people.models import NaturalPerson, User
    from quancheng.kernel import registry
    from quancheng.kernel.models import writing

    settings.HOME = tmp_path
    registry.sync()
    for place, key in enumerate(("citizen-young", "citizen-elder", "firm-owner")):
        with writing("tests"):
            someone = NaturalPerson.objects.create(
                id_number=f"3701021990010112{place:02}", name=key, sex="2", birth_date="1990-01-01"
            )
        User.objects.create(username=key, kind="person", demo_key=key, person=someone)
    assert simulate.seed(None, None).startswith("5")
    assert simulate.seed(None, None) == "-"
    states = set(PaymentOrder.objects.values_list("state", flat=True))
    assert states == {"CREATED", "PAID", "FAILED"}
    assert all(one.simulated for one in PaymentOrder.objects.all())
    assert balanced()
