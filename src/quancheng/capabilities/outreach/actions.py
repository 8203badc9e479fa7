"""The writers: themes, consents, the night's sweep, answers to hints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from quancheng.capabilities.messages.actions import send_message
from quancheng.capabilities.outreach import themes
from quancheng.capabilities.outreach.models import Consent, Hint, Sweep, Theme
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

USES = "uses"
PLAIN_TITLE = Text("您可能可以申请一项服务", "There may be a service you can apply for")


@action("outreach.theme.publish", idempotent=False)
def publish_theme(call: Call, *, content: Mapping[str, Any]) -> Theme:
    """主题入库 from its file; one that is paused stays paused. Raises InvalidInput (condition)."""
    access.require(call.actor, "publish", Theme)
    spec = themes.read(content)
    if wrong := themes.problems(spec):
        raise InvalidInput(Text("；".join(one.zh for one in wrong), "; ".join(one.en for one in wrong)))
    theme, made = Theme.objects.update_or_create(
        code=spec.code,
        defaults={
            "content": spec.model_dump(mode="json"), "digest": themes.digest_of(spec), "order": spec.order,
            "sensitive": spec.sensitive, "changed_at": call.at,
        },
    )  # fmt: skip
    audit.note(theme=theme.code, new=made)
    return theme


@action("outreach.theme.switch")
def switch_theme(call: Call, *, theme: Theme, active: bool) -> Theme:
    """发布或暂停主题: a paused theme tells nobody. Raises Forbidden, Conflict (so already)."""
    access.require(call.actor, "switch", theme)
    current: Theme = Theme.objects.select_for_update().get(pk=theme.pk)
    if current.active == active:
        raise Conflict(Text("主题已经是这个状态。", "The theme is in that state already."))
    current.active, current.changed_at = active, call.at
    current.save(update_fields=["active", "changed_at"])
    audit.note(theme=current.code, active=active)
    events.emit("outreach.theme.switched", current.code, {"theme": current.code, "active": active})
    return current


@action("outreach.consent", idempotent=False)
def set_consents(call: Call, *, general: bool, agreed: Sequence[str] = ()) -> int:
    """同意与撤回: whether to be told at all, and of which themes; returns how many themes are agreed.

    Without the general consent no theme is. Raises Forbidden, InvalidInput (unknown theme).
    """
    access.require(call.actor, "give", Consent)
    known = {one.code: one for one in Theme.objects.all()}
    if unknown := sorted(set(agreed) - set(known)):
        raise InvalidInput(Text(f"没有主题 {unknown[0]}。", f"There is no theme {unknown[0]}."))
    wanted = set(agreed) if general else set()
    rows: list[tuple[Theme | None, bool]] = [
        (None, general),
        *((one, code in wanted) for code, one in known.items()),
    ]
    for theme, value in rows:
        Consent.objects.update_or_create(
            person_id=call.actor.person_id, theme=theme,
            defaults={"agreed": value, "at": call.at, "simulated": call.actor.simulated},
        )  # fmt: skip
    audit.note(general=general, themes=sorted(wanted))
    events.emit(
        "outreach.consent.changed",
        f"person:{call.actor.person_id}",
        {"person_id": call.actor.person_id, "general": general, "themes": sorted(wanted)},
    )
    return len(wanted)


@action("outreach.hint.decline")
def decline_hint(call: Call, *, hint: Hint, stop: bool = False) -> Hint:
    """不需要: this hint; with ``stop`` no more of its theme. Raises Forbidden, Conflict (answered)."""
    access.require(call.actor, "decline", hint)
    current: Hint = Hint.objects.select_for_update(of=("self",)).select_related("theme").get(pk=hint.pk)
    if current.state == Hint.State.APPLIED:
        raise Conflict(Text("这项服务您已经申请。", "You applied for this already."))
    current.state, current.ended_at = Hint.State.DECLINED, call.at
    current.save(update_fields=["state", "ended_at"])
    if stop:
        Consent.objects.update_or_create(
            person_id=current.person_id, theme=current.theme, defaults={"agreed": False, "at": call.at}
        )
    audit.note(theme=current.theme.code, stop=stop)
    _tell("declined", current)
    return current


@action("outreach.hint.apply", idempotent=False)
def mark_applied(call: Call, *, person_id: int, matter: str, receipt: str) -> int:
    """已申请: hints of this matter told lately are answered by a case; how many. System only."""
    access.require(call.actor, "mark", Hint)
    days = rulebook.find("outreach.applied_days").integer()
    found = Hint.objects.filter(
        person_id=person_id, state=Hint.State.TOLD, theme__content__matter=matter,
        told_at__gte=call.at - timedelta(days=days),
    ).select_related("theme")  # fmt: skip
    count = 0
    for hint in found:
        hint.state, hint.ended_at, hint.receipt = Hint.State.APPLIED, call.at, receipt[:32]
        hint.save(update_fields=["state", "ended_at", "receipt"])
        _tell("applied", hint)
        count += 1
    audit.note(matter=matter, count=count)
    return count


@action("outreach.sweep.step", idempotent=False)
def sweep_step(
    call: Call,
    *,
    day: date,
    stage: str,
    cursor: int,
    counts: Mapping[str, int],
    found: Sequence[Mapping[str, Any]],
    used: Sequence[int] = (),
    over: bool = False,
) -> Sweep:
    """比对一批: keep the progress and tell whom it concerns, all or nothing; so a cut run loses nothing.

    ``found``: {theme, person_id, firm_id, match, simulated} of people who agreed; ``used``: people
    whose data were compared with their consent, one record each in the stream of uses.
    """
    access.require(call.actor, "sweep", Sweep)
    sweep, _made = Sweep.objects.get_or_create(day=day)
    told = sum(_told(call, row) for row in found)
    purpose = "主动服务：经本人同意，每晚比对可申请的服务"
    audit.record_many(
        [
            audit.Fact(
                call.actor,
                "outreach.compare",
                f"people.NaturalPerson:{pk}",
                {"purpose": purpose},
                call.at,
                "outreach.sweep.step",
                "done",
            )
            for pk in used
        ],
        stream=USES,
    )
    sweep.stage, sweep.cursor, sweep.told = stage, cursor, sweep.told + told
    sweep.counts = {key: sweep.counts.get(key, 0) + counts.get(key, 0) for key in {*sweep.counts, *counts}}
    if over:
        sweep.done_at = call.at
        for theme in Theme.objects.filter(active=True):
            theme.entitled, theme.swept_on = sweep.counts.get(theme.code, 0), day
            theme.save(update_fields=["entitled", "swept_on"])
        events.emit("outreach.sweep.done", day.isoformat(), {"day": day.isoformat(), "told": sweep.told})
    sweep.save()
    audit.note(stage=stage, cursor=cursor, told=told)
    return sweep


def _told(call: Call, row: Mapping[str, Any]) -> int:
    """One hint and its message; nothing when the cause was told before."""
    theme, match = row["theme"], row["match"]
    hint, made = Hint.objects.get_or_create(
        theme=theme, person_id=row["person_id"], cause=match.cause,
        defaults={
            "reason": match.reason.to_dict(), "told_at": call.at, "firm_id": row.get("firm_id"),
            "simulated": bool(row.get("simulated")),
        },
    )  # fmt: skip
    if not made:
        return 0
    spec = theme.spec
    hidden = Text(
        "登录后在“主动提醒”查看，可随时关闭。",
        "See it under “Hints” after signing in; you can switch it off.",
    )
    body = (
        hidden
        if theme.sensitive
        else Text(match.reason.zh + spec.todo.zh, f"{match.reason.en} {spec.todo.en}")
    )
    send_message(
        call.with_key(None), title=PLAIN_TITLE if theme.sensitive else spec.name.text, body=body,
        source=f"outreach:{hint.pk}", person_id=hint.person_id, kind="notice", link="/me/hints/",
        simulated=hint.simulated,
    )  # fmt: skip
    _tell("told", hint)
    return 1


def _tell(what: str, hint: Hint) -> None:
    events.emit(
        f"outreach.hint.{what}",
        f"hint:{hint.pk}",
        {"hint": hint.pk, "theme": hint.theme.code, "person_id": hint.person_id, "simulated": hint.simulated},
    )
