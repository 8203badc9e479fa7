"""A child is born: five items of four offices from one form, in order and side by side."""

from __future__ import annotations

import io
import zipfile

import pytest
from tests.capabilities.onething.conftest import fresh, row, states

from quancheng.capabilities.messages.models import Message
from quancheng.capabilities.onething import actions
from quancheng.capabilities.onething.models import Bundle
from quancheng.capabilities.services import actions as services
from quancheng.capabilities.services.models import Case
from quancheng.capabilities.trust.models import Licence
from quancheng.capabilities.trust.queries import blob_path
from quancheng.core.identity import parse_resident_id
from quancheng.kernel import clock, events, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput


def test_from_one_form_to_the_result_pack(mother, newborn, approve):
    bundle = actions.submit_bundle(Call(mother), bundle=newborn(), declared=True)
    assert states(bundle) == {
        "birth": "running", "household": "waiting", "vaccination": "waiting", "insurance": "waiting", "card": "waiting",
    }  # fmt: skip
    assert bundle.known > bundle.asked / 2, "much was not asked"
    birth = row(bundle, "birth").case
    assert birth.channel == "onething"
    assert birth.form["mother_name"] == mother.name
    assert birth.applicant_id == mother.person_id

    approve(bundle, "birth")
    now = states(bundle)
    assert (now["birth"], now["household"], now["vaccination"]) == ("done", "running", "running"), (
        "side by side"
    )
    certificate = Licence.objects.get(type__code="birth-certificate", person_id=mother.person_id)
    assert row(bundle, "household").case.form["birth_certificate_number"] == certificate.number.replace(
        "-", ""
    )

    approve(bundle, "household")
    number = row(bundle, "household").given_number
    child = parse_resident_id(number, on=clock.today())
    assert child.birth_date == clock.today()
    assert int(number[16]) % 2 == 0, "a girl"
    assert row(bundle, "insurance").case.form["child_id_number"] == number
    assert states(bundle)["card"] == "waiting"

    approve(bundle, "insurance")
    approve(bundle, "vaccination")
    approve(bundle, "card")
    assert set(states(bundle).values()) == {"done"}
    jobs.run_due()
    done = Bundle.objects.get(pk=bundle.pk)
    assert done.state == "finished"
    pack = zipfile.ZipFile(io.BytesIO(blob_path(done.pack_digest).read_bytes()))
    names = pack.namelist()
    assert names[0] == "00-结果清单.pdf"
    assert pack.read(names[0]).startswith(b"%PDF")
    assert sum("准予决定书" in name for name in names) == 5
    assert (
        Message.objects.filter(
            user_id=mother.user_id, source__startswith=f"onething:{bundle.pk}:pack"
        ).count()
        == 1
    )


def test_a_correction_stops_nothing_else(mother, newborn, approve, official, settle):
    bundle = actions.submit_bundle(Call(mother), bundle=newborn(), declared=True)
    approve(bundle, "birth")
    case = row(bundle, "vaccination").case
    services.return_case(Call(official(case.department)), case=fresh(case), reason="请补充首针记录")
    settle()
    assert states(bundle)["vaccination"] == "correction"
    approve(bundle, "household")
    assert states(bundle)["insurance"] == "running"
    services.correct_case(Call(mother), case=fresh(case), form=case.form)
    settle()
    assert states(bundle)["vaccination"] == "running"


def test_a_refusal_blocks_what_rests_on_it_until_it_is_tried_again(
    mother, newborn, approve, official, settle
):
    bundle = actions.submit_bundle(Call(mother), bundle=newborn(), declared=True)
    approve(bundle, "birth")
    case = row(bundle, "household").case
    ground = case.version.spec.grounds()[0].id
    services.refuse_case(
        Call(official(case.department)), case=fresh(case), ground=ground, reason="已在外地登记"
    )
    settle()
    now = states(bundle)
    assert (now["household"], now["insurance"], now["card"]) == ("refused", "blocked", "blocked")
    assert now["vaccination"] == "running", "what does not rest on it goes on"
    assert "已在外地登记" in row(bundle, "household").reason["zh"]
    assert "没有办成" in row(bundle, "insurance").reason["zh"]
    actions.retry_item(Call(mother), item=row(bundle, "household"))
    now = states(bundle)
    assert (now["household"], now["insurance"]) == ("running", "waiting")
    approve(bundle, "household")
    assert states(bundle)["insurance"] == "running"


