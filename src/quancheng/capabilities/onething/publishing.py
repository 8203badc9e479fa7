"""发布一件事: a definition is checked against itself and the matters it names, then becomes a version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from quancheng.capabilities.onething import plan
from quancheng.capabilities.onething.models import Theme, ThemeVersion
from quancheng.capabilities.onething.spec import Item, digest_of, read_theme
from quancheng.capabilities.onething.spec import Theme as ThemeSpec
from quancheng.capabilities.services import queries as services
from quancheng.core import feel, forms
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput

__all__ = ["matters", "problems", "publish_theme"]


def matters(actor: Actor) -> dict[str, Any]:
    """Matters the asker may see, by code."""
    return {one.code: one for one in services.desk_matters(actor)}


@action("onething.theme.publish", idempotent=False)
def publish_theme(call: Call, *, content: Mapping[str, Any], module: str) -> Theme:
    """发布: the same content is the same version. Raises Forbidden, InvalidInput (every reason)."""
    access.require(call.actor, "publish", Theme)
    try:
        spec = read_theme(content)
    except ValidationError as wrong:
        where = "；".join(
            f"{'.'.join(str(part) for part in one['loc'])}：{one['msg']}" for one in wrong.errors()[:10]
        )
        raise InvalidInput(Text(f"一件事定义有误：{where}", f"The definition is wrong: {where}")) from wrong
    found = list(problems(spec, matters(call.actor)))
    if found:
        raise InvalidInput(
            Text("".join(one.zh for one in found[:20]), " ".join(one.en for one in found[:20]))
        )
    words = " ".join([spec.name.zh, spec.name.en, spec.summary.zh, *spec.keywords]).lower()
    theme, _made = Theme.objects.update_or_create(
        code=spec.code,
        defaults={
            "name": spec.name.to_dict(), "zone": spec.zone, "icon": spec.icon, "module": module,
            "order": spec.order, "search": words, "enabled": True,
        },
    )  # fmt: skip
    digest = digest_of(content)
    if theme.current is None or theme.current.digest != digest:
        number = (theme.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
        theme.current = ThemeVersion.objects.create(
            theme=theme, number=number, content=dict(content), digest=digest, published_at=call.at
        )
        theme.save(update_fields=["current"])
    audit.note(theme=spec.code, version=theme.current.number, digest=digest)
    return theme


def problems(spec: ThemeSpec, known: Mapping[str, Any]) -> Iterator[Text]:
    """Everything that keeps a definition from working, each with its reason (发布前检查)."""
    if loop := plan.circle(spec.item):
        yield plan.Cycle(loop).text
    questions: set[str] = set()
    try:
        questionnaire = spec.questionnaire
        questions = set(questionnaire.by_path)
        for one in forms.check(questionnaire):
            yield Text(f"问卷 {one.path}：{one.text.zh}", f"Questions {one.path}: {one.text.en}")
    except forms.FormError as wrong:
        yield Text(f"问卷 {wrong.path}：{wrong.text.zh}", f"Questions {wrong.path}: {wrong.text.en}")
    yield from _conditions(spec)
    yield from _names(spec)
    for item in spec.item:
        matter = known.get(item.matter)
        if matter is None or matter.current is None:
            yield Text(f"没有事项 {item.matter}。", f"There is no matter {item.matter}.")
            continue
        yield from _fits(spec, item, matter.current.spec, questions)


def _conditions(spec: ThemeSpec) -> Iterator[Text]:
    texts = [(one.key, one.when) for one in spec.item]
    texts += [(one.key, text) for one in spec.fact for text in (one.when, one.prefill_when)]
    for key, text in texts:
        try:
            if text:
                feel.parse(text, names=plan.NAMES)
        except (feel.FeelSyntaxError, feel.FeelLimitError) as wrong:
            yield Text(f"{key} 的条件写错了：{wrong.text.zh}", f"The condition of {key}: {wrong.text.en}")


def _names(spec: ThemeSpec) -> Iterator[Text]:
    """Every name that points somewhere must find something there."""
    items, facts = set(spec.items_by_key), set(spec.facts_by_key)
    pages, consents = {one.key for one in spec.page}, {one.key for one in spec.consent}
    wanted = [(one.key, "item", set(one.after), items) for one in spec.item]
    wanted += [
        (one.key, "item", {source.partition(".")[0] for source in one.results.values()}, items)
        for one in spec.item
    ]
    wanted += [(one.key, "fact", set(one.fields.values()), facts) for one in spec.item]
    wanted += [(one.key, "page", {one.page}, pages) for one in spec.fact]
    wanted += [(one.key, "item", {*one.items, *one.results, *one.uploads}, items) for one in spec.consent]
    wanted += [(one.key, "fact", set(one.facts), facts) for one in spec.consent]
    wanted += [(one.key, "item", set(one.to), items) for one in spec.upload]
    wanted += [(one.key, "consent", {one.without} - {""}, consents) for one in spec.upload]
    for key, kind, names, there in wanted:
        for name in sorted(names - there):
            yield Text(f"{key} 提到的{_KINDS[kind]} {name} 不存在。", f"{key} names a missing {kind} {name}.")
    for one in spec.item:
        early = {source.partition(".")[0] for source in one.results.values()} & items
        for name in sorted(early - _before(spec, one.key)):
            yield Text(
                f"{one.key} 要用 {name} 的结果，却不排在它后面。",
                f"{one.key} uses the result of {name} but does not come after it.",
            )


_KINDS = {"item": "事项", "fact": "信息", "page": "分页", "consent": "授权"}


def _before(spec: ThemeSpec, key: str, seen: frozenset[str] = frozenset()) -> set[str]:
    found: set[str] = set()
    for one in spec.of(key).after:
        if one not in seen and one in spec.items_by_key:
            found |= {one} | _before(spec, one, seen | {key})
    return found


def _fits(spec: ThemeSpec, item: Item, matter: Any, questions: set[str]) -> Iterator[Text]:
    """The fields a matter must have are all filled from somewhere, and nothing goes nowhere."""
    fields = {one.key: one for one in matter.field}
    given = {*item.fields, *item.results, *item.constants, *item.answers, *item.declared}
    for name in sorted(given - set(fields) - {"truthful"}):
        yield Text(f"事项 {item.matter} 没有字段 {name}。", f"Matter {item.matter} has no field {name}.")
    for name, field in fields.items():
        if field.required and not field.locked and name not in given:
            yield Text(
                f"事项 {item.matter} 的“{field.label.zh}”没有来源。",
                f"“{field.label.en}” of {item.matter} comes from nowhere.",
            )
    for name in sorted(set(item.answers.values()) - questions):
        yield Text(f"{item.key} 提到的问题 {name} 不存在。", f"{item.key} names a missing question {name}.")
    materials = {one.key for one in matter.material}
    handed = {one.to[item.key] for one in spec.upload if item.key in one.to}
    handed |= {name for one in spec.consent for name in one.uploads.get(item.key, ())}
    for name in sorted(handed - materials):
        yield Text(f"事项 {item.matter} 没有材料 {name}。", f"Matter {item.matter} has no material {name}.")
    open_papers = {one.key for one in matter.uploads if one.required}
    for name in sorted(open_papers - handed):
        yield Text(
            f"事项 {item.matter} 的材料 {name} 没有收。",
            f"Material {name} of {item.matter} is not asked for.",
        )
