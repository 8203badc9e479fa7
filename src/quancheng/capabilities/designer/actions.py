"""The writers of drafts: make, change, propose, publish, take back; scenarios; migrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.designer import checking, content, diffing, trials
from quancheng.capabilities.designer.models import DraftChange, MatterDraft, Migration, Scenario
from quancheng.capabilities.designer.values import DraftState, Part, Sample
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import actions as services
from quancheng.capabilities.services import queries as matters
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn

__all__ = [
    "begin_draft", "drop_draft", "drop_scenario", "keep_scenario", "progress_migration", "propose_draft",
    "publish_draft", "return_draft", "save_draft", "start_migration",
]  # fmt: skip
MODULE = "designer"


@action("designer.draft.begin")
def begin_draft(
    call: Call, *, content_: Mapping[str, Any], base_version: int | None = None, note: str = ""
) -> MatterDraft:
    """新建草稿: of a blank, a copy, an import or an older version. Raises Forbidden, InvalidInput, TooLarge."""
    access.require(call.actor, "begin", MatterDraft)
    made = dict(content_)
    content.bounded(made)
    code = content.code_of(str(made.get("code") or ""))
    if Migration.objects.filter(code=code, ended_at=None).exists():
        raise Conflict(Text("该事项正在迁移办件，请稍后。", "Cases of this matter are being moved; wait."))
    draft = MatterDraft(
        code=code, name=_name(made), department=_department(made), content=made, base_version=base_version,
        author_id=_user(call), author_name=call.actor.name, note=note[:500],
        created_at=call.at, updated_at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    draft.save()
    access.require(call.actor, "edit", draft)  # asked of the row as it stands; refused, nothing is kept
    _remember(call, draft, Part.BASIC, [Text(note or "新建草稿", note or "Draft begun")])
    audit.note(matter=code, draft=draft.pk, base=base_version)
    _tell(draft, "begun")
    return draft


@action("designer.draft.save", idempotent=False)
def save_draft(
    call: Call, *, draft: MatterDraft, content_: Mapping[str, Any], part: str, revision: int
) -> MatterDraft:
    """保存草稿: with the revision the author looked at. Raises Forbidden, Conflict (another saved), TooLarge."""
    kept = _taken(call, draft, "edit", revision)
    if not kept.open:
        raise Conflict(
            Text("草稿已提请发布或已发布，不能再改。", "It was proposed or published; it cannot be changed.")
        )
    made = dict(content_)
    content.bounded(made)
    if made.get("code") != kept.code:
        raise InvalidInput(
            Text("草稿的事项代码不能改，请另建草稿。", "The code of a draft stays; begin another draft.")
        )
    found = diffing.changes(kept.content, made)
    if not found:
        return kept
    kept.content, kept.name = made, _name(made)
    kept.department = _department(made)
    kept.revision += 1
    kept.updated_at = call.at
    kept.save()
    access.require(call.actor, "edit", kept)  # the new deciding office must be the author's too
    _remember(call, kept, Part(part), [text for _part, text in found])
    audit.note(matter=kept.code, draft=kept.pk, revision=kept.revision, changes=len(found))
    return kept


@action("designer.draft.drop")
def drop_draft(call: Call, *, draft: MatterDraft, revision: int) -> MatterDraft:
    """放弃草稿. Raises Forbidden, Conflict."""
    kept = _taken(call, draft, "edit", revision)
    if kept.state == DraftState.PUBLISHED:
        raise Conflict(Text("已发布的草稿不能放弃。", "It is published."))
    return _turn(call, kept, DraftState.DROPPED, Text("放弃草稿", "Draft dropped"), "dropped")


@action("designer.draft.propose")
def propose_draft(call: Call, *, draft: MatterDraft, revision: int, note: str) -> MatterDraft:
    """提请发布: only what has no problem left and passes its scenarios. Raises Forbidden, Conflict, InvalidInput."""
    kept = _taken(call, draft, "edit", revision)
    if not kept.open:
        raise Conflict(Text("草稿不在编辑中。", "The draft is not being edited."))
    if not note.strip():
        wrong = Text("请写明为什么改。", "Say why it is changed.")
        raise InvalidInput(wrong, fields={"note": wrong})
    _refuse(kept)
    kept.note, kept.proposed_by_id, kept.proposed_at = note.strip()[:500], call.actor.user_id, call.at
    return _turn(
        call, kept, DraftState.PROPOSED, Text(f"提请发布：{kept.note}", f"Proposed: {kept.note}"), "proposed"
    )


@action("designer.draft.return")
def return_draft(call: Call, *, draft: MatterDraft, revision: int, reason: str) -> MatterDraft:
    """退回修改 by a publisher. Raises Forbidden, Conflict, InvalidInput."""
    kept = _taken(call, draft, "publish", revision)
    if kept.state != DraftState.PROPOSED:
        raise Conflict(Text("草稿没有提请发布。", "The draft was not proposed."))
    if not reason.strip():
        wrong = Text("请写明退回的理由。", "Say why it is returned.")
        raise InvalidInput(wrong, fields={"reason": wrong})
    words = reason.strip()[:500]
    return _turn(call, kept, DraftState.EDITING, Text(f"退回修改：{words}", f"Returned: {words}"), "returned")


@action("designer.draft.publish")
def publish_draft(call: Call, *, draft: MatterDraft, revision: int) -> MatterDraft:
    """发布: by another person than the one who proposed it or wrote it; running cases keep their version.

    Raises Forbidden (the same person), Conflict (stale, not proposed, a newer version came), InvalidInput.
    """
    kept = _taken(call, draft, "publish", revision)
    if kept.state != DraftState.PROPOSED:
        raise Conflict(Text("草稿没有提请发布。", "The draft was not proposed."))
    if call.actor.user_id in {kept.proposed_by_id, kept.author_id}:
        raise Forbidden(
            Text(
                "提请人、起草人不能自己发布，须由另一人发布。",
                "Another person than author and proposer publishes.",
            )
        )
    matter = matters.matter_named(call.actor, kept.code)
    current = matter.current.number if matter is not None and matter.current is not None else None
    if current is not None and kept.base_version != current:
        raise Conflict(Text(
            f"草稿依据版本{kept.base_version or '无'}，现行版本已是{current}，请退回后依据现行版本重新起草。",
            f"The draft is based on version {kept.base_version or 'none'}, current is {current}; base it anew.",
        ))  # fmt: skip
    _refuse(kept)
    module = matter.module if matter is not None else MODULE
    published = services.publish_matter(call.with_key(None), content=kept.content, module=module)
    kept.published_by_id = call.actor.user_id
    kept.published_version = published.current.number if published.current else None
    kept.simulated = kept.simulated or bool(kept.content.get("simulated"))
    return _turn(
        call, kept, DraftState.PUBLISHED,
        Text(f"发布为版本{kept.published_version}", f"Published as version {kept.published_version}"), "published",
    )  # fmt: skip


@action("designer.scenario.keep")
def keep_scenario(
    call: Call, *, draft: MatterDraft, name: str, sample: Mapping[str, Any], answers: Mapping[str, Any],
    steps: list[Mapping[str, Any]], start: str,
) -> Scenario:  # fmt: skip
    """保存场景: a trial run and what came of it; a name is used anew. Raises Forbidden, InvalidInput."""
    access.require(call.actor, "edit", draft)
    if not name.strip():
        wrong = Text("请填写场景名称。", "Give the scenario a name.")
        raise InvalidInput(wrong, fields={"name": wrong})
    trial = trials.run(draft.content, Sample.from_json(dict(sample)), answers, list(steps), start)
    if trial.stopped is not None:
        raise InvalidInput(trial.stopped)
    kept, _made = Scenario.objects.update_or_create(
        code=draft.code, name=name.strip()[:80],
        defaults={
            "department": draft.department, "sample": dict(sample), "answers": dict(answers),
            "steps": list(steps), "expected": trials.expected(trial), "start": trials.day(start),
            "by_id": _user(call), "made_at": call.at,
        },
    )  # fmt: skip
    audit.note(matter=draft.code, scenario=kept.name)
    return kept


@action("designer.scenario.drop")
def drop_scenario(call: Call, *, scenario: Scenario) -> int:
    """删除场景. Raises Forbidden."""
    access.require(call.actor, "edit", scenario)
    audit.note(matter=scenario.code, scenario=scenario.name)
    scenario.delete()
    return 1


@action("designer.migration.start")
def start_migration(call: Call, *, code: str) -> Migration:
    """迁移办件: a job moves every running case that loses nothing. Raises Forbidden, NotFound, Conflict."""
    matter = matters.matter_named(call.actor, code)
    if matter is None or matter.current is None:
        raise NotFound()
    target = Migration(
        code=code, department=_department(matter.current.content), version=matter.current.number,
        version_id_kept=matter.current.pk, by_id=_user(call), by_name=call.actor.name, started_at=call.at,
    )  # fmt: skip
    busy = Migration.objects.filter(code=code, ended_at=None).exists()
    target.save()
    access.require(call.actor, "start", target)
    if busy:
        raise Conflict(Text("该事项的迁移正在进行。", "A migration of this matter is running."))
    jobs.enqueue("designer.migrate", {"migration": target.pk}, key=f"migration-{target.pk}")
    audit.note(matter=code, version=target.version)
    events.emit("designer.migration.started", code, {"matter_code": code, "version": target.version})
    return target


@action("designer.migration.progress", idempotent=False)
def progress_migration(
    call: Call, *, migration: Migration, moved: int, refused: list[dict[str, Any]], last_id: int, done: bool
) -> Migration:
    """迁移进度, kept so that a crashed job goes on where it stood. System only. Raises Forbidden."""
    access.require(call.actor, "progress", migration)
    migration.moved += moved
    known = {one["receipt"] for one in migration.refused}
    migration.refused = [*migration.refused, *(one for one in refused if one["receipt"] not in known)][:500]
    migration.last_id = last_id
    migration.ended_at = call.at if done else None
    migration.save()
    audit.note(matter=migration.code, moved=moved, refused=len(refused))
    if done:
        events.emit(
            "designer.migration.ended", migration.code,
            {"matter_code": migration.code, "moved": migration.moved, "refused": len(migration.refused)},
        )  # fmt: skip
    return migration


# -- inside ----------------------------------------------------------------------------------------
def _user(call: Call) -> int:
    """Whose deed it is; nobody but a person writes or publishes matters. Raises NotSignedIn."""
    if call.actor.user_id is None:
        raise NotSignedIn()
    return call.actor.user_id


def _taken(call: Call, draft: MatterDraft, verb: str, revision: int) -> MatterDraft:
    """The draft under lock, as the asker saw it; else a Conflict that says who was first."""
    access.require(call.actor, verb, draft)
    kept: MatterDraft = MatterDraft.objects.select_for_update().get(pk=draft.pk)
    if kept.revision != revision:
        last = kept.changes.order_by("-id").first()
        who = last.by_name if last else kept.author_name
        raise Conflict(
            Text(
                f"您打开之后，{who}已经修改了草稿（修订{kept.revision}）。请重新打开，您这次的修改没有保存。",
                f"{who} has changed the draft since you opened it (revision {kept.revision}). "
                "Open it again; this change was not saved.",
            ),
            extra={"revision": kept.revision},
        )
    return kept


def _turn(call: Call, draft: MatterDraft, state: DraftState, text: Text, event: str) -> MatterDraft:
    draft.state = state.value
    draft.revision += 1
    draft.updated_at = call.at
    draft.save()
    _remember(call, draft, Part.BASIC, [text])
    audit.note(matter=draft.code, draft=draft.pk, state=state.value)
    _tell(draft, event)
    return draft


def _refuse(draft: MatterDraft) -> None:
    found = checking.blocking(checking.troubles(draft.content))
    if found:
        raise InvalidInput(
            Text(
                f"还有{len(found)}个问题：" + "；".join(one.text.zh for one in found[:5]),
                f"{len(found)} problems left: " + "; ".join(one.text.en for one in found[:5]),
            ),
            extra={"troubles": [{"part": one.part.value, "element": one.element, "text": one.text.to_dict()} for one in found]},
        )  # fmt: skip
    failed = trials.failures(draft.content, Scenario.objects.filter(code=draft.code).order_by("id"))
    if failed:
        names = "、".join(name for name, _lines in failed)
        raise InvalidInput(Text(f"场景未通过：{names}。", f"Scenarios fail: {names}."))


def _department(made: Mapping[str, Any]) -> Any:
    decider = made.get("department")
    code = str(decider.get("follows") or "") if isinstance(decider, Mapping) else ""
    try:
        return people.department(code)
    except NotFound as missing:
        wrong = Text(f"没有部门 {code or '（未写）'}。", f"There is no department {code or '(none)'}.")
        raise InvalidInput(wrong, fields={"department": wrong}) from missing


def _name(made: Mapping[str, Any]) -> dict[str, str]:
    name = made.get("name")
    if not isinstance(name, Mapping) or not str(name.get("zh") or "").strip():
        wrong = Text("请填写事项名称。", "Give the matter a name.")
        raise InvalidInput(wrong, fields={"name": wrong})
    return {"zh": str(name["zh"])[:200], "en": str(name.get("en") or name["zh"])[:200]}


def _remember(call: Call, draft: MatterDraft, part: Part, lines: list[Text]) -> None:
    DraftChange.objects.create(
        draft=draft, revision=draft.revision, at=call.at, by_id=_user(call),
        by_name=call.actor.name, part=part.value, lines=[one.to_dict() for one in lines[:40]],
    )  # fmt: skip


def _tell(draft: MatterDraft, what: str) -> None:
    events.emit(
        f"designer.draft.{what}", draft.code,
        {"matter_code": draft.code, "draft_id": draft.pk, "name": draft.name, "revision": draft.revision,
         "version": draft.published_version, "department_id": draft.department_id, "simulated": draft.simulated},
    )  # fmt: skip
