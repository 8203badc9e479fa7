"""退休一件事 and its neighbours through the actions: nothing typed twice, state kept at every step."""

from __future__ import annotations

import pytest

from quancheng.capabilities.internal import actions, queries
from quancheng.capabilities.internal.models import Dossier, Item, Notice, WorkItem
from quancheng.kernel import jobs
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

SERVICES = {"establishment": "office-clerk", "medical": "insurance-officer", "fund": "fund-officer"}
NINE = {"establishment", "wages", "pension", "medical", "injury", "annuity", "fund", "archive", "card"}


def prefilled_answers(code: str, dossier: Dossier) -> dict[str, str]:
    """What the form holds before anybody types."""
    _facts, initial = queries.prefilled(queries.spec_by_code(code), dossier)
    return {key: fact["value"] for key, fact in initial.items()}


def waiting(item: Item) -> dict[str, WorkItem]:
    """Open steps, read afresh from the database as after a restart."""
    rows = WorkItem.objects.filter(item__number=item.number, state="open").select_related("item")
    return {one.element: one for one in rows}


def agree(call, item: Item, element: str, key: str) -> Item:
    return actions.decide_work(call(key), work=waiting(item)[element], outcome="agree")


def test_retirement_end_to_end(call, actor, retiree):
    answers = prefilled_answers("retirement", retiree)
    assert set(answers) == {"mode", "retired_on"}, "everything the form asks is answered by the dossier"
    item = actions.file_item(call("personnel-officer"), code="retirement", form=answers, dossier=retiree)
    assert set(item.provenance) >= {"name", "id_number", "birth_date", "contribution_months", "retired_on"}
    assert all(fact["source"]["zh"] for fact in item.provenance.values())

    for element, key in (
        ("head", "unit-head"),
        ("supervisor", "supervisor-officer"),
        ("hrss", "hrss-officer"),
    ):
        assert set(waiting(item)) == {element}
        item = agree(call, item, element, key)
    assert set(waiting(item)) == NINE, "nine departments' services at once"
    assert item.state == "linked"
    retiree.refresh_from_db()
    entries = {row.key: row for row in retiree.entries.filter(item=item)}
    assert entries["retired_on"].value == answers["retired_on"]
    assert entries["status"].valid_from.isoformat() == answers["retired_on"]
    assert retiree.status == "active", "retired on the day, not before"

    for element in sorted(NINE):
        agree(call, item, element, SERVICES.get(element, "hrss-officer"))
    assert not waiting(item)
    jobs.run_due()
    item.refresh_from_db()
    assert item.state == "completed" and item.ended_at is not None
    notices = {one.kind: one for one in Notice.objects.filter(item=item)}
    assert set(notices) == {"retirement", "pension", "summary"}
    paper = notices["retirement"]
    assert queries.notice_bytes(paper).startswith(b"%PDF-")
    assert queries.verify_notice(actor("citizen-elder"), paper.code)["outcome"] == "genuine"
    assert queries.verify_notice(actor("citizen-elder"), "A" * 20)["outcome"] == "unknown"


def test_return_correct_and_go_on_where_it_was(call, retiree):
    answers = prefilled_answers("retirement", retiree)
    item = actions.file_item(call("personnel-officer"), code="retirement", form=answers, dossier=retiree)
    item = agree(call, item, "head", "unit-head")
    work = waiting(item)["supervisor"]
    with pytest.raises(InvalidInput):
        actions.decide_work(call("supervisor-officer"), work=work, outcome="return")
    item = actions.decide_work(
        call("supervisor-officer"), work=work, outcome="return", opinion="请核对缴费月数"
    )
    assert item.state == "correction" and set(waiting(item)) == {"correct"} and item.returns == 1
    with pytest.raises(Conflict):
        actions.decide_work(call("supervisor-officer"), work=work, outcome="agree")
    item = actions.decide_work(
        call("personnel-officer"), work=waiting(item)["correct"], outcome="agree", form=answers
    )
    assert set(waiting(item)) == {"supervisor"}, "back to who returned it, not to the beginning"


def test_a_linked_department_returns_to_the_unit_and_the_others_go_on(call, retiree):
    answers = prefilled_answers("retirement", retiree)
    item = actions.file_item(call("personnel-officer"), code="retirement", form=answers, dossier=retiree)
    for element, key in (
        ("head", "unit-head"),
        ("supervisor", "supervisor-officer"),
        ("hrss", "hrss-officer"),
    ):
        item = agree(call, item, element, key)
    item = actions.decide_work(
        call("insurance-officer"),
        work=waiting(item)["medical"],
        outcome="return",
        opinion="请补交医保视同缴费证明",
    )
    assert set(waiting(item)) == (NINE - {"medical"}) | {"fix_medical"}
    item = agree(call, item, "fund", "fund-officer")
    item = agree(call, item, "fix_medical", "personnel-officer")
    assert "medical" in waiting(item)