def test_without_consent_it_is_asked_instead_of_failing(mother, newborn, approve):
    bundle = newborn(refused=frozenset({"insurance_household"}))
    bundle = actions.submit_bundle(Call(mother), bundle=bundle, declared=True)
    approve(bundle, "birth")
    approve(bundle, "household")
    asking = row(bundle, "insurance")
    assert asking.state == "asking"
    assert asking.missing == {"fields": ["child_id_number"], "uploads": ["household"]}
    number = row(bundle, "household").given_number
    with pytest.raises(InvalidInput) as lacking:
        actions.answer_item(Call(mother), item=asking, fields={"child_id_number": number})
    assert "household" in lacking.value.fields
    stored = {
        "digest": "0" * 64,
        "media_type": "image/jpeg",
        "size": 9,
        "width": 9,
        "height": 9,
        "name": "户口页.jpg",
    }
    answered = actions.answer_item(
        Call(mother), item=asking, fields={"child_id_number": number}, files={"household": stored}
    )
    assert answered.state == "running"
    assert answered.case.form["child_id_number"] == number
    assert answered.case.files.get(material="household", current=True).name == "户口页.jpg"


def test_refused_register_data_is_typed(mother, newborn):
    bundle = newborn(refused=frozenset({"health_identity"}))
    with pytest.raises(InvalidInput) as wrong:
        actions.submit_bundle(Call(mother), bundle=bundle, declared=True)
    assert {"mother_name", "mother_id", "household_address"} <= set(wrong.value.fields)
    assert not Case.objects.filter(channel="onething").exists(), "nothing half-handed in"
    theme = bundle.theme
    mine = {
        "mother_name": "李静",
        "mother_id": "110101199003070038",
        "guardian": "李静",
        "household_address": "龙洞街道8号",
    }
    actions.save_draft(Call(mother), theme=theme, facts=mine)
    done = actions.submit_bundle(Call(mother), bundle=bundle, declared=True)
    assert row(done, "birth").state == "running"


def test_what_is_not_chosen_is_not_done(mother, newborn):
    bundle = actions.submit_bundle(
        Call(mother), bundle=newborn(certificate="yes", household="no", insurance="", card=""), declared=True
    )
    assert states(bundle) == {"vaccination": "running"}


def test_skipping_and_withdrawing(mother, newborn, approve):
    bundle = actions.submit_bundle(Call(mother), bundle=newborn(), declared=True)
    actions.skip_item(Call(mother), item=row(bundle, "insurance"))
    assert states(bundle)["card"] == "blocked"
    with pytest.raises(Conflict):
        actions.skip_item(Call(mother), item=row(bundle, "birth"))
    actions.withdraw_bundle(Call(mother), bundle=bundle)
    assert Case.objects.get(onething_item__key="birth").state == "withdrawn"
    with pytest.raises(Conflict):
        actions.withdraw_bundle(Call(mother), bundle=bundle)


def test_the_same_event_twice_and_the_same_submission_twice(mother, newborn, owner, settle):
    draft = newborn()
    first = actions.submit_bundle(Call(mother, key="k1"), bundle=draft, declared=True)
    again = actions.submit_bundle(Call(mother, key="k1"), bundle=draft, declared=True)
    assert first.pk == again.pk
    with pytest.raises(Conflict):
        actions.submit_bundle(Call(mother), bundle=draft, declared=True)
    settle()
    receipt = row(first, "birth").case.receipt
    for _ in range(2):
        actions.follow_case(Call.system("onething"), receipt=receipt)
    assert Case.objects.filter(channel="onething").count() == 1
    with pytest.raises(Forbidden):
        actions.withdraw_bundle(Call(owner), bundle=first)
    with pytest.raises(Forbidden):
        actions.follow_case(Call(mother), receipt=receipt)
    assert events is not None
