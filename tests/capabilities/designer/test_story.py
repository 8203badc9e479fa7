"""An author changes the senior card by a table; another person publishes; running cases stay or move."""

from __future__ import annotations

import json

import pytest

from quancheng.capabilities.designer import actions, checking, decisions, queries, sandbox, trials
from quancheng.capabilities.designer.models import Migration, Scenario
from quancheng.capabilities.designer.values import SAMPLES, Part, sample_of
from quancheng.capabilities.services import actions as services
from quancheng.capabilities.services import queries as matters
from quancheng.capabilities.services.values import export_zip, import_matter
from quancheng.kernel import jobs
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

ANSWERS = {"phone": "13900001111", "delivery": "electronic", "truthful": "on"}
DAY = "2026-11-23"


def with_table(content: dict, rules: list[tuple[str, str]], policy: str = "UNIQUE") -> dict:
    """The senior card whose age is judged by a table of these rules."""
    document = decisions.add(decisions.opened("", content["code"]), "年龄", "applicant.age")
    given = {"policy": policy}
    for _ in rules[1:]:
        document = decisions.edited(document, "年龄", {"do": "add-rule"})
    for n, (test, outcome) in enumerate(rules):
        given |= {
            f"r{n}i0": test,
            f"r{n}o0": f'"{outcome}"',
            f"r{n}o1": '"按年龄判断"',
            f"r{n}o2": '"By age"',
        }
    document = decisions.edited(document, "年龄", given)
    conditions = [dict(one) for one in content["condition"]]
    conditions[0] |= {"check": "decision", "options": {"decision": "年龄"}}
    return content | {"dmn": decisions.written(document), "condition": conditions}


def save(call, draft, content, part=Part.TABLES):
    return actions.save_draft(call, draft=draft, content_=content, part=part.value, revision=draft.revision)


def test_a_copy_of_a_matter_in_force_has_nothing_to_mend(draft) -> None:
    assert checking.blocking(checking.troubles(draft.content)) == []


def test_overlapping_rules_are_told_with_a_counterexample_and_cannot_be_proposed(author, draft) -> None:
    draft = save(author, draft, with_table(draft.content, [(">= 60", "pass"), ("< 65", "fail")]))
    bad = checking.blocking(checking.troubles(draft.content))
    assert [one.part for one in bad] == [Part.TABLES]
    assert "=" in bad[0].example
    with pytest.raises(InvalidInput) as refused:
        actions.propose_draft(author, draft=draft, revision=draft.revision, note="试")
    assert refused.value.extra["troubles"][0]["part"] == "tables"


def test_another_person_publishes_and_running_cases_stay_until_they_are_moved(
    author, publisher, draft, actor, person_applies
) -> None:
    running = person_applies()
    draft = save(author, draft, with_table(draft.content, [(">= 65", "pass"), ("< 65", "fail")]))
    draft = actions.propose_draft(author, draft=draft, revision=draft.revision, note="提高到65周岁（模拟）")
    with pytest.raises(Forbidden):
        actions.publish_draft(author, draft=draft, revision=draft.revision)
    draft = actions.publish_draft(publisher, draft=draft, revision=draft.revision)
    assert draft.published_version == 2
    running.refresh_from_db()
    assert running.version.number == 1
    assert person_applies("citizen-young", insist=True).version.number == 2, (
        "new applications run on the new one"
    )

    rows, _page = queries.preview(publisher.actor, "senior-card", {})
    assert [(one["receipt"], one["ok"]) for one in rows] == [(running.receipt, True)]
    with pytest.raises(Forbidden):
        actions.start_migration(author, code="senior-card")
    moving = actions.start_migration(publisher, code="senior-card")
    jobs.run_due()
    moving.refresh_from_db()
    running.refresh_from_db()
    assert (moving.moved, moving.refused, running.version.number) == (1, [], 2)
    assert Migration.objects.get().ended_at is not None


def test_an_older_version_comes_back_through_a_draft_and_two_people(author, publisher, draft) -> None:
    first = dict(draft.content)
    draft = save(author, draft, with_table(draft.content, [(">= 65", "pass"), ("< 65", "fail")]))
    draft = actions.propose_draft(author, draft=draft, revision=draft.revision, note="改")
    actions.publish_draft(publisher, draft=draft, revision=draft.revision)
    old = next(one for one in queries.versions(author.actor, "senior-card") if one.number == 1)
    back = actions.begin_draft(author, content_=old.content, base_version=2, note="恢复")
    back = actions.propose_draft(author, draft=back, revision=back.revision, note="恢复到版本1")
    back = actions.publish_draft(publisher, draft=back, revision=back.revision)
    assert back.published_version == 3
    assert matters.matter_named(author.actor, "senior-card").current.content == first


