"""From upload to a person's judgement: the event asks, the worker reads, the desk sees, a person decides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.capabilities.assistant.test_pictures import png
from tests.capabilities.services.conftest import picture

from quancheng.capabilities.assistant import actions, drawing, indicators, ocr, queries, simulate, tasks
from quancheng.capabilities.assistant.models import Reading, ReviewPoint
from quancheng.capabilities.people.queries import search_people
from quancheng.capabilities.services import actions as services
from quancheng.capabilities.services import catalogue
from quancheng.capabilities.services.models import Case
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from quancheng.kernel.jobs.models import Job


def stored(content: bytes, width: int = 900, height: int = 700):
    digest, size = trust.store_blob([content], 50_000_000)
    return simulate._Upload(digest, "image/jpeg", size, width, height)


@pytest.fixture
def apply(person):
    """A dog's owner applies with a vaccination certificate, whatever bytes it is."""

    def make(content: bytes | None = None, *, whose=None) -> Case:
        owner = person(age_from=25, age_to=50)
        who = whose or owner.name
        day = clock.today() - timedelta(days=60)
        if content is None:
            given = {"name": who, "vaccinated_on": f"{day:%Y年%m月%d日}", "valid_to": "2030年01月09日"}
            content = drawing.draw("dog-vaccination", 41, given=given).jpeg()
        matter = catalogue.matter(owner, "dog-registration")
        answers = {
            "phone": "13900001111", "address": "济南市泉城路1号", "dog_name": "豆豆", "breed": "柯基犬",
            "vaccinated_on": day.isoformat(), "truthful": True, "delivery": "electronic",
        }  # fmt: skip
        keys = {row.key for row in matter.current.spec.field if not row.locked}
        form = {key: value for key, value in answers.items() if key in keys}
        draft = services.save_draft(Call(owner), matter=matter, form=form)
        for material, bytes_ in (("photo", picture()), ("vaccination", content)):
            services.attach_file(
                Call(owner), material=material, fact=stored(bytes_), name=f"{material}.jpg", draft=draft
            )
        return services.submit_case(Call(owner), matter_code="dog-registration", insist=True)

    return make


@pytest.fixture
def officer(clerk_of):
    return lambda case: clerk_of(case.department.code)


def points_of(officer, case: Case) -> dict[str, ReviewPoint]:
    return {one.key: one for one in queries.points(officer(case), case.receipt)}


def test_somebody_elses_certificate_is_found_and_a_person_decides(drawn, apply, officer, settle):
    case = apply(whose="郭浩然")
    settle()
    (row,) = Reading.objects.all()
    assert (row.state, row.material, row.expected) == ("waiting", "vaccination", ["dog-vaccination"])
    settle()
    assert Reading.objects.count() == 1, "the portrait of the dog is not read"
    jobs.run_due()
    row.refresh_from_db()
    assert (row.state, row.type, row.worst) == ("done", "dog-vaccination", "fail"), row.reason
    assert row.cpu_ms > 0
    points = points_of(officer, case)
    outcomes = {key: one.outcome for key, one in points.items()}
    assert outcomes["owner"] == outcomes["name"] == "fail"
    assert outcomes["type"] == outcomes["seal"] == outcomes["validity"] == outcomes["answers"] == "pass"
    assert points["name"].read == "郭浩然"
    assert trust.blob_path(points["name"].cut).exists()
    case.refresh_from_db()
    assert case.state == "submitted", "the assistant decides nothing"

    clerk = officer(case)
    with pytest.raises(InvalidInput, match="理由"):
        actions.judge_point(Call(clerk), point=points["name"], outcome="pass")
    actions.judge_point(Call(clerk), point=points["owner"], outcome="fail")
    judged = actions.judge_point(Call(clerk), point=points["name"], outcome="pass", reason="艺名，已核对户口")
    assert judged.decided_by_id == clerk.user_id
    shares = {one.key: (one.judged, one.agreed, one.share) for one in queries.accuracy(clerk)}
    assert shares == {"owner": (1, 1, 100.0), "name": (1, 0, 0.0)}
    assert indicators.agreement() == 50.0
    assert indicators.read_share() == 100.0
    assert AuditEntry.objects.filter(verb="assistant.point.judge").count() == 2
    settle()


