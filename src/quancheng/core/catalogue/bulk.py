"""批量编辑: plan, look, apply, undo.

:func:`plan` decides and changes nothing; the plan is data (JSON values) that can be shown, stored,
approved by its digest and applied later. :func:`apply` does exactly what the plan says or nothing,
and gives the plan that undoes it. Undoing works as long as nobody has touched the same places
since; other places of the same entries may have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from quancheng.core.catalogue.checking import Standards, check
from quancheng.core.catalogue.codec import digest_of, plain
from quancheng.core.catalogue.findings import CatalogueError, Finding, Reason, errors_of
from quancheng.core.catalogue.paths import KEYED, Path, label_of, leaves, rebuild, show
from quancheng.core.catalogue.values import Resource
from quancheng.core.text import Text

__all__ = ["Applied", "Edit", "Operation", "Plan", "Step", "apply", "plan"]

_FIXED = frozenset({"code"})


class Operation(Enum):
    """What an edit does at its place (编辑方式)."""

    SET = "set"
    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Edit:
    """One wish for many entries (一项批量编辑).

    ``SET`` a value; ``ADD`` or ``REMOVE`` a member of a list (a whole item is given as a value, its
    field name is enough to remove it); ``REPLACE`` the part ``value[0]`` of a text by ``value[1]``.
    The path's second step may be ``"*"`` for all items. ``codes`` as ``None`` means every entry.
    """

    path: Path
    operation: Operation
    value: Any
    codes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One place of one entry (一步): from ``before`` to ``after``; ``had`` and ``has`` say whether the place
    exists at all before and after (``None`` is a value)."""

    code: str
    path: Path
    before: Any
    after: Any
    had: bool = True
    has: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """编辑计划: the ``steps`` to take, the ``refused`` entries with every reason, and the codes of entries
    on which the edits change nothing (``unchanged``)."""

    steps: tuple[Step, ...]
    refused: tuple[Finding, ...] = ()
    unchanged: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What an approval refers to (计划摘要)."""
        return digest_of(self.steps)

    @property
    def codes(self) -> tuple[str, ...]:
        """The entries that would change (涉及条目)."""
        return tuple(dict.fromkeys(step.code for step in self.steps))


@dataclass(frozen=True, slots=True)
class Applied:
    """The entries after a plan, and the plan that takes it back (执行结果)."""

    resources: Mapping[str, Resource]
    undo: Plan


def plan(resources: Mapping[str, Resource], edits: Iterable[Edit], standards: Standards) -> Plan:
    """What the edits would do (制定计划); ``resources`` by code.

    An entry is refused as a whole if an edit does not fit it or if it would get an error it has not
    had; errors that were there before do not stand in the way of repairing others.
    """
    wishes = list(edits)
    steps: list[Step] = []
    refused: list[Finding] = []
    unchanged: list[str] = []
    for code in {code for wish in wishes for code in wish.codes or ()} - resources.keys():
        text = Text("目录中没有该条目。", "There is no such entry.")
        refused.append(Finding(code, "code", Reason.UNKNOWN, text))
    for code, resource in resources.items():
        mine = [wish for wish in wishes if wish.codes is None or code in wish.codes]
        if not mine:
            continue
        found, wrong = _try(resource, mine, standards)
        steps += found
        refused += wrong
        if not found and not wrong:
            unchanged.append(code)
    return Plan(tuple(steps), tuple(refused), tuple(unchanged))


def apply(resources: Mapping[str, Resource], plan: Plan) -> Applied:
    """Carry out a plan's steps (执行), all or nothing.

    Raises :class:`CatalogueError` with a ``STALE`` finding for every place that no longer is what
    the plan saw. Refused entries are left alone.
    """
    wrong: list[Finding] = []
    after = dict(resources)
    grouped: dict[str, list[Step]] = {}
    for step in plan.steps:
        grouped.setdefault(step.code, []).append(step)
    for code, steps in grouped.items():
        if code not in resources:
            text = Text("该条目已不在目录中。", "The entry is no longer there.")
            wrong.append(Finding(code, "code", Reason.STALE, text))
            continue
        flat = leaves(resources[code])
        stale = [step for step in steps if not _fits(flat, step)]
        wrong += [_stale(step) for step in stale]
        if not stale:
            for step in steps:
                _take(flat, step)
            after[code] = rebuild(flat)
    if wrong:
        raise CatalogueError(wrong)
    return Applied(after, Plan(tuple(_back(step) for step in reversed(plan.steps))))


def _try(resource: Resource, edits: Iterable[Edit], standards: Standards) -> tuple[list[Step], list[Finding]]:
    try:
        before = leaves(resource)
        flat = dict(before)
        for edit in edits:
            _edit(flat, edit, resource.code)
        steps = _steps(resource.code, before, flat)
        changed = rebuild(flat)
    except CatalogueError as error:
        return [], [replace(finding, resource=resource.code) for finding in error.findings]
    known = {(finding.field, finding.reason) for finding in check(resource, standards)}
    new = [one for one in errors_of(check(changed, standards)) if (one.field, one.reason) not in known]
    return ([], new) if new else (steps, [])


def _edit(flat: dict[Path, Any], edit: Edit, code: str) -> None:
    if edit.path[0] in _FIXED:
        text = Text("资源代码不可批量修改。", "The code cannot be edited in bulk.")
        raise CatalogueError([Finding(code, show(edit.path), Reason.MALFORMED, text)])
    paths = [edit.path]
    if len(edit.path) == 3 and edit.path[1] == "*" and edit.path[0] in KEYED:
        paths = [(edit.path[0], member, edit.path[2]) for member in flat[(edit.path[0],)]]
    for path in paths:
        if path not in flat:
            text = Text(f"没有{label_of(path).zh}。", f"There is no {label_of(path).en}.")
            raise CatalogueError([Finding(code, show(path), Reason.UNKNOWN, text)])
        if len(path) == 1 and path[0] in KEYED:
            _edit_member(flat, path[0], edit, code)
        else:
            flat[path] = _edited(flat[path], edit, code)


def _edited(old: Any, edit: Edit, code: str) -> Any:
    value = plain(edit.value)
    if edit.operation is Operation.SET:
        return value
    if edit.operation is Operation.ADD and isinstance(old, list):
        return old if value in old else [*old, value]
    if edit.operation is Operation.REMOVE and isinstance(old, list):
        return [one for one in old if one != value]
    if edit.operation is Operation.REPLACE and isinstance(value, list) and len(value) == 2:
        return _replaced(old, str(value[0]), str(value[1]))
    raise CatalogueError([_unfit(edit, code)])


def _replaced(old: Any, part: str, by: str) -> Any:
    if isinstance(old, str):
        return old.replace(part, by) if part else old
    if isinstance(old, dict):
        return {key: _replaced(value, part, by) for key, value in old.items()}
    if isinstance(old, list):
        return [_replaced(value, part, by) for value in old]
    return old


def _edit_member(flat: dict[Path, Any], name: str, edit: Edit, code: str) -> None:
    key, value = KEYED[name], plain(edit.value)
    if edit.operation is Operation.ADD and isinstance(value, dict) and isinstance(value.get(key), str):
        member = value[key]
        if member in flat[(name,)]:
            text = Text(f"“{member}”已存在。", f"“{member}” is there already.")
            raise CatalogueError([Finding(code, name, Reason.DUPLICATE, text)])
        flat[(name,)] = [*flat[(name,)], member]
        flat.update({(name, member, part): one for part, one in value.items() if part != key})
    elif edit.operation is Operation.REMOVE and isinstance(value, str):
        flat[(name,)] = [one for one in flat[(name,)] if one != value]
        for path in [path for path in flat if path[:2] == (name, value) and len(path) == 3]:
            del flat[path]
    else:
        raise CatalogueError([_unfit(edit, code)])


def _unfit(edit: Edit, code: str) -> Finding:
    label = label_of(edit.path)
    text = Text(
        f"{label.zh}不能用“{edit.operation.value}”方式编辑。",
        f"{label.en} cannot be edited by “{edit.operation.value}”.",
    )
    return Finding(code, show(edit.path), Reason.MALFORMED, text)


def _steps(code: str, before: Mapping[Path, Any], after: Mapping[Path, Any]) -> list[Step]:
    return [
        Step(code, path, before.get(path), after.get(path), path in before, path in after)
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path) or (path in before) != (path in after)
    ]


def _fits(flat: Mapping[Path, Any], step: Step) -> bool:
    return (step.path in flat) == step.had and (not step.had or flat[step.path] == step.before)


def _take(flat: dict[Path, Any], step: Step) -> None:
    if step.has:
        flat[step.path] = step.after
    else:
        flat.pop(step.path, None)


def _back(step: Step) -> Step:
    return Step(step.code, step.path, step.after, step.before, step.has, step.had)


def _stale(step: Step) -> Finding:
    label = label_of(step.path)
    text = Text(f"{label.zh}在此期间已被修改。", f"{label.en} has been changed in the meantime.")
    return Finding(step.code, show(step.path), Reason.STALE, text)
