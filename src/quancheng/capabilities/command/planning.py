"""预案 An emergency plan as data: its activation table, explained, and its task templates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from quancheng.capabilities.command.conditions import KINDS, Condition, Input, read_condition, said
from quancheng.core.text import Text

__all__ = [
    "Decision",
    "Input",
    "Level",
    "PlanError",
    "PlanRow",
    "PlanSpec",
    "TaskTemplate",
    "evaluate",
    "read_plan",
]

PROOFS = frozenset({"text", "photo", "location", "photo+location"})
ALWAYS = ("current_level", "affected_districts")


class PlanError(ValueError):
    """A plan document that is wrong; one line for each fault."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("; ".join(self.lines))


@dataclass(frozen=True, slots=True)
class Level:
    """A response level of the plan (响应级别)."""

    level: int
    name: Text
    meaning: Text
    decides: Text


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One row of the activation table with its source (启动条件)."""

    id: str
    level: int
    when: tuple[tuple[str, Condition], ...]
    text: Text
    cite: str


@dataclass(frozen=True, slots=True)
class TaskTemplate:
    """A task the plan gives at some levels (任务模板)."""

    id: str
    levels: frozenset[int]
    title: Text
    text: Text
    department: str
    district: bool
    priority: int
    due_minutes: int
    proof: str
    cite: str

    @property
    def ordered(self) -> tuple[int, ...]:
        """Its levels, the mildest first."""
        return tuple(sorted(self.levels, reverse=True))


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """A whole plan (预案)."""

    code: str
    version: str
    name: Text
    authority: str
    issued: date | None
    citation: str
    incident_type: str
    simulated: bool
    note: str
    levels: tuple[Level, ...]
    inputs: dict[str, Input]
    rows: tuple[PlanRow, ...]
    tasks: tuple[TaskTemplate, ...]

    def lines(self, row: PlanRow, amounts: Mapping[str, Text] | None = None) -> tuple[Text, ...]:
        """The conditions of a row as people read them, dated amounts by their words."""
        return tuple(said(self.inputs[name], condition, amounts or {}) for name, condition in row.when)

    def level(self, level: int) -> Level | None:
        """The description of a level."""
        return next((one for one in self.levels if one.level == level), None)

    def templates(self, level: int) -> tuple[TaskTemplate, ...]:
        """Tasks of a level, the urgent ones first."""
        return tuple(
            sorted((t for t in self.tasks if level in t.levels), key=lambda t: (t.priority, t.due_minutes))
        )

    @property
    def amounts(self) -> frozenset[str]:
        """Ids of dated amounts the conditions name."""
        return frozenset(c.amount for row in self.rows for _, c in row.when if c.amount)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a row as judged (条件判断)."""

    input: str
    condition: str
    value: Any
    holds: bool
    missing: bool


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """One row as judged (规则行判断)."""

    row: PlanRow
    holds: bool
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The level, the rows that hold, and everything considered (研判结论)."""

    level: int | None
    rows: tuple[JudgedRow, ...]
    inputs: dict[str, Any]

    @property
    def hits(self) -> tuple[PlanRow, ...]:
        """Rows that hold at the decided level."""
        return tuple(j.row for j in self.rows if j.holds and j.row.level == self.level)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, kept as the reasons of a proposal."""
        return {
            "level": self.level,
            "rows": [row.id for row in self.hits],
            "inputs": dict(self.inputs),
            "considered": [
                {
                    "row": j.row.id,
                    "level": j.row.level,
                    "holds": j.holds,
                    "cite": j.row.cite,
                    "text": j.row.text.to_dict(),
                    "terms": [
                        {
                            "input": t.input,
                            "condition": t.condition,
                            "value": t.value,
                            "holds": t.holds,
                            "missing": t.missing,
                        }
                        for t in j.terms
                    ],
                }
                for j in self.rows
            ],
        }


def evaluate(
    spec: PlanSpec, inputs: Mapping[str, Any], amounts: Mapping[str, float] | None = None
) -> Decision:
    """Judge every row; the most severe that holds decides.

    Raises PlanError for an input the plan does not know or a value that is not of its kind.
    """
    given = {key: value for key, value in inputs.items() if value is not None}
    faults = [
        f"{key}: 预案没有这个条件项。 The plan has no such input." for key in given if key not in spec.inputs
    ]
    for key in given.keys() & spec.inputs.keys():
        if not KINDS[spec.inputs[key].kind].accepts(given[key]):
            faults.append(
                f"{key}: {given[key]!r} 不是{spec.inputs[key].kind}。 It is not a {spec.inputs[key].kind}."
            )
    if faults:
        raise PlanError(faults)
    judged = tuple(_judge(spec, row, given, amounts or {}) for row in spec.rows)
    levels = [one.row.level for one in judged if one.holds]
    return Decision(min(levels) if levels else None, judged, dict(sorted(given.items())))


def _judge(spec: PlanSpec, row: PlanRow, given: Mapping[str, Any], amounts: Mapping[str, float]) -> JudgedRow:
    terms = []
    for name, condition in row.when:
        missing = name not in given or (bool(condition.amount) and condition.amount not in amounts)
        holds = not missing and condition.holds(given[name], amounts)
        terms.append(Term(name, condition.written, given.get(name), holds, missing))
    return JudgedRow(row, all(term.holds for term in terms), tuple(terms))


