"""同时办理: two people, or a person and the clock, want the same case at the same moment.

Each deed has a connection of its own. Whatever the order, one deed happens wholly, the other not at
all, and whoever came second is told who was first.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from tests.capabilities.services.conftest import ANSWERS, photo, picture

from quancheng.capabilities.people import simulate
from quancheng.capabilities.people.models import Department, Firm, User
from quancheng.capabilities.services import actions, files, running, sync, timers
from quancheng.capabilities.services.models import Case, CaseDocument, CaseEvent, CaseTask, CaseTimer, Matter
from quancheng.capabilities.trust.models import Licence
from quancheng.kernel import events, registry
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import Conflict, QuanchengError
from quancheng.kernel.events.models import OutboxEvent

FILE = "QUANCHENG_TEST_SQLITE"
ROOT = Path(__file__).parents[3]
ROUNDS = 3
in_memory = connection.vendor == "sqlite" and FILE not in os.environ
pytestmark = pytest.mark.serial


@pytest.mark.skipif(not in_memory, reason="the races below run by themselves")
def test_at_once_in_a_file(tmp_path: Path) -> None:
    """The races below, in a process whose test database is a file: threads need one."""
    place = {FILE: str(tmp_path / "race.sqlite3"), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__))]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | place
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert ".......s" in done.stdout, "seven races ran, this test did not"


def race(function: Callable[..., None]) -> Callable[..., None]:
    needs_file = pytest.mark.skipif(in_memory, reason="see test_at_once_in_a_file")
    return pytest.mark.django_db(transaction=True)(needs_file(function))


def together(*deeds: Callable[[], Any]) -> list[Any]:
    """Run deeds in threads that start at the same moment; results or refusals."""
    gate, results = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int, deed: Callable[[], Any]) -> None:
        try:
            gate.wait()
            results[place] = deed()
        except Exception as failure:
            results[place] = failure
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, deed)) for n, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def one_refused(results: list[Any]) -> Conflict:
    """The refusal of whoever came second; everybody else got what they wanted."""
    refused = [one for one in results if isinstance(one, Exception)]
    assert len(refused) == 1, results
    assert isinstance(refused[0], Conflict), refused[0]
    assert refused[0].detail.zh
    assert refused[0].detail.en
    return refused[0]


# -- the town ----------------------------------------------------------------------------------------
@pytest.fixture
def small_town(transactional_db: None) -> None:
    registry.sync()
    simulate.seed(SimpleNamespace(persons=60, firms=10, seed=7), None)


@pytest.fixture
def owner(small_town: None) -> Actor:
    from quancheng.capabilities.people.queries import actor_for

    user = User.objects.get(demo_key="firm-owner")
    return replace(actor_for(user), firm_id=Firm.objects.filter(legal_person=user.person).first().pk)


def officer(department: Department, name: str, role: str = "services.clerk") -> Actor:
    account, _ = User.objects.get_or_create(
        username=f"officer-{name}", defaults={"kind": "official", "display_name": name}
    )
    return Actor(ActorKind.OFFICIAL, name, account.pk, grants=(RoleGrant(role, frozenset({department.pk})),))


FORM = {
    "premises_address": "历下区泉城路1号", "premises_area": "120", "seats": "60",
    "legal_representative": "赵建军", "format": "catering", "category": "hot",
    "food_manager": "赵建军", "phone": "13900001111", "truthful": True,
}  # fmt: skip


def restaurant(owner: Actor) -> Case:
    plan = {"layout": files.keep(photo(picture(800, 600)))}
    made = actions.submit_case(Call(owner), matter_code="food-business", form=FORM, insist=True, files=plan)
    return fresh(made)


def fresh(case: Case) -> Case:
    return Case.objects.select_related("version", "matter", "department").get(pk=case.pk)


def answered(case: Case, element: str, outcome: str) -> None:
    task = CaseTask.objects.select_related("case", "department").get(case=case, element=element, state="open")
    who = officer(task.department, "李协办")
    actions.answer_task(Call(who), task=task, outcome=outcome, opinion="意见")


def at_decision(owner: Actor) -> Case:
    case = restaurant(owner)
    actions.claim_case(Call(officer(case.department, "王受理")), case=case)
    for element in ("review_market", "review_fire", "review_environment"):
        answered(case, element, "agree")
    answered(case, "visit", "passed")
    return fresh(case)


def whole(case: Case) -> Case:
    """The rows around a case agree with its process: its timers, its tasks, its licence."""
    case = fresh(case)
    state = running.state_of(running.program_of(case.version), case)
    rows = case.timers.filter(open=True).values_list("element", flat=True)
    assert sorted(rows) == sorted(one.element for one in state.open_timers)
    waiting = set(case.tasks.filter(state="open").exclude(token="").values_list("token", flat=True))
    assert waiting <= {one.id for one in state.open_tasks}
    licences = Licence.objects.filter(issued_on_case=case.receipt).count()
    assert licences == (1 if case.state == "completed" else 0)
    return case


def kinds(case: Case) -> list[str]:
    return list(CaseDocument.objects.filter(case=case).order_by("id").values_list("kind", flat=True))


def told(case: Case, what: str) -> int:
    return OutboxEvent.objects.filter(type=f"services.case.{what}", subject=case.receipt).count()


# -- races -------------------------------------------------------------------------------------------
@race
def test_two_officials_decide_at_once_and_one_hears_of_the_other(owner):
    for _ in range(ROUNDS):
        case = at_decision(owner)
        ground, seen = case.spec.grounds()[0].id, case.revision
        first, second = officer(case.department, "王批准"), officer(case.department, "李驳回")
        results = together(
            lambda c=case, n=seen, who=first: actions.approve_case(Call(who), case=c, revision=n),
            lambda c=case, n=seen, who=second, g=ground: actions.refuse_case(
                Call(who), case=c, ground=g, reason="布局不符合要求", revision=n
            ),
        )
        refused, now = one_refused(results), whole(case)
        winner = "王批准" if now.state == "completed" else "李驳回"
        assert now.state in {"completed", "refused"}
        assert winner in refused.detail.zh
        assert winner in refused.detail.en
        assert refused.extra["state"] == now.state
        assert kinds(case) == ["acceptance", "approval" if now.state == "completed" else "refusal"]
        assert told(case, "approved") + told(case, "refused") == 1
        _out_of_the_way(now, owner)


@race
def test_two_reviewers_answer_one_task(owner):
    case = restaurant(owner)
    actions.claim_case(Call(officer(case.department, "王受理")), case=case)
    task = CaseTask.objects.select_related("case", "department").get(case=case, element="review_fire")
    one, other = officer(task.department, "赵同意"), officer(task.department, "钱反对")
    results = together(
        lambda: actions.answer_task(Call(one), task=task, outcome="agree"),
        lambda: actions.answer_task(Call(other), task=task, outcome="object", opinion="通道太窄"),
    )
    refused = one_refused(results)
    task.refresh_from_db()
    assert task.officer.display_name in refused.detail.zh
    assert refused.extra["outcome"] == task.outcome
    whole(case)
    history = CaseEvent.objects.filter(case=case, kind__in=["task.agree", "task.object"])
    assert [row.kind for row in history] == [f"task.{task.outcome}"]


@race
def test_the_last_two_opinions_at_once_join_once(owner):
    for _ in range(ROUNDS):
        case = restaurant(owner)
        actions.claim_case(Call(officer(case.department, "王受理")), case=case)
        answered(case, "review_market", "agree")
        results = together(
            lambda c=case: answered(c, "review_fire", "agree"),
            lambda c=case: answered(c, "review_environment", "agree"),
        )
        assert results == [None, None]
        whole(case)
        assert CaseTask.objects.filter(case=case, element="visit").count() == 1, "neither lost nor doubled"
        actions.withdraw_case(Call(owner), case=fresh(case))


@race
def test_one_draft_submitted_in_two_windows(small_town):
    from quancheng.capabilities.people.queries import actor_for

    elder = actor_for(User.objects.get(demo_key="citizen-elder"))
    matter = Matter.objects.get(code="senior-card")
    draft = actions.save_draft(Call(elder), matter=matter, form={**ANSWERS, "truthful": True})
    actions.attach_file(Call(elder), draft=draft, material="photo", fact=files.keep(photo()), name="me.jpg")
    results = together(
        *[
            lambda key=key: actions.submit_case(Call(elder, key=key), matter_code="senior-card", insist=True)
            for key in ("window-one", "window-two", "window-three")
        ]
    )
    made = [one for one in results if isinstance(one, Case)]
    assert len(made) == 1, results
    assert Case.objects.filter(matter=matter).count() == 1
    for refused in results:
        if refused is not made[0]:
            assert isinstance(refused, Conflict)
            assert made[0].receipt in refused.detail.zh
    assert made[0].files.count() == 1
    assert told(made[0], "submitted") == 1


@race
def test_a_withdrawal_and_a_decision_at_once(owner):
    for _ in range(ROUNDS):
        case = at_decision(owner)
        who = officer(case.department, "王批准")
        results = together(
            lambda c=case, who=who: actions.approve_case(Call(who), case=c),
            lambda c=case: actions.withdraw_case(Call(owner), case=c),
        )
        one_refused(results)
        now = whole(case)
        assert now.state in {"completed", "withdrawn"}
        assert told(case, "approved") + told(case, "withdrawn") == 1
        assert now.decision["kind"] == {"completed": "approved"}.get(now.state, "withdrawn")
        _out_of_the_way(now, owner)


TACIT = """<bpmn:boundaryEvent id="decide_late" name="逾期未决定，视为同意" attachedToRef="decide" cancelActivity="true">
      <bpmn:outgoing>late_issue</bpmn:outgoing>
      <bpmn:timerEventDefinition id="decide_late_definition" qc:workingDays="services.correction_days" />
    </bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="late_issue" sourceRef="decide_late" targetRef="issue" />
    <bpmn:serviceTask id="issue\""""


