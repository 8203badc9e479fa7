"""办件迁移: a matter changes while cases run; each goes on as it began, or moves without losing anything."""

from __future__ import annotations

from typing import Any

import pytest
from tests.capabilities.services.bad_models import bpmn
from tests.capabilities.services.form_matter import CODE, content

from quancheng.capabilities.people.models import Department
from quancheng.capabilities.services import actions, migrating, queries, running, timers
from quancheng.capabilities.services.models import Case, CaseTask, CaseTimer, Matter
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import Conflict, Forbidden

STANDARD = running.STANDARD.read_text(encoding="utf-8")
REVIEW = (
    '<bpmn:userTask id="second_look" name="复审" qc:side="review" qc:status="accepted" qc:department="jn-civil"'
    ' qc:level="district" qc:en="Second look"><bpmn:incoming>received__decide</bpmn:incoming>'
    '<bpmn:outgoing>looked</bpmn:outgoing></bpmn:userTask>'
    '<bpmn:sequenceFlow id="looked" sourceRef="second_look" targetRef="decide" />'
)  # fmt: skip


def with_review(text: str = STANDARD) -> str:
    """The standard process with a second look between acceptance and decision."""
    flow = 'id="received__decide" sourceRef="received" targetRef="decide"'
    assert flow in text
    text = text.replace(flow, flow.replace('targetRef="decide"', 'targetRef="second_look"'))
    text = text.replace(
        "<bpmn:incoming>received__decide</bpmn:incoming>", "<bpmn:incoming>looked</bpmn:incoming>"
    )
    return text.replace('<bpmn:serviceTask id="issue"', REVIEW + '<bpmn:serviceTask id="issue"', 1)


ENDS = '<startEvent id="start"/><endEvent id="end" qc:status="completed"/>'
DECIDE = '<userTask id="decide" qc:side="office" qc:status="accepted" qc:outcomes="approve"/>'


def opinion(name: str) -> str:
    return f'<userTask id="{name}" name="{name}" qc:side="review" qc:status="accepted" qc:department="jn-civil" qc:level="district"/>'


def joint(*names: str) -> str:
    """So many opinions side by side, then the decision."""
    gates = '<parallelGateway id="split"/><parallelGateway id="join"/>'
    paths = "; ".join(f"split -> {name} -> join" for name in names)
    body = ENDS + DECIDE + gates + "".join(opinion(name) for name in names)
    return bpmn(body, f"start -> split; {paths}; join -> decide -> end")


def for_each(collection: str) -> str:
    """One opinion for each item of a collection, all at once (multi-instance)."""
    loop = f'<multiInstanceLoopCharacteristics qc:collection="{collection}" qc:item="office"/>'
    each = opinion("each").replace("/>", f">{loop}</userTask>")
    return bpmn(ENDS + DECIDE + each, "start -> each -> decide -> end")


def publish(text: str, **more: Any) -> Matter:
    change = {
        "form_json": "", "material": [], "condition": [], "bpmn": text,
        "department": {"follows": "jn-civil", "level": "district"},
    }  # fmt: skip
    return actions.publish_matter(
        Call.system("services"), content=content() | change | more, module="services"
    )


@pytest.fixture
def elder(actor) -> Actor:
    return actor("citizen-elder")


@pytest.fixture
def clerk(town, user) -> Actor:
    grant = RoleGrant("services.clerk", frozenset({Department.objects.get(code="jn-lixia-civil").pk}))
    return Actor(ActorKind.OFFICIAL, "王审批", user("clerk-civil").pk, grants=(grant,))


@pytest.fixture
def author(town, user) -> Actor:
    """Whoever publishes matters may also move their cases."""
    grant = RoleGrant("designer.publisher", frozenset({Department.objects.get(code="jn-civil").pk}))
    return Actor(ActorKind.OFFICIAL, "李编制", user("clerk-manager").pk, grants=(grant,))


def apply(person: Actor) -> Case:
    return fresh(actions.submit_case(Call(person), matter_code=CODE, form={"confirmed": True}))


def fresh(case: Case) -> Case:
    found = Case.objects.select_related("version", "matter__current", "department")
    return found.get(pk=case.pk)


def waits(case: Case) -> set[str]:
    case = fresh(case)
    return {one.element for one in running.state_of(running.program_of(case.version), case).open_tasks}


