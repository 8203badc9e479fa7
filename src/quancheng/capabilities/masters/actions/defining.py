"""Sources, rules of survivorship, models: what a master is made of changes here, dated and with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from quancheng.capabilities.masters.models import LinkageModel, Master, Source, Survivorship
from quancheng.capabilities.masters.recipe import recipe, recipes
from quancheng.capabilities.people import queries as people
from quancheng.core.linkage import Strategy
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("masters.sync", idempotent=False)
def sync_masters(call: Call) -> list[str]:
    """同步基础库定义: masters of the release and their first rules; what a steward decided stays."""
    access.require(call.actor, "sync", Master)
    made: list[str] = []
    for one in recipes().values():
        said = {
            "zh": one.text.zh, "en": one.text.en, "owner": one.owner, "personal": one.personal, "order": one.order,
        }  # fmt: skip
        master, new = Master.objects.get_or_create(code=one.code, defaults=said)
        if not new and any(getattr(master, name) != value for name, value in said.items()):
            Master.objects.filter(pk=master.pk).update(**said)
        known = set(Survivorship.objects.filter(master=master).values_list("field", flat=True))
        rows = [
            Survivorship(
                master=master, field=spec.name, strategies=[s.value for s in spec.strategies],
                valid_from=one.rules_from, reason=one.rules_reason, decided_by="release", decided_at=call.at,
            )
            for spec in one.fields
            if spec.name not in known
        ]  # fmt: skip
        Survivorship.objects.bulk_create(rows)
        made += [one.code] if new else []
    audit.note(masters=made)
    return made


@action("masters.source.add")
def add_source(
    call: Call,
    *,
    master: Master,
    code: str,
    zh: str,
    en: str,
    organ: str,
    mapping: Mapping[str, str],
    kind: str = Source.Kind.TABLE,
    table_id: str = "",
    updated_column: str = "",
    region: str = "",
    trust: int = 9,
    simulated: bool = False,
) -> Source:
    """登记来源: a table of an organ. Raises InvalidInput (fields), Conflict (code taken), Forbidden."""
    access.require(call.actor, "steward", master)
    people.department(organ)
    _check_mapping(master, mapping, kind, table_id)
    if Source.objects.filter(master=master, code=code).exists():
        raise Conflict(Text("这个来源代码已被使用。", "This source code is taken."))
    made: Source = Source.objects.create(
        master=master, code=code, zh=zh, en=en, organ=organ, kind=kind, table_id=table_id, mapping=dict(mapping),
        updated_column=updated_column, region=region, trust=trust, simulated=simulated or call.actor.simulated,
    )  # fmt: skip
    Master.objects.filter(pk=master.pk).update(stale=True)
    audit.note(master=master.code, source=code, organ=organ)
    events.emit("masters.source.changed", master.code, {"master": master.code, "source": code})
    return made


def _check_mapping(master: Master, mapping: Mapping[str, str], kind: str, table_id: str) -> None:
    known = recipe(master.code).names
    if wrong := [name for name in mapping if name not in known]:
        said = Text(f"没有字段：{'、'.join(wrong)}", f"No such fields: {', '.join(wrong)}")
        raise InvalidInput(said, fields={"mapping": said})
    if kind == Source.Kind.TABLE and not (table_id and any(mapping.values())):
        said = Text("请指定数据表和至少一个字段的对应。", "Give a table and map at least one field.")
        raise InvalidInput(said, fields={"table_id": said})


@action("masters.source.change")
def change_source(call: Call, *, source: Source, trust: int, active: bool, reason: str) -> Source:
    """调整来源: its place in the order of trust, or on and off. Takes effect with the next build."""
    access.require(call.actor, "steward", source.master)
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请填写理由", "Enter the reason")})
    if not 1 <= trust <= 99:
        raise InvalidInput(fields={"trust": Text("信任次序为1到99", "Trust is 1 to 99")})
    audit.note(
        source=source.code, before=[source.trust, source.active], after=[trust, active], reason=reason[:300]
    )
    source.trust, source.active = trust, active
    source.save(update_fields=["trust", "active"])
    Master.objects.filter(pk=source.master_id).update(stale=True)
    events.emit(
        "masters.source.changed", source.master.code, {"master": source.master.code, "source": source.code}
    )
    return source


@action("masters.rule.change")
def change_rule(
    call: Call,
    *,
    master: Master,
    field: str,
    strategies: Sequence[str],
    valid_from: date,
    reason: str,
    trust: Sequence[str] = (),
) -> Survivorship:
    """调整存活规则 of a field from a day on (today or later). Raises InvalidInput (fields), Forbidden."""
    access.require(call.actor, "steward", master)
    wrong: dict[str, Text] = {}
    if recipe(master.code).field(field) is None:
        wrong["field"] = Text("没有这个字段", "No such field")
    known = {one.value for one in Strategy}
    if not strategies or len(set(strategies)) < len(strategies) or not known.issuperset(strategies):
        wrong["strategies"] = Text(
            "请选择一种或几种不同的取值次序", "Choose one or more different strategies"
        )
    if valid_from < clock.day_of(call.at):
        wrong["valid_from"] = Text("起始日不能早于今天", "The first day cannot be in the past")
    if not reason.strip():
        wrong["reason"] = Text("请填写理由", "Enter the reason")
    sources = set(master.sources.values_list("code", flat=True))
    if unknown := [one for one in trust if one not in sources]:
        wrong["trust"] = Text(f"没有来源：{'、'.join(unknown)}", f"No such sources: {', '.join(unknown)}")
    if wrong:
        raise InvalidInput(fields=wrong)
    made: Survivorship = Survivorship.objects.create(
        master=master, field=field, strategies=list(strategies), trust=list(trust), valid_from=valid_from,
        reason=reason.strip()[:300], decided_by=str(call.actor)[:100], decided_at=call.at,
    )  # fmt: skip
    Master.objects.filter(pk=master.pk).update(stale=True)
    audit.note(master=master.code, field=field, strategies=list(strategies), reason=made.reason)
    events.emit("masters.rule.changed", master.code, {"master": master.code, "field": field})
    return made


@action("masters.model.use")
def use_model(call: Call, *, model: LinkageModel, reason: str) -> LinkageModel:
    """启用模型: an earlier or a new version links from the next build on. Raises Conflict when it no longer fits."""
    access.require(call.actor, "steward", model.master)
    if model.recipe != recipe(model.master.code).digest:
        raise Conflict(
            Text(
                "比较项已改变，该模型不再适用。", "The comparisons have changed; this model no longer fits."
            ),
            todo=Text("请重新训练。", "Train a new one."),
        )
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请填写理由", "Enter the reason")})
    LinkageModel.objects.filter(master=model.master, active=True).update(active=False)
    model.active = True
    model.save(update_fields=["active"])
    Master.objects.filter(pk=model.master_id).update(stale=True)
    audit.note(master=model.master.code, version=model.version, reason=reason[:300])
    return model
