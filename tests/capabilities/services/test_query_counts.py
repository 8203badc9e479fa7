"""查询次数: what a page or a deed asks the database does not grow with what is on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.capabilities.services.bad_models import bpmn
from tests.capabilities.services.conftest import ANSWERS, photo
from tests.capabilities.services.form_matter import CODE, content

from quancheng.capabilities.people.models import Department
from quancheng.capabilities.services import actions, documents, files, queries
from quancheng.capabilities.services.models import Case, CaseTask, Matter
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

OFFICE = "jn-lixia-civil"
ENDS = '<startEvent id="start"/><endEvent id="end" qc:status="completed"/>'
DECIDE = (
    '<userTask id="decide" qc:side="office" qc:status="accepted" qc:outcomes="approve return"/>'
    '<exclusiveGateway id="decided" default="decided_end"/>'
    '<userTask id="correct" qc:side="applicant" qc:status="correction"/>'
)
LOOP = 'decide -> decided -> end; decided -> correct [outcome = "return"]; correct -> decide'
MOST = {
    "inbox": 16, "tasks": 11, "own": 9, "api": 25, "desk_case": 29, "citizen_case": 17,
    "submit": 24, "approve": 38,
}  # fmt: skip
"""What each may cost at most, whatever is on it; lower it when it becomes cheaper."""


def asks(deed: Callable[[], Any]) -> int:
    """How many statements a deed sends, after everything cached is warm."""
    with CaptureQueriesContext(connection) as seen:
        deed()
    return len(seen)


def page(client: Client, path: str) -> Callable[[], None]:
    def get() -> None:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.content

    return get


def reviews(count: int) -> str:
    """A process with so many opinions at once before the decision."""
    split = "".join(
        f'<userTask id="r{n}" name="会办{n}" qc:side="review" qc:status="accepted" qc:department="jn-civil" qc:level="district"/>'
        for n in range(count)
    )
    both = '<parallelGateway id="split"/><parallelGateway id="join"/>'
    paths = "; ".join(f"split -> r{n} -> join" for n in range(count))
    return bpmn(ENDS + DECIDE + split + both, f"start -> split; {paths}; join -> decide; {LOOP}")


def publish(count: int) -> Matter:
    change = {
        "form_json": "", "material": [], "condition": [], "bpmn": reviews(count),
        "department": {"follows": "jn-civil", "level": "district"},
    }  # fmt: skip
    return actions.publish_matter(Call.system("services"), content=content() | change, module="services")


@pytest.fixture
def elder(actor) -> Actor:
    return actor("citizen-elder")


@pytest.fixture
def clerk(town, user) -> Actor:
    office = Department.objects.get(code=OFFICE)
    grant = RoleGrant("services.clerk", frozenset({office.pk}))
    return Actor(ActorKind.OFFICIAL, "王审批", user("clerk-civil").pk, grants=(grant,))


def apply(person: Actor) -> Case:
    return actions.submit_case(Call(person), matter_code=CODE, form={"confirmed": True})


def fresh(case: Case) -> Case:
    return Case.objects.select_related("version", "matter", "department").get(pk=case.pk)


def lived(case: Case, clerk: Actor, elder: Actor, rounds: int) -> Case:
    """A case with a history: opinions, notes, corrections, printed documents."""
    for task in CaseTask.objects.select_related("case", "department").filter(case=case, state="open"):
        actions.answer_task(Call(clerk), task=task, outcome="object", opinion="还差一张")
    for number in range(rounds):
        actions.note_case(Call(clerk), case=fresh(case), text=f"备注{number}")
        actions.return_case(Call(clerk), case=fresh(case), reason="请补充")
        actions.correct_case(Call(elder), case=fresh(case), form={"confirmed": True})
    for document in case.documents.all():
        documents.print_document(Call.system("services"), document=document)
    return fresh(case)


# -- pages ---------------------------------------------------------------------------------------------
@pytest.fixture
def busy(town, elder, clerk) -> list[Case]:
    """Fifty cases at one office, a task each."""
    publish(1)
    return [apply(elder) for _ in range(50)]


def same(client: Client, path: str, most: str, rows: Callable[[int], int]) -> None:
    page(client, path.format(size=1))()
    costs = [asks(page(client, path.format(size=size))) for size in (2, 25, 50)]
    assert (rows(25), rows(50)) == (25, 50), "there is something on the page"
    assert costs[0] == costs[1] == costs[2], costs
    assert costs[0] <= MOST[most], costs


def test_inbox(busy, signed_in, clerk):
    same(
        signed_in("clerk-civil"), "/work/cases/?state=all&size={size}", "inbox",
        lambda size: len(queries.inbox(clerk, {"state": "all", "size": str(size)})),
    )  # fmt: skip


def test_tasks(busy, signed_in, clerk):
    from quancheng.capabilities.services import worklists

    same(
        signed_in("clerk-civil"), "/work/joint/?size={size}", "tasks",
        lambda size: len(worklists.tasks(clerk, {"size": str(size)}).items),
    )  # fmt: skip


def test_lists_of_the_interface(busy, signed_in):
    desk, citizen = signed_in("clerk-civil"), signed_in("citizen-elder")
    for client, path in ((desk, "/api/v1/services/desk/cases"), (citizen, "/api/v1/services/cases")):
        page(client, f"{path}?state=all&size=2")()
        costs = [asks(page(client, f"{path}?state=all&size={size}")) for size in (2, 25, 50)]
        assert costs[0] == costs[1] == costs[2] <= MOST["api"], (path, costs)


def test_ones_own_cases(busy, signed_in):
    same(signed_in("citizen-elder"), "/cases/?size={size}", "own", lambda size: size)


def test_case_page_of_the_office_and_of_the_applicant(town, elder, clerk, signed_in):
    """One round and one opinion, or five rounds and nine opinions: the same statements."""
    publish(1)
    short = lived(apply(elder), clerk, elder, 1)
    publish(9)
    long = lived(apply(elder), clerk, elder, 5)
    assert long.documents.count() == 5 * short.documents.count() == 5
    assert long.tasks.count() == 9
    for client, path, most in (
        (signed_in("clerk-civil"), "/work/cases/{}/", "desk_case"),
        (signed_in("citizen-elder"), "/cases/{}/", "citizen_case"),
    ):
        for one in (short, long):
            page(client, path.format(one.receipt))()
        costs = [asks(page(client, path.format(one.receipt))) for one in (short, long)]
        assert costs[0] == costs[1], (path, costs)
        assert costs[0] <= MOST[most], (path, costs)


# -- deeds ---------------------------------------------------------------------------------------------
def test_submitting_costs_the_same_for_the_first_and_the_fiftieth(busy, elder):
    first, fiftieth = asks(lambda: apply(elder)), asks(lambda: apply(elder))
    assert first == fiftieth <= MOST["submit"]


def test_submitting_and_approving_a_real_matter(actor, elder, clerk):
    """老年优待证 with its photo, its checks and its licence."""
    given = {**ANSWERS, "truthful": True}
    photo_of = {"photo": files.keep(photo())}

    def submit() -> Case:
        return actions.submit_case(
            Call(elder, key=f"k{Case.objects.count()}"), matter_code="senior-card", form=given, files=photo_of
        )

    case = submit()
    actions.withdraw_case(Call(elder), case=fresh(case))
    assert asks(submit) <= MOST["submit"]
    made = fresh(Case.objects.latest("id"))
    assert asks(lambda: actions.approve_case(Call(clerk, key="yes"), case=made)) <= MOST["approve"]
    assert fresh(made).state == "completed"


def test_approving_does_not_grow_with_the_history(town, elder, clerk):
    publish(1)
    costs = []
    for rounds in (1, 1, 6):
        case = lived(apply(elder), clerk, elder, rounds)
        costs.append(asks(lambda case=case: actions.approve_case(Call(clerk), case=case)))
    assert costs[1] == costs[2] <= MOST["approve"], costs