def test_only_the_cases_office_sees_it(drawn, apply, clerk_of, settle, signed_in):
    case = apply(png(500, 500))
    settle()
    jobs.run_due()
    row = Reading.objects.get()
    stranger = clerk_of("jn-water")
    assert queries.points(stranger, case.receipt) == []
    with pytest.raises(NotFound):
        queries.case_of(stranger, case.receipt)
    with pytest.raises(NotFound):
        queries.reading(stranger, row.pk)
    citizen = Actor(ActorKind.PERSON, "甲", 1, case.applicant_id)
    assert queries.points(citizen, case.receipt) == []
    with pytest.raises(Forbidden):
        queries.page(citizen, {})
    with pytest.raises(Forbidden):
        actions.judge_point(Call(citizen), point=ReviewPoint.objects.first(), outcome="pass")
    with pytest.raises(Forbidden):
        actions.finish_reading(Call(stranger), reading=row, read=None, points=[], cuts={})
    client = signed_in("citizen-elder")
    assert client.get("/work/assistant/").status_code == 403
    assert client.get(f"/work/assistant/readings/{row.pk}/picture/").status_code == 404
    assert client.get(f"/work/assistant/points/{ReviewPoint.objects.first().pk}/cut/").status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"%PDF-1.7 a lie", "不是 JPEG"), (png(60_000, 60_000), "像素"), (png(300, 300), "损坏"), (b"", "空的")],
)
def test_lying_bombing_broken_and_empty_files_give_one_clear_finding(apply, officer, settle, content, words):
    case = apply(content)
    settle()
    jobs.run_due()
    (row,) = queries.readings(officer(case), case.receipt)
    (point,) = row.points.all()
    assert (row.state, point.key, point.outcome) == ("done", "clarity", "fail")
    assert words in point.reason["zh"]


def test_a_worker_killed_while_reading_is_replaced(drawn, apply, officer, settle, monkeypatch):
    case = apply()
    settle()

    class Killed(BaseException):
        """Stands for the process's end."""

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(tasks.reading, "read_page", die)
        with pytest.raises(Killed):
            jobs.run_due()
    row, job = Reading.objects.get(), Job.objects.get(kind="assistant.read")
    assert (row.state, job.state) == ("reading", "running")
    Job.objects.filter(pk=job.pk).update(lease_until=clock.now() - timedelta(hours=1))
    jobs.run_due(clock.now() + timedelta(minutes=5))
    row.refresh_from_db()
    job.refresh_from_db()
    assert (row.state, job.state, job.attempts) == ("done", "done", 2)
    assert points_of(officer, case)["type"].outcome == "pass"
    assert row.points.count() == len(points_of(officer, case))


def test_what_fails_for_good_says_so_and_can_be_repeated(drawn, apply, officer, settle, monkeypatch):
    case = apply()
    settle()

    class Broken:
        def page(self, picture):
            raise RuntimeError("the model is damaged")

    with monkeypatch.context() as patched:
        patched.setattr(ocr, "recogniser", lambda threads: Broken())
        for hour in range(4):
            jobs.run_due(clock.now() + timedelta(hours=hour))
    jobs.enqueue("assistant.sweep")
    jobs.run_due()
    row = Reading.objects.get()
    assert row.state == "failed"
    assert "the model is damaged" in row.reason["zh"]
    clerk = officer(case)
    assert queries.counts(clerk)["failed"] == 1
    again = actions.retry_reading(Call(clerk), reading=queries.reading(clerk, row.pk))
    assert (again.state, again.asked) == ("waiting", 2)
    with pytest.raises(Conflict):
        actions.retry_reading(Call(clerk), reading=again)
    jobs.run_due()
    row.refresh_from_db()
    assert row.state == "done"
    with pytest.raises(Conflict):
        actions.begin_reading(Call.system("assistant"), reading=row)
    actions.fail_reading(Call.system("assistant"), reading=row, reason=Text("晚了", "late"))
    row.refresh_from_db()
    assert row.state == "done", "what is done stays done"


def test_a_correction_replaces_the_picture(drawn, apply, officer, settle):
    case = apply(png(300, 300))
    settle()
    jobs.run_due()
    clerk = officer(case)
    services.return_case(Call(clerk), case=case, reason="请重新拍摄免疫证。")
    case.refresh_from_db()
    owner = Actor(ActorKind.PERSON, case.applicant_name, case.submitted_by_id, case.applicant_id)
    given = {"name": case.applicant_name, "valid_to": "2020年01月09日"}
    content = drawing.draw("dog-vaccination", 42, given=given).jpeg()
    services.attach_file(
        Call(owner), material="vaccination", fact=stored(content), name="again.jpg", case=case
    )
    services.correct_case(Call(owner), case=case, form=case.form)
    settle()
    jobs.run_due()
    assert Reading.objects.count() == 2
    (row,) = queries.readings(clerk, case.receipt)
    assert row.worst == "fail"
    assert points_of(officer, case)["validity"].outcome == "fail"
    assert points_of(officer, case)["owner"].outcome == "pass"