# -- reading ----------------------------------------------------------------------------------
def read_plan(document: Mapping[str, Any]) -> PlanSpec:
    """A plan from its TOML document; PlanError lists every fault found."""
    faults: list[str] = []
    inputs = {
        "current_level": Input("current_level", "level", Text("当前响应级别", "Current level")),
        "affected_districts": Input(
            "affected_districts", "number", Text("受影响区县数", "Districts affected"), "个"
        ),
    }
    for raw in _tables(document, "input", faults):
        with _Faults(faults, f"input {raw.get('id')}"):
            kind = raw.get("kind", "")
            if kind not in KINDS:
                raise ValueError(f"kind 应为 {' '.join(KINDS)} / use one of these kinds")
            one = Input(str(raw["id"]), kind, Text.of(raw["name"]), str(raw.get("unit", "")))
            inputs[one.id] = one
    levels = _read_all(document, "level", faults, _level)
    known = {one.level for one in levels}
    rows = _read_all(document, "row", faults, lambda raw: _row(raw, inputs, known))
    tasks = _read_all(document, "task", faults, lambda raw: _task(raw, known))
    for kind, ids in (("row", [r.id for r in rows]), ("task", [t.id for t in tasks])):
        faults += [
            f"{kind} {one}: 编号重复 / used twice" for one in sorted({i for i in ids if ids.count(i) > 1})
        ]
    if not rows:
        faults.append("row: 至少一行启动条件 / at least one activation row")
    head: dict[str, Any] = {}
    with _Faults(faults, "plan"):
        issued = document.get("issued")
        head = {
            "code": _word(document, "code"),
            "version": str(_word(document, "version")),
            "name": Text.of(document["name"]),
            "authority": str(_word(document, "authority")),
            "issued": date.fromisoformat(str(issued)) if issued else None,
            "citation": str(_word(document, "citation")),
            "incident_type": str(document.get("incident_type", "")),
            "simulated": bool(document.get("simulated", False)),
            "note": str(document.get("note", "")),
        }
    if faults:
        raise PlanError(faults)
    ordered = tuple(sorted(levels, key=lambda one: one.level))
    return PlanSpec(levels=ordered, inputs=inputs, rows=tuple(rows), tasks=tuple(tasks), **head)


class _Faults:
    """Collects what goes wrong inside the block as one line."""

    def __init__(self, lines: list[str], place: str) -> None:
        self.lines, self.place = lines, place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, KeyError):
            self.lines.append(f"{self.place}: 缺少 {error.args[0]} / {error.args[0]} is missing")
            return True
        if isinstance(error, ValueError | TypeError):
            self.lines.append(f"{self.place}: {error}")
            return True
        return False


def _tables(document: Mapping[str, Any], key: str, faults: list[str]) -> list[Mapping[str, Any]]:
    found = document.get(key, [])
    if isinstance(found, list) and all(isinstance(one, Mapping) for one in found):
        return found
    faults.append(f"{key}: 应写 [[{key}]] / write [[{key}]] tables")
    return []


def _read_all(document: Mapping[str, Any], key: str, faults: list[str], read: Any) -> list[Any]:
    found = []
    for raw in _tables(document, key, faults):
        with _Faults(faults, f"{key} {raw.get('id', raw.get('level'))}"):
            found.append(read(raw))
    return found


def _word(raw: Mapping[str, Any], key: str) -> str:
    value = str(raw[key]).strip()
    if not value:
        raise ValueError(f"{key} 不能为空 / must not be empty")
    return value


def _level(raw: Mapping[str, Any]) -> Level:
    level = raw["level"]
    if level not in (1, 2, 3, 4):
        raise ValueError("level 应为 1–4 / level is 1 to 4")
    empty = Text("", "")
    return Level(
        level, Text.of(raw["name"]), Text.of(raw.get("meaning", empty)), Text.of(raw.get("decides", empty))
    )


def _row(raw: Mapping[str, Any], inputs: Mapping[str, Input], known: set[int]) -> PlanRow:
    if raw["level"] not in known:
        raise ValueError(f"level {raw['level']} 没有 [[level]] / has no [[level]]")
    when = raw["when"]
    if not isinstance(when, Mapping) or not when:
        raise ValueError("when 至少一个条件 / at least one condition")
    unknown = [name for name in when if name not in inputs]
    if unknown:
        raise ValueError(f"没有条件项 {'、'.join(unknown)} / no such input: {', '.join(unknown)}")
    conditions = tuple((name, read_condition(inputs[name].kind, value)) for name, value in when.items())
    return PlanRow(_word(raw, "id"), raw["level"], conditions, Text.of(raw["text"]), _word(raw, "cite"))


def _task(raw: Mapping[str, Any], known: set[int]) -> TaskTemplate:
    levels = frozenset(raw["levels"])
    if not levels or not levels <= known:
        raise ValueError("levels 应是本预案的级别 / levels must be levels of this plan")
    due, priority, proof = raw.get("due_minutes", 60), raw.get("priority", 2), raw.get("proof", "text")
    if not isinstance(due, int) or isinstance(due, bool) or not 1 <= due <= 10080:
        raise ValueError("due_minutes 应为 1–10080 的整数 / due_minutes is 1 to 10080")
    if priority not in (1, 2, 3) or proof not in PROOFS:
        raise ValueError(
            f"priority 应为 1–3,proof 应为 {' '.join(sorted(PROOFS))} / check priority and proof"
        )
    return TaskTemplate(
        _word(raw, "id"),
        levels,
        Text.of(raw["title"]),
        Text.of(raw.get("text", Text("", ""))),
        _word(raw, "department"),
        bool(raw.get("district", False)),
        priority,
        due,
        proof,
        str(raw.get("cite", "")),
    )
