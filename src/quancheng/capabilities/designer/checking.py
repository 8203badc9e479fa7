"""检查: everything that keeps a draft from being published, each with its part and place.

The judge is the one publishing uses (``services.values.faults``); what only authors need to hear (gaps
in tables, checks without their options) is added, as warnings where publishing would allow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from quancheng.capabilities.designer.content import definition
from quancheng.capabilities.designer.values import Part, Trouble
from quancheng.capabilities.services.values import MatterSpec, faults
from quancheng.core import feel
from quancheng.core.feel import dmn
from quancheng.core.text import Text

__all__ = ["OPTIONS", "blocking", "example_text", "troubles"]

_PARTS = {"flow": Part.FLOW, "decisions": Part.TABLES, "form": Part.FORM, "conditions": Part.CONDITIONS}
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "age_at_least": ("parameter",),
    "photo": ("parameter",),
    "months_since": ("parameter", "field"),
    "within_months": ("parameter", "field"),
    "number_at_most": ("parameter", "field"),
    "decision": ("decision",),
}
"""What a check needs in its options."""


def troubles(content: Mapping[str, Any]) -> list[Trouble]:
    """All problems of a draft, those that forbid publishing first."""
    spec, found = definition(content)
    if spec is None:
        return found
    found = [Trouble(_PARTS.get(one.part, Part.BASIC), one.element, one.text) for one in faults(spec)]
    found += _options(spec)
    found = list(_with_examples(found, spec)) + list(_warnings(spec))
    return sorted(found, key=lambda one: not one.blocks)


def blocking(found: list[Trouble]) -> list[Trouble]:
    """Those that forbid publishing."""
    return [one for one in found if one.blocks]


def _options(spec: MatterSpec) -> Iterator[Trouble]:
    keys = {one.key for one in spec.field} | _asked(spec)
    for row in spec.condition:
        for name in OPTIONS.get(row.check, ()):
            if not row.options.get(name):
                yield Trouble(Part.CONDITIONS, row.id, Text(
                    f"检查 {row.check} 需要写明 {name}。", f"The check {row.check} needs {name}."
                ))  # fmt: skip
            elif name == "field" and row.options[name] not in keys:
                yield Trouble(Part.CONDITIONS, row.id, Text(
                    f"表单中没有字段 {row.options[name]}。", f"The form has no field {row.options[name]}."
                ))  # fmt: skip


def _asked(spec: MatterSpec) -> set[str]:
    import json

    try:
        return set(json.loads(spec.form_json)["schema"]["properties"]) if spec.form_json else set()
    except (ValueError, KeyError, TypeError):
        return set()


def _problems(spec: MatterSpec) -> list[dmn.Problem]:
    if not spec.dmn:
        return []
    try:
        return dmn.check(dmn.read(spec.dmn.encode()))
    except dmn.DmnError:
        return []  # said by ``faults`` already


def _with_examples(found: list[Trouble], spec: MatterSpec) -> Iterator[Trouble]:
    examples = {one.text: example_text(one) for one in _problems(spec) if one.example}
    for one in found:
        said = examples.get(one.text, "") if one.part is Part.TABLES else ""
        yield Trouble(one.part, one.element, one.text, one.blocks, said) if said else one


def _warnings(spec: MatterSpec) -> Iterator[Trouble]:
    for one in _problems(spec):
        if one.severity is dmn.Severity.WARNING:
            yield Trouble(Part.TABLES, one.element, one.text, blocks=False, example=example_text(one))


def example_text(problem: dmn.Problem) -> str:
    """The counterexample as ``column = value``."""
    return "，".join(f"{name} = {feel.display(value)}" for name, value in problem.example.items())