def test_pages_and_interface(drawn, apply, officer, settle, signed_in, user):
    from quancheng.capabilities.people.models import RoleGrant

    case = apply(whose="郭浩然")
    settle()
    jobs.run_due()
    client = signed_in("clerk-civil")
    clerk = user("clerk-civil")
    RoleGrant.objects.filter(user=clerk)  # the demo clerk belongs to another office
    assert client.get(f"/work/assistant/{case.receipt}/").status_code == 404
    grant = officer_grant(clerk, case)
    page = client.get("/work/assistant/").content.decode()
    assert case.receipt in page
    assert case.receipt in client.get(f"/work/assistant/?q={case.receipt[:9]}&outcome=fail").content.decode()
    assert case.receipt not in client.get("/work/assistant/?state=failed").content.decode()
    page = client.get(f"/work/assistant/{case.receipt}/").content.decode()
    for words in ("属于申请人本人", "印章存在且与发证机关一致", "郭浩然", "<svg", "不符"):
        assert words in page
    row = Reading.objects.get()
    assert client.get(f"/work/assistant/readings/{row.pk}/picture/")["Content-Type"] == "image/jpeg"
    point = row.points.get(key="name")
    assert client.get(f"/work/assistant/points/{point.pk}/cut/")["Content-Type"] == "image/jpeg"
    refused = client.post(f"/work/assistant/points/{point.pk}/judge/", {"outcome": "pass"})
    assert refused.status_code == 422
    assert "请写明理由" in refused.content.decode()
    done = client.post(f"/work/assistant/points/{point.pk}/judge/", {"outcome": "fail", "reason": ""})
    assert done.status_code == 302
    assert client.post(f"/work/assistant/readings/{row.pk}/retry/").status_code == 409

    base = "/api/v1/assistant"
    listed = client.get(f"{base}/readings?state=done").json()
    assert [one["receipt"] for one in listed["items"]] == [case.receipt]
    (only,) = client.get(f"{base}/cases/{case.receipt}").json()
    by_key = {one["point"]: one for one in only["points"]}
    assert by_key["name"]["decided"] == "fail"
    assert client.get(by_key["name"]["cut"]).status_code == 200
    body = {"outcome": "maybe"}
    at = f"{base}/points/{by_key['owner']['id']}/judgement"
    assert client.post(at, body, content_type="application/json").status_code == 422
    body = {"outcome": "fail"}
    sent = [
        client.post(at, body, content_type="application/json", headers={"Idempotency-Key": "k1"})
        for _ in "ab"
    ]
    assert [one.status_code for one in sent] == [200, 200]
    assert client.get(f"{base}/cases/nonsense").status_code == 404
    assert grant.role == "services.clerk"
    english = signed_in("clerk-civil", "en").get(f"/work/assistant/{case.receipt}/").content.decode()
    assert "The applicant&#x27;s own" in english or "The applicant's own" in english


def officer_grant(clerk, case):
    """Give a signed-in official the case's office as well."""
    from quancheng.capabilities.people.models import RoleGrant
    from quancheng.kernel.models import writing

    with writing("tests"):
        return RoleGrant.objects.create(
            user=clerk,
            role="services.clerk",
            department=case.department,
            valid_from=clock.today() - timedelta(days=1),
            granted_by="tests",
            granted_at=clock.now(),
        )


def test_the_list_asks_the_database_a_fixed_number_of_times(
    apply, officer, settle, django_assert_max_num_queries
):
    case = apply(b"")
    settle()
    jobs.run_due()
    clerk = officer(case)
    row = Reading.objects.get()
    from quancheng.kernel.models import writing

    with writing("tests"):
        Reading.objects.bulk_create(
            Reading(
                case=row.case, receipt=row.receipt, file_id=1000 + n, digest=row.digest, material=f"m{n}",
                material_name=row.material_name, asked_at=row.asked_at,
            )
            for n in range(40)
        )  # fmt: skip
    with django_assert_max_num_queries(3):
        assert len([one.case.matter.name for one in queries.page(clerk, {"size": "30"}).items]) == 30


def test_demo_cases_are_made_once(drawn, town, settle):
    from types import SimpleNamespace

    from quancheng.capabilities.services import simulate as services_simulate

    services_simulate._account(services_simulate.APPLICANTS, "模拟申请人")
    said = simulate.seed(SimpleNamespace(), None)
    assert "带证照图片的办件" in said
    made = Case.objects.count()
    assert made == len(simulate.STORIES), said
    settle()
    assert Reading.objects.count() == made
    assert simulate.seed(SimpleNamespace(), None) == "-"
    assert Case.objects.count() == made
    assert search_people(Actor.system("tests"), {}).exists()
