"""A bank asks, a mother allows some of it, the bank uses it, everybody holds the receipt, she withdraws."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.capabilities.vault.conftest import (
    ITEMS,
    NOW,
    OTHER_ID,
    PURPOSE,
    Program,
    World,
    b64,
    citizen,
    make_bank,
    make_person,
    wanted,
)

from quancheng.capabilities.chain import actions as chain
from quancheng.capabilities.chain import queries as chain_queries
from quancheng.capabilities.chain.models import Entry as ChainEntry
from quancheng.capabilities.messages.models import Message
from quancheng.capabilities.vault import actions, queries, tasks, threads, trusted
from quancheng.capabilities.vault.models import DataRequest, EntryRow, ReceiptRow, Use
from quancheng.capabilities.vault.receipt_client import Keys, main, policy_of, verify_file
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.vault import (
    Reason,
    State,
    VaultFault,
    commit_holder,
    countersign,
    open_facts,
    read_entry,
    read_receipt,
    replay,
    verify_receipt,
    write_receipt,
)
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

pytestmark = pytest.mark.usefixtures("at")


def signed(world: World, used: dict[str, Any]) -> Any:
    """The bank countersigns what it got."""
    text = write_receipt(countersign(read_receipt(used["receipt"].encode()), world.key)).decode()
    path = f"/vault/v1/uses/{used['number']}/countersign"
    return world.program.send("POST", path, {"receipt": text}, "c-1")


def test_asked_granted_used_proved_withdrawn(world: World) -> None:
    asked = world.program.ask()
    said = asked.json()
    row = DataRequest.objects.get(number=said["number"])
    assert read_entry(said["entry"].encode()).body["holder"] == _b64(
        commit_holder(b64(said["salt"]), world.mother.id_number)
    )
    assert world.program.use(row.number).json()["reason"] == "NOT_LIVE"

    until = NOW + timedelta(days=10)
    actions.grant_request(world.call, request=row, items=ITEMS, mode="period", until=until)
    state = world.program.state(row.number).json()
    assert (state["state"], read_entry(state["grant"].encode()).body["items"]) == ("live", sorted(ITEMS))

    used = world.program.use(row.number).json()
    assert used["facts"] == {"name": "李静", "address": world.mother.address}
    shown = verify_receipt(read_receipt(used["receipt"].encode()), city=trusted.city_keys())
    open_facts(b64(used["salt"]), used["facts"], shown.data)
    assert signed(world, used).status_code == 200

    mine = queries.my_use(world.call.actor, used["number"])
    receipt = queries.receipt_file(mine)
    verdict = verify_file(receipt, Keys.read(trusted.document()))
    assert verdict.countersigned
    assert verdict.shown.purpose == PURPOSE
    assert "李静" not in receipt.decode()

    actions.withdraw_grant(world.call, request=DataRequest.objects.get(pk=row.pk))
    refused = world.program.use(row.number, "use-2")
    assert (refused.status_code, refused.json()["reason"]) == (409, "WITHDRAWN")
    assert world.program.state(row.number).json()["state"] == "withdrawn"
    assert queries.withdrawal(world.call.actor, row) is not None
    thread = replay(threads.entries(row))
    assert (thread.uses, thread.state(NOW)) == (1, State.WITHDRAWN)
    assert tasks.audit()["checked"] == 1


def _b64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


def test_every_use_stands_in_the_citys_chain_with_its_entry(world: World) -> None:
    row = world.granted()
    used = world.program.use(row.number).json()
    actions.withdraw_grant(world.call, request=row)
    scenes = list(ChainEntry.objects.order_by("pk").values_list("scene", "reference"))
    assert scenes == [
        ("vault-grant", f"{row.number}-2"), ("vault-use", f"{row.number}-3"), ("vault-withdraw", f"{row.number}-4"),
    ]  # fmt: skip
    chain.make_head(Call.system("chain"), shard=chain_queries.shard_named(""))
    proof = queries.proof_file(Use.objects.get(number=used["number"]))
    assert [one["seq"] for one in proof["chain"]] == [2, 3]
    verdict = queries.verify(json.dumps(proof).encode())
    assert verdict.allowed
    assert verdict.witnesses == {}  # this city alone: nobody else has witnessed, and it says so


def test_a_proof_file_checks_offline_and_refuses_every_change(
    world: World, tmp_path: Any, capsys: Any
) -> None:
    row = world.granted()
    used = world.program.use(row.number).json()
    signed(world, used)
    chain.make_head(Call.system("chain"), shard=chain_queries.shard_named(""))
    proof = world.program.send("GET", f"/vault/v1/uses/{used['number']}/proof", None, "p").json()
    files = {"proof": proof, "keys": trusted.document(), "policy": chain_queries.policy_document()}
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")
    asked = [
        str(tmp_path / "proof.json"),
        "--keys",
        str(tmp_path / "keys.json"),
        "--policy",
        str(tmp_path / "policy.json"),
    ]
    assert main(asked) == 0
    assert "allowed True" in capsys.readouterr().out
    policy = policy_of(chain_queries.policy_document())
    early = json.dumps({**proof, "chain": proof["chain"][:1]}).encode()
    assert (
        verify_file(early, Keys.read(trusted.document()), policy).witnesses is None
    )  # not anchored yet: said
    for change in (
        {"receipt": proof["receipt"].replace("住房", "买车")},
        {"entries": proof["entries"][:-1]},
        {"entries": [proof["entries"][0].replace("住房", "买车"), *proof["entries"][1:]]},
        {"entries": [proof["entries"][0], proof["entries"][2]]},
        {"chain": [{**proof["chain"][0], "seq": 3}, proof["chain"][1]]},
        {"chain": [proof["chain"][0], {**proof["chain"][1], "salt": proof["chain"][0]["salt"]}]},
        {"chain": [proof["chain"][0], {**proof["chain"][1], "reference": "VR-1"}]},
        {"more": 1},
    ):
        (tmp_path / "proof.json").write_text(json.dumps({**proof, **change}), "utf-8")
        assert main(asked) == 1, change


def test_a_lost_answer_is_asked_again_and_counted_once(world: World) -> None:
    row = world.granted("once")
    first = world.program.use(row.number, "use-1").json()
    again = world.program.use(row.number, "use-1").json()
    assert again == first
    assert Use.objects.count() == EntryRow.objects.filter(kind="used").count() == 1
    other = world.program.use(row.number, "use-1", items=["name"])
    assert other.status_code == 409
    assert world.program.use(row.number, "use-2").json()["reason"] == "USED_UP"


def test_a_repeated_answer_after_the_withdrawal_holds_no_facts(world: World) -> None:
    row = world.granted()
    first = world.program.use(row.number).json()
    actions.withdraw_grant(world.call, request=row)
    again = world.program.use(row.number).json()
    assert (again["receipt"], again["facts"], again["withheld"]) == (first["receipt"], None, True)


def test_kept_answers_are_forgotten(world: World) -> None:
    row = world.granted()
    first = world.program.use(row.number).json()
    assert tasks.forget() == {"forgotten": 0}
    with clock.at(NOW + timedelta(hours=24)):
        assert tasks.forget() == {"forgotten": 1}
        again = world.program.use(row.number).json()
    assert (again["facts"], again["receipt"]) == (None, first["receipt"])


def test_nobody_learns_whether_a_person_exists(world: World) -> None:
    known = world.program.ask("a")
    nobody = world.program.ask("b", subject={"id_number": OTHER_ID, "name": "李静"})
    other_name = world.program.ask("c", subject={"id_number": world.mother.id_number, "name": "王静"})
    code = world.program.ask("d", subject={"code": "QC-unknown"})
    shapes = [
        (one.status_code, sorted(one.json()), one.json()["state"])
        for one in (known, nobody, other_name, code)
    ]
    assert len({str(one) for one in shapes}) == 1
    for answer in (nobody, other_name, code):
        assert world.program.state(answer.json()["number"]).json()["state"] == "asked"
    with clock.at(NOW + timedelta(days=8)):
        states = {
            world.program.state(one.json()["number"]).json()["state"]
            for one in (known, nobody, other_name, code)
        }
    assert states == {"lapsed"}
    assert queries.my_requests(world.call.actor, {}).items == [
        DataRequest.objects.get(number=known.json()["number"])
    ]


def test_the_person_is_told_of_requests_and_uses(world: World) -> None:
    row = world.granted()
    world.program.use(row.number)
    world.program.ask("nobody", subject={"id_number": OTHER_ID, "name": "李静"})
    events.drain(strict=True)
    told = list(
        Message.objects.filter(person_id=world.mother.pk).order_by("pk").values_list("title__zh", "link")
    )
    assert told == [
        ("泉城示范银行请求使用您的数据", f"/me/vault/requests/{row.number}/"),
        ("泉城示范银行使用了您授权的数据", f"/me/vault/uses/{row.number}-U1/"),
    ]
    assert Message.objects.count() == 2


def test_a_suspended_recipient_asks_and_uses_nothing(world: World) -> None:
    row = world.granted()
    first = world.program.use(row.number).json()
    from tests.capabilities.vault.conftest import official

    registrar = official("vault.registrar", user_id=91)
    actions.suspend_recipient(registrar, recipient=world.bank, reason="泄露数据")
    for answer in (world.program.use(row.number, "use-2"), world.program.ask("ask-2")):
        assert (answer.status_code, answer.json()["reason"]) == (403, "SUSPENDED")
    again = world.program.use(row.number).json()
    assert (again["receipt"], again["facts"]) == (first["receipt"], None)


@pytest.mark.parametrize(
    ("status", "reason", "other"),
    [
        (422, "ITEMS", {"items": ["name", "phone"]}),
        (422, "ITEMS", {"items": ["income"]}),
        (422, "PURPOSE", {"purpose": "营销"}),
    ],
)
def test_what_was_not_granted_is_refused_and_leaves_nothing(
    world: World, status: int, reason: str, other: dict[str, Any]
) -> None:
    row = world.granted()
    answer = world.program.use(row.number, **other)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert Use.objects.count() == 0
    assert ChainEntry.objects.filter(scene="vault-use").count() == 0


def test_another_bank_sees_and_uses_nothing(world: World) -> None:
    row = world.granted()
    key = MemoryKey.generate(Algorithm.EDDSA)
    make_bank(key, "bank-other", name={"zh": "别家银行", "en": "Other Bank"})
    other = Program(key)
    assert other.state(row.number).status_code == 404
    assert other.use(row.number).status_code == 404
    used = world.program.use(row.number).json()
    text = write_receipt(countersign(read_receipt(used["receipt"].encode()), key)).decode()
    answer = other.send("POST", f"/vault/v1/uses/{used['number']}/countersign", {"receipt": text}, "x")
    assert answer.status_code == 404
    wrong = world.program.send("POST", f"/vault/v1/uses/{used['number']}/countersign", {"receipt": text}, "y")
    assert wrong.status_code in (401, 422)
    assert ReceiptRow.objects.get(entry__kind="used").countersigned_at is None


def test_requests_without_a_good_signature_are_refused(world: World) -> None:
    stranger = Program(MemoryKey.generate(Algorithm.ES256))
    assert stranger.ask().status_code == 401
    assert world.program.client.post(
        "/vault/v1/requests", wanted(), content_type="application/json"
    ).status_code in (401, 422)
    late = world.program.send("POST", "/vault/v1/requests", wanted(), "x", at=NOW - timedelta(minutes=6))
    assert (late.status_code, late.json()["reason"]) == (409, "CLOCK")
    assert DataRequest.objects.count() == 0


def test_what_makes_no_sense_is_said_at_its_field(world: World) -> None:
    past = (NOW - timedelta(days=1)).isoformat()
    for name, other in (
        ("purpose", {"purpose": ""}), ("basis", {"basis": "x"}), ("items", {"items": ["secret"]}),
        ("items", {"items": []}), ("items", {"items": ["name", "name"]}), ("mode", {"mode": "always"}),
        ("until", {"until": past}), ("until", {"until": "2026-05-01"}), ("subject", {"subject": {}}),
        ("subject", {"subject": {"id_number": "370102199101010021", "name": "李静"}}),
        ("until", {"until": (NOW + timedelta(days=400)).isoformat()}),
    ):  # fmt: skip
        answer = world.program.ask(f"k-{name}", **other)
        assert answer.status_code == 422, (other, answer.content)
        assert name in answer.json()["fields"]


def test_only_the_person_answers(world: World) -> None:
    row = world.asked()
    somebody = citizen(make_person(OTHER_ID, "王芳"), 777)
    with pytest.raises(Forbidden):
        actions.grant_request(somebody, request=row, items=ITEMS, mode="once", until=NOW + timedelta(days=1))
    with pytest.raises(Forbidden):
        actions.refuse_request(somebody, request=row, reason="不")
    with pytest.raises(InvalidInput):
        actions.refuse_request(world.call, request=row, reason=" ")
    actions.refuse_request(world.call, request=row, reason="已改在别处贷款")
    answer = world.program.state(row.number).json()
    assert (answer["state"], answer["reason"]) == ("refused", "已改在别处贷款")
    with pytest.raises(Conflict):
        actions.grant_request(
            world.call, request=row, items=ITEMS, mode="once", until=NOW + timedelta(days=1)
        )


def test_a_log_edited_in_the_database_is_found(world: World) -> None:
    from django.db import connection

    row = world.granted()
    world.program.use(row.number)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE vault_datarequest SET uses = 0 WHERE id = %s", [row.pk])
    with pytest.raises(Exception, match="columns"):
        tasks.audit()


def test_a_receipt_of_another_city_key_is_refused(world: World) -> None:
    row = world.granted()
    used = world.program.use(row.number).json()
    keys = Keys([MemoryKey.generate(Algorithm.ES256).public], {})
    with pytest.raises(VaultFault) as caught:
        verify_file(used["receipt"].encode(), keys)
    assert caught.value.reason is Reason.UNKNOWN_KEY


def test_a_wrong_fact_is_repaired_and_everybody_who_had_it_is_told(world: World) -> None:
    from tests.capabilities.vault.conftest import official

    from quancheng.capabilities.vault.models import Objection

    row = world.granted()
    world.program.use(row.number)
    item = queries.item(world.call.actor, "address")
    filed = actions.file_objection(
        world.call, item=item, claimed="济南市历下区新地址1号", said="去年已经搬家"
    )
    assert (filed.receivers, filed.department.code, filed.held) == (
        ["bank-quan"],
        "jn-police",
        world.mother.address,
    )
    with pytest.raises(Conflict):
        actions.file_objection(world.call, item=item, claimed="又一个", said="再来一次")
    officer = official("vault.officer", user_id=44)
    stranger = official("vault.officer", user_id=45, department="jn-civil")
    with pytest.raises(Forbidden):
        actions.accept_objection(stranger, objection=filed, said="好")
    with pytest.raises(Conflict):
        actions.repair_objection(officer, objection=filed, said="改了")
    actions.accept_objection(officer, objection=filed, said="核对户口簿")
    actions.repair_objection(officer, objection=filed, said="已更正")
    events.drain(strict=True)
    assert Objection.objects.get().told == ["person"]
    told = world.program.send("GET", "/vault/v1/notices", None, "n").json()["notices"]
    assert told == [{"kind": "repaired", "objection": filed.number, "item": "address"}]
    assert world.program.send("GET", "/vault/v1/notices", None, "n").json()["notices"] == []
    assert Objection.objects.get().state == "told"
    mine = list(
        Message.objects.filter(person_id=world.mother.pk).order_by("pk").values_list("title__zh", flat=True)
    )
    assert mine[-2:] == ["您对“居住地址”的异议已受理", "您对“居住地址”的异议已更正"]


def test_recipients_are_approved_by_a_second_person(world: World) -> None:
    from tests.capabilities.vault.conftest import official

    from quancheng.core.keys import to_jwk

    one, two = official("vault.registrar", user_id=91), official("vault.registrar", user_id=92)
    key = MemoryKey.generate(Algorithm.SM2)
    name = {"zh": "第二银行", "en": "Second Bank"}
    row = actions.propose_recipient(one, code="bank-two", name=name, kind="bank", jwk=to_jwk(key.public))
    assert Program(key).ask().status_code == 403
    with pytest.raises(Forbidden):
        actions.approve_recipient(one, recipient=row)
    officer = official("vault.officer", user_id=93)
    with pytest.raises(Forbidden):
        actions.approve_recipient(officer, recipient=row)
    actions.approve_recipient(two, recipient=row)
    assert Program(key).ask().status_code == 202
    with pytest.raises(Conflict):
        actions.add_key(two, recipient=row, jwk=to_jwk(world.key.public))
    with pytest.raises(InvalidInput):
        actions.propose_recipient(
            one, code="坏 代码", name={"zh": "", "en": ""}, kind="x", jwk=to_jwk(key.public)
        )
    fresh = MemoryKey.generate(Algorithm.ES256)
    actions.add_key(two, recipient=row, jwk=to_jwk(fresh.public))
    actions.revoke_key(two, key=row.keys.get(kid=key.public.kid.hex()))
    assert Program(key).ask("later").status_code == 401
    assert Program(fresh).ask("later").status_code == 202


def test_the_api_and_pages_show_only_ones_own(world: World, signed_in: Any) -> None:
    row = world.granted()
    used = world.program.use(row.number).json()
    mine = signed_in(world.call.actor)
    listed = mine.get("/api/v1/vault/uses").json()["items"]
    assert [one["number"] for one in listed] == [used["number"]]
    verdict = mine.post(
        "/api/v1/vault/verify", {"receipt": listed[0]["receipt"]}, content_type="application/json"
    ).json()
    assert (verdict["number"], verdict["countersigned"]) == (used["number"], False)
    assert mine.get(f"/me/vault/requests/{row.number}/").status_code == 200
    other = signed_in(citizen(make_person(OTHER_ID, "王芳"), 777).actor)
    assert other.get("/api/v1/vault/uses").json()["items"] == []
    for path in (f"/me/vault/requests/{row.number}/", f"/me/vault/uses/{used['number']}/",
                 f"/me/vault/uses/{used['number']}/receipt.json", f"/me/vault/uses/{used['number']}/proof.json"):  # fmt: skip
        assert other.get(path).status_code == 404
    assert other.get("/work/vault/").status_code == 403


def test_history_is_searched_and_paged(world: World, signed_in: Any) -> None:
    row = world.granted()
    for number in range(30):
        assert world.program.use(row.number, f"use-{number}").status_code == 200
    world.asked("other", purpose="信用卡申请")
    actor = world.call.actor
    first = queries.my_uses(actor, {})
    rest = queries.my_uses(actor, {"cursor": first.next or ""})
    assert len({one.pk for one in (*first.items, *rest.items)}) == 30
    assert queries.my_uses(actor, {"q": "没有的银行"}).items == []
    assert len(queries.my_uses(actor, {"q": "示范银行", "size": "50"}).items) == 30
    assert [one.purpose for one in queries.my_requests(actor, {"q": "信用卡"}).items] == ["信用卡申请"]
    states = {
        state: len(queries.my_requests(actor, {"state": state}).items)
        for state in ("asked", "live", "refused")
    }
    assert states == {"asked": 1, "live": 1, "refused": 0}
    page = signed_in(actor).get("/me/vault/uses/").content.decode()
    assert "下一页" in page


def test_a_person_can_be_meant_by_a_code_another_module_knows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quancheng.capabilities.vault import subjects

    known = {"QC1-mother": world.mother.pk}
    monkeypatch.setattr(subjects, "_finders", lambda: [known.get])
    answer = world.program.ask(subject={"code": "QC1-mother"}).json()
    row = DataRequest.objects.get(number=answer["number"])
    assert row.person_id == world.mother.pk
    assert read_entry(answer["entry"].encode()).body["holder"] == _b64(
        commit_holder(b64(answer["salt"]), "QC1-mother")
    )


def test_pages_keep_what_was_entered_and_say_what_is_wrong(world: World, signed_in: Any) -> None:
    row, browser = world.asked(), signed_in(world.call.actor)
    path = f"/me/vault/requests/{row.number}/"
    answer = browser.post(path, {"what": "grant", "items": ["name"], "mode": "period", "days": "999"})
    assert answer.status_code == 422
    assert 'value="name" ' in answer.content.decode()
    assert browser.post(path, {"what": "refuse", "reason": ""}).status_code == 422
    assert (
        browser.post(path, {"what": "grant", "items": ["name"], "mode": "once", "days": "1"}).status_code
        == 302
    )
    late = browser.post(path, {"what": "refuse", "reason": "晚了"}, follow=True)
    assert "已经答复" in late.content.decode()
    for text, status in (("", 422), ("不是回执", 422), ('{"format":"quancheng-vault-proof/1"}', 422)):
        assert browser.post("/vault/receipt/", {"receipt": text}).status_code == status


def test_officers_search_their_lists(world: World, signed_in: Any) -> None:
    from tests.capabilities.vault.conftest import official

    world.asked()
    item = queries.item(world.call.actor, "address")
    filed = actions.file_objection(world.call, item=item, claimed="新地址1号", said="去年已经搬家")
    desk = official("vault.officer", "vault.registrar", user_id=44).actor
    assert [one.number for one in queries.objections(desk, {"q": "居住"}).items] == [filed.number]
    assert queries.objections(desk, {"q": "婚姻"}).items == []
    assert queries.objections(desk, {"late": "1"}).items == []
    assert len(queries.requests(desk, {"q": "示范", "state": "asked"}).items) == 1
    assert [one.code for one in queries.recipients(desk, {"q": "示范", "standing": "active"}).items] == [
        "bank-quan"
    ]
    assert queries.recipients(desk, {"q": "model bank", "standing": "suspended"}).items == []
    browser = signed_in(desk)
    for path in (
        "/work/vault/?q=居住&late=1",
        "/work/vault/requests/?q=示范",
        "/work/vault/recipients/?q=示范",
    ):
        assert browser.get(path).status_code == 200


def test_what_is_sensitive_is_hidden_until_it_is_asked_for(world: World) -> None:
    shown = {
        item.code: value for held in queries.held(world.call.actor) for item, value, _hidden in held.rows
    }
    assert shown["name"] == "李*"
    assert shown["address"] == "******"
    assert world.mother.id_number not in shown.values()
    open_rows = {
        item.code: value
        for held in queries.held(world.call.actor, reveal=True)
        for item, value, _h in held.rows
    }
    assert open_rows["id-number"] == world.mother.id_number
    assert open_rows["address"] == world.mother.address
