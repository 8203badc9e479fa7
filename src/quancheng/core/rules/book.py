"""参数簿: a book of rules, asked for the value of a day and a region, with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from quancheng.core.rules.errors import NoRuleInForce, RuleConflict, RuleValueType
from quancheng.core.rules.load import read_documents
from quancheng.core.rules.model import Rule, RuleTable, region_prefix, thaw
from quancheng.core.text import Text

__all__ = ["Finding", "RuleBook"]

_OTHER_REGION = Text("不适用于该区域", "another region")
_LESS_SPECIFIC = Text("有更具体区域的规定", "a more specific region has its own rule")
_SUPERSEDED = Text("同一机关已有新的规定", "replaced by a newer rule of the same authority")


@dataclass(frozen=True, slots=True)
class Finding:
    """The value that holds, the rule it comes from and why the others do not hold (查得结果)."""

    value: object
    rule: Rule
    on: date
    region: str
    considered: tuple[tuple[Rule, Text], ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether the value is made up for demonstration (模拟)."""
        return self.rule.simulated

    def number(self) -> float:
        """The value as a number (数值)."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self._not("a number")
        return float(self.value)

    def integer(self) -> int:
        """The value as a whole number (整数)."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self._not("a whole number")
        return self.value

    def decimal(self) -> Decimal:
        """The value as the decimal that was written, for money (十进制数)."""
        return Decimal(str(self.integer() if isinstance(self.value, int) else self.number()))

    def string(self) -> str:
        """The value as a string (文本)."""
        if not isinstance(self.value, str):
            raise self._not("a string")
        return self.value

    def flag(self) -> bool:
        """The value as yes or no (是否)."""
        if not isinstance(self.value, bool):
            raise self._not("true or false")
        return self.value

    def table(self) -> RuleTable:
        """The value as a table (表)."""
        if not isinstance(self.value, RuleTable):
            raise self._not("a table")
        return self.value

    def items(self) -> tuple[object, ...]:
        """The value as a list (列表)."""
        if not isinstance(self.value, tuple):
            raise self._not("a list")
        return self.value

    def explain(self, language: str = "zh") -> str:
        """Say which rule holds, by whose authority and why the others do not (解释)."""
        rule, unit = self.rule, f" {self.rule.unit}" if self.rule.unit else ""
        zh = [
            f"{rule.name.zh}（{rule.id}）在{self.on}、{self.region}的取值为"
            f"{_show(self.value)}{unit}{'【模拟】' if rule.simulated else ''}。",
            f"依据：{rule.citation}；{rule.authority}；区域{rule.region}；"
            f"{rule.valid_from}起有效{f'，至{rule.valid_to}（不含）' if rule.valid_to else ''}。",
            *([f"说明：{rule.note}"] if rule.note else []),
            *(f"未采用：{other.label()}，{why.zh}。" for other, why in self.considered),
        ]
        en = [
            f"{rule.name.en} ({rule.id}) on {self.on} in {self.region} is "
            f"{_show(self.value)}{unit}{' [simulated]' if rule.simulated else ''}.",
            f"Basis: {rule.citation}; {rule.authority}; region {rule.region}; in force from "
            f"{rule.valid_from}{f' until before {rule.valid_to}' if rule.valid_to else ''}.",
            *([f"Note: {rule.note}"] if rule.note else []),
            *(f"Not used: {other.label()}, {why.en}." for other, why in self.considered),
        ]
        return Text("\n".join(zh), "\n".join(en)).pick(language)

    def to_dict(self) -> dict[str, object]:
        """Plain values, as evidence of a decision (转为普通字典)."""
        return {
            "value": thaw(self.value),
            "on": self.on.isoformat(),
            "region": self.region,
            "rule": self.rule.to_dict(),
            "considered": [
                {"rule": other.label(), "why_not": why.to_dict()} for other, why in self.considered
            ],
        }

    def _not(self, wanted: str) -> RuleValueType:
        return RuleValueType(f"{self.rule.label()} holds {_show(self.value)}, not {wanted}")


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(thaw(value))


