"""表达式的文字说明: an expression in words of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from quancheng.core.quality.language.nodes import (
    And,
    Arithmetic,
    Call,
    Column,
    Compare,
    Function,
    If,
    In,
    Literal,
    Matches,
    Negative,
    Node,
    Not,
    Or,
    Present,
    Relation,
    Today,
)
from quancheng.core.text import Text

__all__ = ["Labels", "name_of", "words"]

Labels = Mapping[str, Text]

_RELATIONS = {
    Relation.EQUAL: Text("等于", "is"),
    Relation.UNEQUAL: Text("不等于", "is not"),
    Relation.LESS: Text("小于", "is less than"),
    Relation.LESS_EQUAL: Text("不大于", "is at most"),
    Relation.GREATER: Text("大于", "is more than"),
    Relation.GREATER_EQUAL: Text("不小于", "is at least"),
}
_FUNCTIONS = {
    Function.LENGTH: Text("{0}的字数", "the length of {0}"),
    Function.LEFT: Text("{0}的前{1}位", "the first {1} characters of {0}"),
    Function.RIGHT: Text("{0}的后{1}位", "the last {1} characters of {0}"),
    Function.MIDDLE: Text("{0}从第{1}位起的{2}位", "{2} characters of {0} from number {1}"),
    Function.NUMBER: Text("{0}的数值", "{0} as a number"),
    Function.DATE: Text("{0}的日期", "{0} as a date"),
    Function.DAYS: Text("{1}至{0}的天数", "the days from {1} to {0}"),
    Function.YEAR: Text("{0}的年份", "the year of {0}"),
    Function.MONTH: Text("{0}的月份", "the month of {0}"),
    Function.ABS: Text("{0}的绝对值", "the size of {0}"),
}


def name_of(name: str, labels: Labels) -> Text:
    """What a column is called (列的名称)."""
    return labels.get(name) or Text(f"“{name}”", f"“{name}”")


def words(node: Node, labels: Labels) -> Text:
    """The expression as a clause (文字说明), without a full stop."""
    match node:
        case Column():
            return name_of(node.name, labels)
        case Literal():
            return _constant(node)
        case Today():
            return Text("检查日", "the day of the check")
        case Present():
            name = name_of(node.column.name, labels)
            return Text(f"{name.zh}已填写", f"{name.en} is filled in")
        case Not(inner=Present(column=column)):
            name = name_of(column.name, labels)
            return Text(f"{name.zh}未填写", f"{name.en} is not filled in")
        case Not():
            inner = words(node.inner, labels)
            return Text(f"并非（{inner.zh}）", f"it is not so that ({inner.en})")
        case And():
            return _joined(node.parts, "，且", " and ", labels)
        case Or():
            return _joined(node.parts, "，或", " or ", labels)
        case If():
            one, two = words(node.condition, labels), words(node.then, labels)
            return Text(f"若{one.zh}，则{two.zh}", f"if {one.en}, then {two.en}")
    return _more(node, labels)


def _constant(node: Literal) -> Text:
    value = node.value
    if isinstance(value, bool):
        return Text("是" if value else "否", "yes" if value else "no")
    if isinstance(value, str):
        return Text(f"“{value}”", f"“{value}”")
    shown = value.isoformat() if isinstance(value, date) else str(value)
    return Text(shown, shown)


def _joined(parts: tuple[Node, ...], zh: str, en: str, labels: Labels) -> Text:
    texts = []
    for part in parts:
        text = words(part, labels)
        inner = isinstance(part, And | Or | If)
        texts.append(Text(f"（{text.zh}）", f"({text.en})") if inner else text)
    return Text(zh.join(text.zh for text in texts), en.join(text.en for text in texts))


def _more(node: Node, labels: Labels) -> Text:
    parts = [words(child, labels) for child in node.children()]
    match node:
        case Compare():
            verb = _RELATIONS[node.relation]
            return Text(f"{parts[0].zh}{verb.zh}{parts[1].zh}", f"{parts[0].en} {verb.en} {parts[1].en}")
        case In():
            zh, en = "、".join(part.zh for part in parts[1:]), ", ".join(part.en for part in parts[1:])
            return Text(f"{parts[0].zh}为{zh}之一", f"{parts[0].en} is one of {en}")
        case Matches():
            return Text(f"{parts[0].zh}符合{node.pattern}", f"{parts[0].en} has the form {node.pattern}")
        case Arithmetic():
            sign = {"*": "×", "/": "÷"}.get(node.operator, str(node.operator))
            one, two = (
                Text(f"（{part.zh}）", f"({part.en})") if isinstance(child, Arithmetic) else part
                for child, part in zip(node.children(), parts, strict=True)
            )
            return Text(f"{one.zh}{sign}{two.zh}", f"{one.en} {sign} {two.en}")
        case Negative():
            return Text(f"负的{parts[0].zh}", f"minus {parts[0].en}")
        case Call():
            form = _FUNCTIONS[node.function]
            return Text(
                form.zh.format(*(part.zh for part in parts)), form.en.format(*(part.en for part in parts))
            )
    raise TypeError(f"not a node of the language: {node!r}")