@race
def test_a_timer_fires_while_an_official_decides(owner):
    """默示许可: what is not decided in time is granted; here the office refuses in that very moment."""
    _publish_tacit()
    for _ in range(ROUNDS):
        case = at_decision(owner)
        timer = CaseTimer.objects.get(case=case, element="decide_late", open=True)
        who, ground = officer(case.department, "李驳回"), case.spec.grounds()[0].id
        results = together(
            lambda t=timer: timers.fire_timer(Call.system("services"), timer_id=t.pk),
            lambda c=case, who=who, g=ground: actions.refuse_case(
                Call(who), case=c, ground=g, reason="布局不符合要求", revision=c.revision
            ),
        )
        now = whole(case)
        timer.refresh_from_db()
        assert not timer.open
        refused = [one for one in results if isinstance(one, QuanchengError)]
        if now.state == "completed":
            assert len(refused) == 1, "the office came too late and is told"
            assert refused[0].extra["state"] == "completed"
        else:
            assert (now.state, refused) == ("refused", [])
            assert kinds(case)[-1] == "refusal"
        _out_of_the_way(now, owner)


@race
def test_a_timer_fires_while_the_applicant_corrects(owner):
    for _ in range(ROUNDS):
        case = restaurant(owner)
        actions.return_case(Call(officer(case.department, "王受理")), case=case, reason="请补充平面图")
        timer = CaseTimer.objects.get(case=case, element="correct_late", open=True)
        results = together(
            lambda t=timer: timers.fire_timer(Call.system("services"), timer_id=t.pk),
            lambda c=case: actions.correct_case(Call(owner), case=c, form=FORM),
        )
        now = whole(case)
        timer.refresh_from_db()
        assert not timer.open
        if now.state == "withdrawn":
            assert isinstance(results[1], Conflict), "too late, and told"
            assert now.decision["overdue"] is True
            assert told(case, "corrected") == 0
        else:
            assert now.state == "submitted"
            assert not [one for one in results if isinstance(one, Exception)]
            assert told(case, "lapsed") == 0
            actions.withdraw_case(Call(owner), case=fresh(case))


def _publish_tacit() -> None:
    path = Path(sync.__file__).parent / "resources" / "food-business.toml"
    content = sync.load(path)
    bpmn = content["bpmn"].replace('<bpmn:serviceTask id="issue"', TACIT)
    actions.publish_matter(Call.system("services"), content={**content, "bpmn": bpmn}, module="services")


def _out_of_the_way(case: Case, owner: Actor) -> None:
    """The firm may apply again: what was granted is revoked, what was refused is let be."""
    from quancheng.capabilities.trust import actions as trust

    events.drain(strict=True)
    for licence in Licence.objects.filter(issued_on_case=case.receipt):
        trust.revoke_licence(Call.system("services"), licence=licence, reason="测试收回")