class RuleBook:
    """An immutable collection of rules (参数簿)."""

    __slots__ = ("_rules",)

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        grouped: dict[str, list[Rule]] = {}
        for rule in rules:
            grouped.setdefault(rule.id, []).append(rule)
        self._rules: dict[str, tuple[Rule, ...]] = {
            key: tuple(sorted(group, key=lambda rule: (rule.prefix, rule.valid_from)))
            for key, group in sorted(grouped.items())
        }

    @classmethod
    def from_toml_dicts(
        cls, documents: Iterable[Mapping[str, object]], sources: Iterable[str] = ()
    ) -> RuleBook:
        """Read parsed TOML documents with ``[[rule]]`` tables (读取参数文件).

        ``sources`` names the documents in messages. Malformed rules raise ``RuleFormatError``;
        overlaps do not: ask ``check()`` after all documents are in.
        """
        return cls(read_documents(documents, sources))

    def merged(self, other: RuleBook) -> RuleBook:
        """Return a book with the rules of both (合并)."""
        return RuleBook((*self, *other))

    def __iter__(self) -> Iterator[Rule]:
        for group in self._rules.values():
            yield from group

    def __len__(self) -> int:
        return sum(len(group) for group in self._rules.values())

    def ids(self) -> tuple[str, ...]:
        """Ids of all parameters, sorted (参数编号)."""
        return tuple(self._rules)

    def rules(self, id: str) -> tuple[Rule, ...]:
        """All rules of a parameter, by region and start (某参数的全部规则)."""
        return self._rules.get(id, ())

    def check(self) -> tuple[RuleConflict, ...]:
        """Return one conflict for every pair of equally specific, overlapping rules (检查重叠)."""
        return tuple(
            RuleConflict((first.label(), second.label()))
            for group in self._rules.values()
            for position, first in enumerate(group)
            for second in group[position + 1 :]
            if first.conflicts_with(second)
        )

    def find(self, id: str, *, on: date, region: str) -> Finding:
        """Return the value in force on a day in a region (查询参数).

        The most specific region wins (特别规定优先), then the newest start of the same authority
        (新的规定优先, see ``Rule.superseded_by``). Raises ``NoRuleInForce`` when nothing holds and
        ``RuleConflict`` when rules hold with equal right.
        """
        prefix = region_prefix(region)
        rejected: list[tuple[Rule, Text]] = []
        holding: list[Rule] = []
        for rule in self.rules(id):
            why_not = _why_not(rule, on, prefix)
            if why_not is None:
                holding.append(rule)
            else:
                rejected.append((rule, why_not))
        if not holding:
            raise NoRuleInForce(_nothing(id, on, region, bool(rejected)), tuple(rejected))
        depth = max(len(rule.prefix) for rule in holding)
        level = [rule for rule in holding if len(rule.prefix) == depth]
        rejected += [(rule, _LESS_SPECIFIC) for rule in holding if len(rule.prefix) < depth]
        last = [rule for rule in level if not any(rule.superseded_by(other) for other in level)]
        if len(last) > 1:
            raise RuleConflict(tuple(rule.label() for rule in last))
        rejected += [(rule, _SUPERSEDED) for rule in level if rule is not last[0]]
        return Finding(last[0].value, last[0], on, region, tuple(rejected))


def _why_not(rule: Rule, on: date, prefix: str) -> Text | None:
    if not prefix.startswith(rule.prefix):
        return _OTHER_REGION
    if on < rule.valid_from:
        return Text(f"{rule.valid_from}起才生效", f"in force only from {rule.valid_from}")
    if not rule.in_force(on):
        return Text(f"已于{rule.valid_to}失效", f"no longer in force since {rule.valid_to}")
    return None


def _nothing(id: str, on: date, region: str, known: bool) -> Text:
    if not known:
        return Text(
            f"没有登记参数{id}，请在参数文件中补充并注明依据。",
            f"There is no parameter {id}; add it to a parameter file with its citation.",
        )
    return Text(
        f"参数{id}在{on}、{region}没有有效的取值，请补充该时期或区域的规定。",
        f"Parameter {id} has no value in force on {on} in {region}; add one for it.",
    )
