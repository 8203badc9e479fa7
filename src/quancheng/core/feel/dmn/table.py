"""Decision tables → closures (决策表): conditions, conclusions, defaults, and what is told of a use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from quancheng.core import feel
from quancheng.core.text import Text

from ..errors import FeelError
from ..types import Type
from . import hits
from .compile import Compiler
from .document import Aggregation, DecisionTable, InputClause, Literal, OutputClause, Rule
from .outcome import Hit, TableUse
from .place import CONCLUSION, CONDITION, RULE, step
from .run import Code, Names, Run, Scope

__all__ = ["column_name", "compile_table"]

Test: TypeAlias = feel.UnaryTests | None

_NOT_ALLOWED = Text("输入值不在允许范围内", "the input value is not one of those allowed")
_NOT_LISTED = Text("结论不在列出的结论值之内", "the output is not one of the output values")
_NO_RULE = Text("没有规则命中，也没有默认结论", "no rule matches and there is no default output")


@dataclass(frozen=True, slots=True)
class _Input:
    label: str
    where: str
    value: Code
    kind: Type | None
    allowed: Test


@dataclass(frozen=True, slots=True)
class _Output:
    where: str
    kind: Type | None
    allowed: Test
    order: tuple[Any, ...]
    default: Code | None


@dataclass(frozen=True, slots=True)
class _Rule:
    number: int
    tests: tuple[Test, ...]
    outputs: tuple[Code, ...]
    source: Rule


def column_name(table: DecisionTable, index: int) -> str:
    """What an output column is called in the result."""
    return table.outputs[index].name or f"output{index + 1}"


def compile_table(compiler: Compiler, table: DecisionTable, names: Names) -> Code:
    """The closure of a table."""
    return _Table(compiler, table, names).evaluate


class _Table:
    def __init__(self, compiler: Compiler, table: DecisionTable, names: Names) -> None:
        self._compiler, self._table, self._names = compiler, table, names
        self._where = table.where
        self._broken = not table.outputs
        if self._broken:
            compiler.problems.append((self._where, Text("没有结论列", "the table has no output column")))
        self._inputs = [self._input(clause) for clause in table.inputs]
        self._outputs = [self._output(clause) for clause in table.outputs]
        self._rules = [self._rule(n, rule) for n, rule in enumerate(table.rules, 1)]
        self._columns = tuple(column_name(table, n) for n in range(len(table.outputs)))
        self._counting = table.aggregation is not Aggregation.NONE

    # --- compiling

    def _input(self, clause: InputClause) -> _Input:
        where = step(self._where, CONDITION, clause.label)
        literal = Literal(clause.expression, where=where)
        return _Input(
            clause.label,
            where,
            self._compiler.literal(literal, self._names),
            self._compiler.type_of(clause.type_ref),
            self._tests(clause.values, where),
        )

    def _output(self, clause: OutputClause) -> _Output:
        where = step(self._where, CONCLUSION, clause.label)
        default = None if clause.default is None else self._compiler.literal(clause.default, self._names)
        kind = self._compiler.type_of(clause.type_ref)
        order = self._order(clause.values, where)
        return _Output(where, kind, self._tests(clause.values, where), order, default)

    def _order(self, values: str, where: str) -> tuple[Any, ...]:
        if not values:
            return ()
        try:
            listed = feel.parse(f"[{values}]", names=self._names)
        except FeelError:
            return ()  # ranges and comparisons have no order of importance
        found = listed.evaluate({}, feel.Environment())
        return tuple(found) if isinstance(found, list) else ()

    def _tests(self, text: str, where: str) -> Test:
        if text.strip() in {"", "-"}:
            return None
        try:
            tests = feel.parse_unary(text, names=self._names)
        except FeelError as error:
            self._compiler.problems.append((where, error.text))
            self._broken = True
            return None
        self._compiler.tests.append((where, tests, self._compiler.known(self._names)))
        return tests

    def _rule(self, number: int, rule: Rule) -> _Rule:
        table, where = self._table, step(self._where, RULE, number)
        if len(rule.inputs) != len(table.inputs) or len(rule.outputs) != len(table.outputs):
            text = Text(
                "规则的格数与列数不一致", "the rule has more or fewer cells than the table has columns"
            )
            self._compiler.problems.append((where, text))
            self._broken = True
        tests = tuple(self._tests(t, step(where, CONDITION, n)) for n, t in enumerate(rule.inputs, 1))
        outputs = tuple(self._compiler.literal(cell, self._names) for cell in rule.outputs)
        return _Rule(number, tests, outputs, rule)

    # --- evaluating

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """The result of the table for the values in ``scope``."""
        if self._broken:
            run.warn(self._where, Text("决策表有误，无法使用", "the table is faulty and can't be used"))
            return None
        values = [self._input_value(each, scope, run) for each in self._inputs]
        asked = tuple((each.label, value) for each, (value, _) in zip(self._inputs, values, strict=True))
        if not all(allowed for _, allowed in values):
            run.tell(TableUse(self._where, self._table.hit_policy, asked, (), None))
            return None
        given = [value for value, _ in values]
        matching = self._matching(given, scope, run)
        if not matching:
            return self._without_hit(asked, scope, run)
        rows = [self._row(rule, scope, run) for rule in matching]
        order = [each.order for each in self._outputs]
        chosen = hits.choose(self._table.hit_policy, rows, order, run, self._where)
        result = None if chosen is None else self._result([rows[n] for n in chosen], run)
        told = range(len(rows)) if chosen is None else chosen
        found = tuple(self._hit(matching[n], rows[n]) for n in told)
        run.tell(TableUse(self._where, self._table.hit_policy, asked, found, result))
        return result

    def _input_value(self, each: _Input, scope: Scope, run: Run) -> tuple[Any, bool]:
        value = run.coerce(each.value(scope, run), each.kind, each.where)
        # Null conforms to every type, also to one with allowed values; the rules decide about it.
        if value is None or each.allowed is None or each.allowed.matches(value, scope, run.env) is True:
            return value, True
        run.warn(each.where, _NOT_ALLOWED)
        return value, False

    def _matching(self, values: Sequence[Any], scope: Scope, run: Run) -> list[_Rule]:
        found: list[_Rule] = []
        # Equal cells of a column are one object: each is asked once.
        answers: list[dict[feel.UnaryTests, bool]] = [{} for _ in values]
        for rule in self._rules:
            run.env.tick()
            for test, value, known in zip(rule.tests, values, answers, strict=True):
                if test is None:
                    continue
                holds = known.get(test)
                if holds is None:
                    holds = known[test] = test.matches(value, scope, run.env) is True
                if not holds:
                    break
            else:
                found.append(rule)
        return found

    def _row(self, rule: _Rule, scope: Scope, run: Run) -> hits.Row:
        pairs = zip(self._outputs, rule.outputs, strict=True)
        return tuple(self._concluded(column, code(scope, run), scope, run) for column, code in pairs)

    def _concluded(self, column: _Output, value: Any, scope: Scope, run: Run) -> Any:
        value = run.coerce(value, column.kind, column.where)
        if value is None or column.allowed is None:
            return value
        if column.allowed.matches(value, scope, run.env) is not True:
            run.warn(column.where, _NOT_LISTED)
            return None
        return value

    def _without_hit(self, asked: tuple[tuple[str, Any], ...], scope: Scope, run: Run) -> Any:
        defaulted = any(each.default is not None for each in self._outputs)
        result: Any = None
        if defaulted:
            row = tuple(
                None if each.default is None else run.coerce(each.default(scope, run), each.kind, self._where)
                for each in self._outputs
            )
            result = self._shaped(row)
        elif self._table.aggregation is Aggregation.COUNT:
            result = hits.aggregate(Aggregation.COUNT, (), run, self._where)
        else:
            run.warn(self._where, _NO_RULE)
        run.tell(TableUse(self._where, self._table.hit_policy, asked, (), result, defaulted))
        return result

    def _result(self, rows: Sequence[hits.Row], run: Run) -> Any:
        if self._counting:
            return hits.aggregate(self._table.aggregation, rows, run, self._where)
        if hits.is_list(self._table.hit_policy, self._table.aggregation):
            return [self._shaped(row) for row in rows]
        return self._shaped(rows[0])

    def _shaped(self, row: hits.Row) -> Any:
        return row[0] if len(row) == 1 else dict(zip(self._columns, row, strict=True))

    def _hit(self, rule: _Rule, row: hits.Row) -> Hit:
        return Hit(rule.number, rule.source.inputs, row, rule.source.annotations)