def test_a_draft_of_an_outdated_version_is_not_published(author, publisher, draft) -> None:
    other = actions.begin_draft(author, content_=draft.content, base_version=1)
    draft = save(author, draft, draft.content | {"keywords": ["老年证"]}, Part.BASIC)
    draft = actions.propose_draft(author, draft=draft, revision=draft.revision, note="改搜索词")
    actions.publish_draft(publisher, draft=draft, revision=draft.revision)
    other = save(author, other, other.content | {"order": 2}, Part.BASIC)
    other = actions.propose_draft(author, draft=other, revision=other.revision, note="改排序")
    with pytest.raises(Conflict, match=r"版本2|现行版本已是2"):
        actions.publish_draft(publisher, draft=other, revision=other.revision)


def test_two_authors_at_once_one_wins_and_the_other_is_told_who(author, draft) -> None:
    save(author, draft, draft.content | {"order": 5}, Part.BASIC)
    with pytest.raises(Conflict) as told:
        actions.save_draft(
            author, draft=draft, content_=draft.content | {"order": 6}, part="basic", revision=1
        )
    assert author.actor.name in told.value.detail.zh
    draft.refresh_from_db()
    assert draft.content["order"] == 5
    assert "排序" in draft.changes.order_by("-id").first().lines[0]["zh"]


def test_the_sandbox_walks_the_whole_process_and_writes_nothing(draft) -> None:
    steps = [
        {"do": "task", "element": "receive", "outcome": "claim"},
        {"do": "task", "element": "decide", "outcome": "refuse"},
        {"do": "timer", "element": "appeal_over"},
    ]
    trial = trials.run(draft.content, sample_of("elder"), ANSWERS, steps, DAY)
    assert (trial.stopped, trial.finished, trial.status, trial.ends) == (None, True, "refused", ["closed"])
    assert trial.now.date().isoformat() > DAY, "the virtual clock went to the end of the appeal"
    assert {one.condition: one.outcome.value for one in trial.findings}["age"] == "pass"
    young = trials.run(draft.content, sample_of("young"), ANSWERS, [], DAY)
    assert {one.condition: one.outcome.value for one in young.findings}["age"] == "fail"


def test_a_form_that_refuses_the_answers_stops_the_trial_with_the_field(draft) -> None:
    trial = trials.run(draft.content, SAMPLES[0], {"phone": "123"}, [], DAY)
    assert trial.stopped is not None
    assert {"phone", "delivery", "truthful"} <= set(trial.wrong)


def test_a_scenario_that_comes_out_otherwise_forbids_publication(author, draft) -> None:
    steps = [{"do": "message", "name": "withdraw"}]
    actions.keep_scenario(
        author, draft=draft, name="六十岁", sample=sample_of("sixty").to_json(), answers=ANSWERS, steps=steps, start=DAY
    )  # fmt: skip
    assert Scenario.objects.get().expected["checks"]["age"] == "pass"
    draft = save(author, draft, with_table(draft.content, [(">= 65", "pass"), ("< 65", "fail")]))
    failed = trials.failures(draft.content, Scenario.objects.all())
    assert "预期 pass" in failed[0][1][0].zh
    with pytest.raises(InvalidInput, match="六十岁"):
        actions.propose_draft(author, draft=draft, revision=draft.revision, note="改")
    assert sandbox.MAX_STEPS == 200


def test_what_is_exported_comes_back_the_same(draft) -> None:
    class Exported:
        content, number = draft.content, 1

    assert import_matter(export_zip(Exported())) == draft.content


def test_drafts_of_other_departments_are_not_seen(draft, actor) -> None:
    from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

    stranger = Actor(
        ActorKind.OFFICIAL, "别处", draft.author_id, grants=(RoleGrant("designer.author", frozenset({-1})),)
    )
    assert queries.drafts(stranger, {}).items == []
    with pytest.raises(NotFound):
        queries.draft(stranger, draft.pk)


@pytest.fixture
def person_applies(town):
    """Wang Xiuying applies for the senior card."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from tests.capabilities.services.conftest import picture

    from quancheng.capabilities.people.models import User
    from quancheng.capabilities.people.queries import actor_for
    from quancheng.capabilities.services import files
    from quancheng.capabilities.services.models import Matter
    from quancheng.kernel.actions import Call

    def apply(key="citizen-elder", insist=False):
        call = Call(actor_for(User.objects.get(demo_key=key)))
        kept = services.save_draft(call, matter=Matter.objects.get(code="senior-card"), form=ANSWERS)
        fact = files.keep(SimpleUploadedFile("me.jpg", picture(), "image/jpeg"))
        services.attach_file(call, material="photo", fact=fact, name="me.jpg", draft=kept)
        return services.submit_case(call, matter_code="senior-card", insist=insist)

    return apply


def test_json_of_a_draft_is_plain(draft) -> None:
    assert json.loads(json.dumps(draft.content)) == draft.content