def answer(case: Case, element: str, clerk: Actor, outcome: str = "agree") -> None:
    task = CaseTask.objects.select_related("case", "department").get(case=case, element=element, state="open")
    actions.answer_task(Call(clerk), task=task, outcome=outcome, opinion="意见")


def move(case: Case, author: Actor, mapping: dict[str, str] | None = None) -> Case:
    case = fresh(case)
    return fresh(
        migrating.migrate_case(
            Call(author), case=case, to_version_id=case.matter.current_id, mapping=mapping or {}
        )
    )


def snapshot(case: Case) -> tuple[Any, ...]:
    case = fresh(case)
    rows = sorted(case.tasks.values_list("element", "token", "state"))
    ticking = sorted(case.timers.values_list("timer", "open"))
    return (case.version_id, case.revision, case.flow, case.state, rows, ticking, case.history.count())


def test_running_cases_keep_theirs_and_new_ones_take_the_new(elder, clerk):
    first = publish(STANDARD).current
    old = apply(elder)
    second = publish(with_review()).current
    new = apply(elder)
    assert (old.version_id, new.version_id) == (first.pk, second.pk)
    assert second.number == first.number + 1
    for case in (old, new):
        actions.claim_case(Call(clerk), case=fresh(case))
    assert (waits(old), waits(new)) == ({"decide"}, {"second_look"})
    with pytest.raises(Conflict):
        actions.approve_case(Call(clerk), case=fresh(new))
    answer(new, "second_look", clerk)
    for case in (old, new):
        assert actions.approve_case(Call(clerk), case=fresh(case)).state == "completed"
    assert publish(with_review()).current_id == second.pk, "the same content is no new version"


def test_a_case_moves_before_the_new_step_and_ends_on_the_new_version(elder, clerk, author):
    publish(STANDARD)
    case = apply(elder)
    target = publish(with_review()).current
    [row], page = queries.migration_preview(author, CODE)
    assert (row["receipt"], row["ok"], row["losses"]) == (case.receipt, True, [])
    assert page.next is None
    assert snapshot(case)[0] != target.pk, "looking changes nothing"
    moved = move(case, author)
    assert (moved.version_id, moved.state, waits(moved)) == (target.pk, "submitted", {"receive"})
    assert moved.due_on == case.due_on, "the clock goes on"
    assert not queries.migration_preview(author, CODE)[0], "none is left behind"
    last = moved.history.latest("id")
    assert (last.kind, last.public) == ("migrated", False)
    actions.claim_case(Call(clerk), case=fresh(case))
    answer(case, "second_look", clerk)
    assert actions.approve_case(Call(clerk), case=fresh(case)).state == "completed"
    assert fresh(case).version_id == target.pk


def test_a_timer_moves_with_its_case_and_still_fires(elder, clerk, author):
    publish(STANDARD)
    case = apply(elder)
    actions.return_case(Call(clerk), case=case, reason="请补充")
    timer = CaseTimer.objects.get(case=case, open=True)
    publish(with_review())
    move(case, author)
    assert list(case.timers.filter(open=True)) == [timer], "the same moment, not begun anew"
    timers.fire_timer(Call.system("services"), timer_id=timer.pk)
    assert fresh(case).state == "withdrawn"


def test_a_step_that_is_gone_keeps_the_case_where_it_is(elder, clerk, author):
    """The case waits in the second look; the next version has none: refused, and it ends on its own."""
    publish(with_review())
    case = apply(elder)
    actions.claim_case(Call(clerk), case=case)
    publish(STANDARD)
    before = snapshot(case)
    [row], _ = queries.migration_preview(author, CODE)
    assert not row["ok"]
    assert "不存在" in row["losses"][0].zh
    assert row["losses"][0].en
    with pytest.raises(Conflict) as refused:
        move(case, author)
    assert "迁移会丢失数据" in refused.value.detail.zh
    assert "lose data" in refused.value.detail.en
    assert refused.value.extra["losses"]
    assert snapshot(case) == before, "nothing was changed"
    answer(case, "second_look", clerk)
    assert actions.approve_case(Call(clerk), case=fresh(case)).state == "completed"