def test_refusal_ends_it_and_writes_nothing(call, retiree):
    item = actions.file_item(
        call("personnel-officer"),
        code="retirement",
        form=prefilled_answers("retirement", retiree),
        dossier=retiree,
    )
    item = agree(call, item, "head", "unit-head")
    item = actions.decide_work(
        call("supervisor-officer"), work=waiting(item)["supervisor"], outcome="refuse", opinion="档案年龄存疑"
    )
    assert item.state == "refused" and not waiting(item)
    assert not retiree.entries.filter(item=item).exists()


def test_rules_of_retirement_speak_at_filing(call, retiree):
    officer = call("personnel-officer")
    answers = prefilled_answers("retirement", retiree)
    with pytest.raises(InvalidInput) as wrong:
        actions.file_item(
            officer, code="retirement", form=answers | {"retired_on": "2035-01-15"}, dossier=retiree
        )
    assert "retired_on" in wrong.value.fields
    early = answers | {"mode": "early"}
    with pytest.raises(InvalidInput):
        actions.file_item(officer, code="retirement", form=early, dossier=retiree)
    actions.correct_dossier(
        officer, dossier=retiree, key="contribution_months", value="100", reason="社保经办机构更正"
    )
    with pytest.raises(InvalidInput) as short:
        actions.file_item(officer, code="retirement", form=answers, dossier=retiree)
    assert "180" in short.value.detail.zh
    assert not Item.objects.filter(dossier=retiree).exists(), "nothing half written"


def test_one_running_item_and_only_by_the_right_people(call, actor, retiree):
    answers = prefilled_answers("retirement", retiree)
    item = actions.file_item(call("personnel-officer"), code="retirement", form=answers, dossier=retiree)
    with pytest.raises(Conflict):
        actions.file_item(call("personnel-officer"), code="retirement", form=answers, dossier=retiree)
    with pytest.raises(Conflict):
        actions.file_item(
            call("personnel-officer"), code="resignation", dossier=retiree,
            form={"left_why": "本人辞职", "left_on": "2027-01-01"},
        )  # fmt: skip
    for key in ("insurance-officer", "soe-officer", "clerk-market"):
        with pytest.raises(Forbidden):
            actions.decide_work(call(key), work=waiting(item)["head"], outcome="agree")
        with pytest.raises(NotFound):
            queries.item(actor(key), item.number)
    withdrawn = actions.withdraw_item(call("personnel-officer"), item=item, reason="本人改为弹性延迟")
    assert withdrawn.state == "withdrawn" and not waiting(withdrawn)


def test_two_officials_at_once_one_wins(call, retiree):
    item = actions.file_item(
        call("personnel-officer"),
        code="retirement",
        form=prefilled_answers("retirement", retiree),
        dossier=retiree,
    )
    seen = waiting(item)["head"]
    actions.decide_work(call("unit-head"), work=seen, outcome="agree")
    with pytest.raises(Conflict) as told:
        actions.decide_work(call("unit-head"), work=seen, outcome="refuse", opinion="不同意")
    assert "马建国" in told.value.detail.zh


def test_recruitment_opens_a_dossier_and_reuses_an_old_one(call, town):
    form = {
        "name": "沈若溪", "id_number": "370102199603072124", "phone": "13900001234", "education": "master",
        "post_kind": "technical", "post": "社会工作师", "grade": "专业技术十级", "joined_on": "2026-12-01",
    }  # fmt: skip
    with pytest.raises(InvalidInput) as wrong:
        actions.file_item(
            call("personnel-officer"), code="recruitment", form=form | {"id_number": "370102199603072121"}
        )
    assert "id_number" in wrong.value.fields
    form["id_number"] = valid_id("37010219960307212")
    item = actions.file_item(call("personnel-officer"), code="recruitment", form=form)
    for element, key in (
        ("head", "unit-head"),
        ("supervisor", "supervisor-officer"),
        ("hrss", "hrss-officer"),
    ):
        item = agree(call, item, element, key)
    dossier = Dossier.objects.get(name="沈若溪")
    assert dossier.status == "active" and dossier.retires_on is not None
    assert dossier.entries.get(key="sex").value == "2", "sex follows from the number, nobody types it"
    with pytest.raises(Conflict):
        actions.file_item(call("personnel-officer"), code="transfer-in", form=form | {"former_unit": "外市"})


def valid_id(first17: str) -> str:
    from quancheng.core.identity import compute_check

    return first17 + compute_check(first17)


def test_enterprise_item(call, busy):
    enterprise = Dossier.objects.filter(kind="enterprise").first()
    item = actions.file_item(
        call("soe-officer"), code="soe-transfer", dossier=enterprise,
        form={"share": "20", "appraised": "35000", "event": "优化布局", "effective_on": "2026-12-31"},
    )  # fmt: skip
    item = agree(call, item, "review", "sasac-officer")
    for element in list(waiting(item)):
        item = agree(call, item, element, "joint-desk")
    item = agree(call, item, "decide", "sasac-officer")
    jobs.run_due()
    item.refresh_from_db()
    assert item.state == "completed"
    assert set(item.notices.values_list("kind", flat=True)) == {"approval", "summary"}
