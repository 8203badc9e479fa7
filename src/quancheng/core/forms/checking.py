"""表单检查: everything that would make a form impossible, ambiguous or endless, said before it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any

from quancheng.core import feel
from quancheng.core.forms import formulas
from quancheng.core.forms.errors import FormError, Problem
from quancheng.core.forms.model import Field, FormDefinition, Kind, Rule, RuleKind
from quancheng.core.forms.schema import schema_problems
from quancheng.core.text import Text

__all__ = ["check"]

MEDIA = frozenset({"image/jpeg", "image/png", "application/pdf"})
_MOST_CASES = 600
_VISIBLE = "visible"
_VALUE = "value"
_Node = tuple[str, str]


def check(definition: FormDefinition) -> list[Problem]:
    """Problems of a definition (检查表单); an empty list means it may be published."""
    found = schema_problems(definition)
    found += _ui(definition)
    found += _fields(definition)
    found += _pages(definition)
    texts: list[Problem] = []
    for rule in definition.rules:
        texts += _rule(definition, rule)
    for page in definition.pages:
        if page.visible:
            texts += _expression(definition, page.visible, page.key, f"pages.{page.key}.visible")
    found += texts
    if not texts:
        found += _doubled(definition)
        circles = list(_circles(definition))
        found += circles
        if not circles and not found:
            found += _never_shown(definition)
    return found


# -- ui, fields, pages -------------------------------------------------------------------------------
def _ui(definition: FormDefinition) -> Iterator[Problem]:
    for path in definition.ui:
        if path not in definition.by_path:
            yield Problem(f"ui.{path}", Text(f"没有字段“{path}”。", f"There is no field “{path}”."))


def _fields(definition: FormDefinition) -> Iterator[Problem]:
    for field in definition.walk():
        if field.key in formulas.OUTSIDE or field.key in _WORDS:
            yield Problem(
                field.path, Text(f"“{field.key}”是保留的名字。", f"“{field.key}” is a reserved name.")
            )
        if not field.labelled:
            yield Problem(field.path, Text("字段没有中英文名称（label）。", "The field has no label."))
        if field.kind.outside and "." in field.path:
            yield Problem(
                field.path,
                Text("文件、签名和第二申请人不能放在分组里。",
                     "Files, signatures and second applicants cannot stand in groups."),
            )  # fmt: skip
        yield from _choices(definition, field)
        if field.locked and not field.prefill:
            yield Problem(field.path, Text("锁定的字段要写明 prefill。", "A locked field needs a prefill."))
        if (field.locked or field.prefill) and "." in field.path:
            yield Problem(field.path, Text("分组里的字段不能预填。", "Fields in groups cannot be prefilled."))
        if unknown := sorted(set(field.accept) - MEDIA):
            yield Problem(
                field.path,
                Text(f"不能接收的文件类型：{'、'.join(unknown)}。", f"File types not taken: {unknown}."),
            )


def _choices(definition: FormDefinition, field: Field) -> Iterator[Problem]:
    if field.kind not in {Kind.CHOICE, Kind.MULTI}:
        return
    ruled = definition.rules_of(field.path, RuleKind.OPTIONS)
    if not field.options and not ruled:
        yield Problem(field.path, Text("没有选项。", "There is nothing to choose."))
    given = definition.ui.get(field.path, {}).get("options", ())
    listed = list(given) if isinstance(given, Mapping) else [str(one.get("value")) for one in given]
    known = {one.value for one in field.options}
    for value in listed:
        if known and value not in known:
            yield Problem(
                f"ui.{field.path}.options",
                Text(f"schema 里没有选项“{value}”。", f"The schema has no “{value}”."),
            )


def _pages(definition: FormDefinition) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    keys: set[str] = set()
    for page in definition.pages:
        place = f"pages.{page.key}"
        if page.key in keys:
            yield Problem(place, Text("分页的 key 重复。", "The page key is used twice."))
        keys.add(page.key)
        if not page.fields:
            yield Problem(place, Text("分页上没有字段。", "The page has no fields."))
        for key in page.fields:
            if key not in {one.key for one in definition.fields}:
                yield Problem(place, Text(f"没有字段“{key}”。", f"There is no field “{key}”."))
            elif key in seen:
                yield Problem(
                    place,
                    Text(f"字段“{key}”已在分页“{seen[key]}”上。", f"“{key}” is already on {seen[key]}."),
                )
            seen.setdefault(key, page.key)
    for field in definition.fields:
        if field.key not in seen:
            yield Problem(field.path, Text("字段不在任何分页上。", "The field is on no page."))


# -- rules -------------------------------------------------------------------------------------------
def _rule(definition: FormDefinition, rule: Rule) -> Iterator[Problem]:
    field = definition.by_path.get(rule.target)
    if field is None:
        yield Problem(
            f"{rule.place}.target", Text(f"没有字段“{rule.target}”。", f"There is no field “{rule.target}”.")
        )
        return
    if rule.kind is RuleKind.VALUE and (field.kind.outside or field.children or field.locked):
        yield Problem(rule.place, Text("这个字段不能由规则计算。", "This field cannot be computed."))
    if rule.kind is RuleKind.OPTIONS and field.kind not in {Kind.CHOICE, Kind.MULTI}:
        yield Problem(rule.place, Text("只有选择题能有选项规则。", "Only choices have rules about options."))
    if rule.kind is RuleKind.VALID and rule.message is None:
        yield Problem(rule.place, Text("校验规则要有提示语（message）。", "A valid rule needs a message."))
    yield from _expression(definition, rule.feel, rule.target, f"{rule.place}.feel")


def _expression(definition: FormDefinition, text: str, at: str, place: str) -> Iterator[Problem]:
    try:
        names = formulas.dependencies(definition, text, at, place)
    except FormError as wrong:
        yield Problem(place, wrong.text)
        return
    for name, path in sorted(names.items()):
        if path is None:
            yield Problem(
                place,
                Text(f"规则用到了不存在的名字“{name}”。", f"The rule uses an unknown name “{name}”."),
            )
    for key in sorted({one.key for one in definition.walk()}):
        if re.search(rf"(?<![.\w\"]){key}\s*\(", text):
            yield Problem(
                place,
                Text(
                    f"字段“{key}”与规则里调用的函数同名，请给字段换个名字。",
                    f"The field “{key}” is called like the function the rule calls; rename the field.",
                ),
            )
    try:
        formulas.compiled(definition, text, place).evaluate(
            dict.fromkeys(names), formulas.environment(formulas.Environment())
        )
    except feel.FeelLimitError as endless:
        yield Problem(place, endless.text)


def _doubled(definition: FormDefinition) -> Iterator[Problem]:
    for field in definition.walk():
        if len(definition.rules_of(field.path, RuleKind.VALUE)) > 1:
            yield Problem(field.path, Text("有两条计算规则。", "There are two rules that compute it."))


def _circles(definition: FormDefinition) -> Iterator[Problem]:
    """Fields whose value or visibility depends on itself."""
    edges: dict[_Node, set[_Node]] = {}
    for field in definition.walk():
        shows, value = (
            edges.setdefault((field.path, _VISIBLE), set()),
            edges.setdefault((field.path, _VALUE), set()),
        )
        value.add((field.path, _VISIBLE))
        value.update((child.path, _VALUE) for child in field.children)
        parent = field.path.rpartition(".")[0]
        if parent:
            shows.add((parent, _VISIBLE))
        elif (page := definition.page_of(field.key)) and page.visible:
            shows.update(_uses(definition, page.visible, page.key))
        for rule in definition.rules_of(field.path, RuleKind.VISIBLE):
            shows.update(_uses(definition, rule.feel, field.path))
        for rule in definition.rules_of(field.path, RuleKind.VALUE):
            value.update(_uses(definition, rule.feel, field.path))
    for circle in _loops(edges):
        names = " → ".join(dict.fromkeys(path for path, _kind in circle))
        yield Problem(
            circle[0][0],
            Text(f"规则循环依赖：{names}。", f"The rules depend on each other in a circle: {names}."),
        )


def _uses(definition: FormDefinition, text: str, at: str) -> set[_Node]:
    names = formulas.dependencies(definition, text, at, at)
    return {(path, _VALUE) for path in names.values() if path is not None}


def _loops(edges: dict[_Node, set[_Node]]) -> Iterator[list[_Node]]:
    """Circles of a graph, each found once; no recursion."""
    done: set[_Node] = set()
    for start in edges:
        trail: list[_Node] = []
        on_trail: set[_Node] = set()
        waiting = [(start, False)]
        while waiting:
            node, leaving = waiting.pop()
            if leaving:
                on_trail.discard(trail.pop())
                done.add(node)
            elif node in on_trail:
                yield trail[trail.index(node) :]
            elif node not in done:
                trail.append(node)
                on_trail.add(node)
                waiting.append((node, True))
                waiting.extend((other, False) for other in sorted(edges.get(node, ())))


# -- never shown ---------------------------------------------------------------------------------------
def _never_shown(definition: FormDefinition) -> Iterator[Problem]:
    """Required fields that no answer can bring to the screen."""
    hidden: set[str] = set()
    for page in definition.pages:
        if page.visible and _always(definition, page.visible, page.key, True) is False:
            hidden.add(page.key)
            yield Problem(f"pages.{page.key}.visible", Text("这一页永远不会出现。", "This page never shows."))
    for field in definition.walk():
        rules = definition.rules_of(field.path, RuleKind.VISIBLE)
        never = any(_always(definition, rule.feel, field.path, True) is False for rule in rules)
        if never and (field.required or definition.rules_of(field.path, RuleKind.REQUIRED)):
            yield Problem(
                field.path,
                Text("必填字段的显示条件永远不成立。", "A required field is never visible."),
            )
        elif never:
            yield Problem(field.path, Text("字段永远不会显示。", "The field never shows."))
        for rule in definition.rules_of(field.path, RuleKind.VALID):
            if _always(definition, rule.feel, field.path, False) is True and not never:
                yield Problem(rule.place, Text("校验永远不通过。", "The validation always fails."))


def _always(definition: FormDefinition, text: str, at: str, wanted: bool) -> bool | None:
    """Over all answers of small choices: is the result ever ``wanted``?

    For visibility (wanted True): False when it never is. For validity (wanted False): True when it
    always is False. None when the question cannot be settled by trying.
    """
    expression = formulas.compiled(definition, text, at)
    domains: list[list[Any]] = []
    names = sorted(formulas.names_in(definition, text, at))
    for name in names:
        path = formulas.resolve(definition, name, at)
        values = _domain(definition.by_path[path]) if path else None
        if values is None:
            return None
        domains.append(values)
    count = 1
    for values in domains:
        count *= len(values)
        if count > _MOST_CASES:
            return None
    env = formulas.environment(formulas.Environment(today=date(2000, 1, 1)))
    seen: set[Any] = set()
    try:
        for combination in product(*domains):
            value = expression.evaluate(dict(zip(names, combination, strict=True)), env)
            seen.add(value if isinstance(value, bool) else None)
    except feel.FeelLimitError:
        return None
    if wanted:
        return None if True in seen else False
    return True if seen == {False} else None


def _domain(field: Field) -> list[Any] | None:
    if field.kind is Kind.AGREE:
        return [True, None]
    if field.kind is Kind.CHOICE and field.options:
        return [None, *(one.value for one in field.options)]
    return None


_WORDS = frozenset(
    {
        "and", "or", "not", "if", "then", "else", "for", "in", "return", "some", "every", "satisfies",
        "between", "true", "false", "null", "function", "external", "instance", "of", "item", "partial",
    }
)  # fmt: skip