def test_a_step_that_was_renamed_is_mapped(elder, clerk, author):
    publish(with_review())
    case = apply(elder)
    actions.claim_case(Call(clerk), case=case)
    publish(with_review().replace("second_look", "third_look"))
    with pytest.raises(Conflict):
        move(case, author)
    moved = move(case, author, {"second_look": "third_look"})
    assert waits(moved) == {"third_look"}
    answer(case, "third_look", clerk)
    assert actions.approve_case(Call(clerk), case=fresh(case)).state == "completed"


def test_open_opinions_side_by_side_move_with_what_was_said(elder, clerk, author):
    publish(joint("one", "two"))
    case = apply(elder)
    answer(case, "one", clerk, "object")
    publish(joint("one", "two").replace('name="two"', 'name="第二家"'))
    before = CaseTask.objects.get(case=case, element="two")
    move(case, author)
    assert waits(case) == {"two"}, "what was answered is not asked again"
    assert CaseTask.objects.get(case=case, state="open").token == before.token
    answer(case, "two", clerk)
    assert waits(case) == {"decide"}, "the two join as before"
    assert CaseTask.objects.get(case=case, element="one").outcome == "object"
    assert actions.approve_case(Call(clerk), case=fresh(case)).state == "completed"


def test_an_open_opinion_that_is_dropped_is_a_loss(elder, clerk, author):
    publish(joint("one", "two"))
    case = apply(elder)
    answer(case, "one", clerk)
    publish(joint("one", "three"))
    before = snapshot(case)
    [row], _ = queries.migration_preview(author, CODE)
    assert not row["ok"]
    with pytest.raises(Conflict):
        move(case, author)
    assert snapshot(case) == before
    answer(case, "two", clerk)
    assert actions.approve_case(Call(clerk), case=fresh(case)).state == "completed"


def test_an_open_multi_instance_moves_only_unchanged(elder, clerk, author):
    offices = '["jn-civil", "jn-health", "jn-water"]'.replace('"', "&quot;")
    publish(for_each(offices))
    case = apply(elder)
    assert CaseTask.objects.filter(case=case, element="each", state="open").count() == 3
    publish(for_each('["jn-civil"]'.replace('"', "&quot;")))
    before = snapshot(case)
    [row], _ = queries.migration_preview(author, CODE)
    assert not row["ok"]
    assert "多实例" in row["losses"][0].zh
    with pytest.raises(Conflict, match="多实例"):
        move(case, author)
    assert snapshot(case) == before
    publish(for_each(offices).replace('name="each"', 'name="各家会办"'))
    move(case, author)
    tasks = CaseTask.objects.select_related("case", "department").filter(case=case, state="open")
    assert tasks.count() == 3
    for task in tasks:
        grant = RoleGrant("services.clerk", frozenset({task.department_id}))
        who = Actor(ActorKind.OFFICIAL, "各家", clerk.user_id, grants=(grant,))
        actions.answer_task(Call(who), task=task, outcome="agree")
    assert waits(case) == {"decide"}
    assert actions.approve_case(Call(clerk), case=fresh(case)).state == "completed"


def test_a_change_of_words_moves_every_case_wherever_it_stands(elder, clerk, author):
    """The process is the same: only the version changes, also with a task open."""
    publish(with_review())
    case = apply(elder)
    actions.claim_case(Call(clerk), case=case)
    target = publish(
        with_review(), summary={"zh": "新的说明（模拟）。", "en": "New words (simulated)."}
    ).current
    [row], _ = queries.migration_preview(author, CODE)
    assert row["ok"]
    flow = fresh(case).flow
    assert move(case, author).version_id == target.pk
    assert fresh(case).flow == flow


def test_who_may_not_and_what_cannot(elder, clerk, author):
    publish(STANDARD)
    case = apply(elder)
    publish(with_review())
    for somebody in (elder, clerk):
        with pytest.raises(Forbidden):
            move(case, somebody)
    other = Matter.objects.get(code="senior-card").current_id
    with pytest.raises(Conflict, match="另一个事项"):
        migrating.migrate_case(Call(author), case=case, to_version_id=other)
    first = move(case, author)
    again = Call(author, key="twice")
    assert migrating.migrate_case(again, case=first, to_version_id=first.version_id).pk == case.pk
    actions.withdraw_case(Call(elder), case=fresh(case))
    publish(STANDARD)
    assert not queries.migration_preview(author, CODE)[0], "what has ended stays where it ended"
