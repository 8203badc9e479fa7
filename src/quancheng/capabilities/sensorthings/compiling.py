"""编译: an expression about observations as SQL for DuckDB, every value a named parameter.

Nothing a client wrote becomes part of the SQL text: names come from the tables here, values and JSON
paths are parameters. The meaning is that of ``core.sensorthings.evaluation`` (the tests compare them).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from quancheng.capabilities.sensorthings.sql import (
    BOOL,
    CLOCK,
    DAY,
    JSON,
    LENGTH,
    NO_VALUE,
    NULL,
    NUM,
    PARTS,
    RELATIONS,
    RESULT,
    SPAN,
    TEXT,
    TEXTS,
    TIME,
    Sql,
    before,
    json_bool,
    json_number,
    json_text,
    micros,
    pointer,
    result_number,
    there,
)
from quancheng.core.sensorthings import times
from quancheng.core.sensorthings.evaluation import Date, Length, Moment, TimeOfDay, arithmetic, call
from quancheng.core.sensorthings.expressions import (
    ARITHMETIC,
    COMPARISONS,
    Among,
    Binary,
    Clock,
    Day,
    Duration,
    Expression,
    Function,
    Geometry,
    Instant,
    Not,
    Number,
    Op,
    Path,
    Period,
    Several,
    Truth,
    Word,
    path_text,
)
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.times import Interval

_SIGNS = {Op.EQ: "=", Op.NE: "<>", Op.GT: ">", Op.GE: ">=", Op.LT: "<", Op.LE: "<="}
_SUMS = {Op.ADD: "+", Op.SUB: "-", Op.MUL: "*"}
_DYNAMIC = (JSON, RESULT)


_COLUMNS = {
    "id": Sql("id", NUM),
    "@iot.id": Sql("id", NUM),
    "phenomenonTime": Sql("time", SPAN, "coalesce(time_end, time)"),
    "resultTime": Sql("result_time", TIME),
    "result": Sql("text", RESULT),
}


@dataclass
class Compiler:
    """Compiles the expressions of one query; ``parameters`` go with its SQL."""

    now: int
    parameters: dict[str, Any] = field(default_factory=dict)

    def condition(self, tree: Expression) -> str:
        """A condition for WHERE. Raises BadQuery."""
        found = self.compile(tree)
        if found.kind not in (BOOL, *_DYNAMIC):
            raise BadQuery("条件须为真假值。", "A condition must be true or false.")
        return self._as(found, BOOL)

    def order(self, tree: Expression) -> list[str]:
        """Keys for ORDER BY. Raises BadQuery."""
        found = self.compile(tree)
        if found.kind == RESULT:
            return [result_number(), "text"]
        if found.kind == SPAN:
            return [found.text, found.end]
        return [found.text]

    def bind(self, value: Any) -> str:
        """A parameter's place."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    # -- the tree -------------------------------------------------------------------------
    def compile(self, tree: Expression) -> Sql:
        """The SQL of a tree."""
        match tree:
            case Path(steps):
                return self._path(steps)
            case Among(steps, ids):
                return self._among(steps, ids)
            case Not(inner):
                return Sql(f"(NOT {self._as(self.compile(inner), BOOL)})", BOOL)
            case Binary(op, left, right):
                return self._binary(op, left, right)
            case Function(name, arguments):
                return self._function(name, [self.compile(one) for one in arguments])
        return self._literal(tree)

    def _literal(self, tree: Expression) -> Sql:
        match tree:
            case Number(value):
                return self._constant(value)
            case Word(value):
                return self._constant(value)
            case Truth(value):
                return self._constant(value)
            case Instant(value, offset):
                return self._constant(Moment(value, offset))
            case Period(value):
                return self._constant(value)
            case Day(value):
                return self._constant(Date(value))
            case Clock(value):
                return self._constant(TimeOfDay(value))
            case Duration(value):
                return self._constant(Length(value))
            case Geometry():
                from quancheng.core.sensorthings.evaluation import evaluate

                geometry = evaluate(tree, lambda _: None, now=self.now)
                return Sql("NULL", NULL, value=geometry)
        raise BadQuery("此处不能用列表。", "A list cannot stand here.")

    def _constant(self, value: Any) -> Sql:
        match value:
            case None:
                return Sql("NULL", NULL, value=None)
            case bool():
                return Sql("true" if value else "false", BOOL, value=value)
            case int() | float():
                return Sql(
                    f"CAST({self.bind(float(value) if abs(value) > 2**62 else value)} AS DOUBLE)",
                    NUM,
                    value=value,
                )
            case str():
                return Sql(f"CAST({self.bind(value)} AS VARCHAR)", TEXT, value=value)
            case Interval(start, end):
                return Sql(self._int(start), SPAN, self._int(end), value=value)
            case Moment(time, _):
                return Sql(self._int(time), TIME, value=value)
            case Date(days):
                return Sql(self._int(days), DAY, value=value)
            case TimeOfDay(time):
                return Sql(self._int(time), CLOCK, value=value)
            case Length(time):
                return Sql(self._int(time), LENGTH, value=value)
        raise BadQuery("不能与观测比较的值。", "A value observations cannot be compared with.")

    def _int(self, value: int) -> str:
        return f"CAST({self.bind(value)} AS BIGINT)"

    def _path(self, steps: tuple[str | int, ...]) -> Sql:
        first, rest = steps[0], steps[1:]
        if first in _COLUMNS and not rest:
            return _COLUMNS[str(first)]
        if first == "result":
            return Sql(f"json_extract(text, {self.bind(pointer(rest))})", JSON)
        if first in ("parameters", "resultQuality"):
            return Sql(f"json_extract(extra, {self.bind(pointer(steps))})", JSON)
        if first == "validTime" and not rest:
            whole = "json_extract_string(extra, '$.validTime')"
            start = micros(f"split_part({whole}, '/', 1)")
            end = micros(f"split_part({whole}, '/', 2)")
            return Sql(start, SPAN, f"coalesce({end}, {start})")
        if steps in (("Datastream", "id"), ("MultiDatastream", "id")):
            return Sql("stream", NUM)
        if steps == ("FeatureOfInterest", "id"):
            return Sql("feature", NUM)
        raise BadQuery(
            f"观测没有属性 {path_text(steps)[:80]}。", f"Observations have no {path_text(steps)[:80]}."
        )

    def _among(self, steps: tuple[str | int, ...], ids: frozenset[int]) -> Sql:
        column = {"Datastream": "stream", "MultiDatastream": "stream", "FeatureOfInterest": "feature"}[
            str(steps[0])
        ]
        if not ids:
            return Sql("false", BOOL)
        return Sql(f"({column} IN (SELECT unnest(CAST({self.bind(sorted(ids))} AS BIGINT[]))))", BOOL)

    def _binary(self, op: Op, left: Expression, right: Expression) -> Sql:
        if op is Op.IN:
            items = right.items if isinstance(right, Several) else ()
            parts = [self._compare(Op.EQ, self.compile(left), self.compile(one)) for one in items]
            return Sql("(" + " OR ".join(one.text for one in parts) + ")", BOOL)
        one, two = self.compile(left), self.compile(right)
        if op in (Op.AND, Op.OR):
            return Sql(f"({self._as(one, BOOL)} {op.upper()} {self._as(two, BOOL)})", BOOL)
        if op in COMPARISONS:
            return self._compare(op, one, two)
        return self._arithmetic(op, one, two)

    # -- comparison -----------------------------------------------------------------------
    def _compare(self, op: Op, one: Sql, two: Sql) -> Sql:
        if one.kind == NULL or two.kind == NULL:
            return self._with_null(op, one, two)
        one, two = self._alike(one, two)
        if SPAN in (one.kind, two.kind):
            return self._spans(op, self._span(one), self._span(two))
        if one.kind in _DYNAMIC or two.kind in _DYNAMIC:
            return self._dynamic(op, one, two)
        if one.kind != two.kind:
            unlike = {Op.EQ: "false", Op.NE: "true"}
            return Sql(unlike.get(op, "CAST(NULL AS BOOLEAN)"), BOOL)
        return Sql(f"({one.text} {_SIGNS[op]} {two.text})", BOOL)

    def _with_null(self, op: Op, one: Sql, two: Sql) -> Sql:
        if op not in (Op.EQ, Op.NE):
            return Sql("CAST(NULL AS BOOLEAN)", BOOL)
        other = two if one.kind == NULL else one
        if other.kind == NULL:
            return Sql("true" if op is Op.EQ else "false", BOOL)
        text = other.text
        if other.kind == RESULT:
            text = "coalesce(text, CAST(number AS VARCHAR))"
        if other.kind == JSON:
            text = f"nullif(CAST({text} AS VARCHAR), 'null')"
        return Sql(f"({text} IS {'' if op is Op.EQ else 'NOT '}NULL)", BOOL)

    def _alike(self, one: Sql, two: Sql) -> tuple[Sql, Sql]:
        """Moments meet days; JSON meets times as text that says a time."""
        if {one.kind, two.kind} == {TIME, DAY}:
            return self._day(one), self._day(two)
        if one.kind in (TIME, SPAN) and two.kind in (JSON, TEXT, RESULT):
            return one, self._time_of_text(two)
        if two.kind in (TIME, SPAN) and one.kind in (JSON, TEXT, RESULT):
            return self._time_of_text(one), two
        return one, two

    def _time_of_text(self, one: Sql) -> Sql:
        if isinstance(one.value, str):
            try:
                return self._constant(times.parse_interval(one.value))
            except times.BadTime:
                return Sql("CAST(NULL AS BIGINT)", TIME)
        return Sql(micros(self._as(one, TEXT)), TIME)

    def _day(self, one: Sql) -> Sql:
        return one if one.kind == DAY else Sql(f"CAST(floor({one.text} / 86400000000) AS BIGINT)", DAY)

    def _span(self, one: Sql) -> Sql:
        if one.kind == SPAN:
            return one
        if one.kind == TIME:
            return Sql(one.text, SPAN, one.text)
        raise BadQuery("时间只能与时间比较。", "A time compares with times only.")

    def _spans(self, op: Op, one: Sql, two: Sql) -> Sql:
        a, b, c, d = one.text, one.end, two.text, two.end
        match op:
            case Op.EQ:
                return Sql(f"({a} = {c} AND {b} = {d})", BOOL)
            case Op.NE:
                return Sql(f"({a} <> {c} OR {b} <> {d})", BOOL)
            case Op.LT:
                return Sql(before(one, two), BOOL)
            case Op.GT:
                return Sql(before(two, one), BOOL)
            case Op.LE:
                return Sql(f"({a} <= {c} AND {b} <= {d})", BOOL)
        return Sql(f"({a} >= {c} AND {b} >= {d})", BOOL)

    def _dynamic(self, op: Op, one: Sql, two: Sql) -> Sql:
        """One side's kind is known only by row: it is read as the other side's kind."""
        kinds = [one.kind if one.kind not in _DYNAMIC else "", two.kind if two.kind not in _DYNAMIC else ""]
        kind = kinds[0] or kinds[1]
        sign = _SIGNS[Op.EQ if op is Op.NE else op]
        if kind in (NUM, TEXT, BOOL):
            text = f"({self._as(one, kind)} {sign} {self._as(two, kind)})"
        elif kind:
            text = "CAST(NULL AS BOOLEAN)"
        else:
            numbers = f"({self._as(one, NUM)} {sign} {self._as(two, NUM)})"
            text = f"coalesce({numbers}, ({self._as(one, TEXT)} {sign} {self._as(two, TEXT)}))"
        if op not in (Op.EQ, Op.NE):
            return Sql(text, BOOL)
        known = " AND ".join(f"{there(each)} IS NOT NULL" for each in (one, two))
        sense = "NOT " if op is Op.NE else ""
        return Sql(f"(CASE WHEN {known} THEN {sense}coalesce({text}, false) END)", BOOL)

    def _as(self, one: Sql, kind: str) -> str:
        """A piece read as a kind; NULL when it is another."""
        if one.kind == kind:
            return one.text
        if one.kind == RESULT:
            return {NUM: result_number(), TEXT: json_text("text"), BOOL: json_bool("text")}[kind]
        if one.kind == JSON:
            return {NUM: json_number, TEXT: json_text, BOOL: json_bool}[kind](one.text)
        if one.kind == NULL:
            return "NULL"
        names = {NUM: ("数", "number"), TEXT: ("文字", "text"), BOOL: ("真假值", "truth value")}
        zh, en = names[kind]
        raise BadQuery(f"此处应为{zh}。", f"A {en} is needed here.")

    # -- arithmetic -----------------------------------------------------------------------
    def _arithmetic(self, op: Op, one: Sql, two: Sql) -> Sql:
        if one.value is not NO_VALUE and two.value is not NO_VALUE:
            return self._constant(arithmetic(op, one.value, two.value))
        if op in (Op.ADD, Op.SUB) and two.kind == LENGTH and one.kind in (TIME, SPAN):
            sign = _SUMS[op]
            end = f"({one.end} {sign} {two.text})" if one.end else ""
            return Sql(f"({one.text} {sign} {two.text})", one.kind, end)
        if op is Op.SUB and one.kind in (TIME, SPAN) and two.kind in (TIME, SPAN):
            return Sql(f"({one.text} - {two.text})", LENGTH)
        left, right = self._as(one, NUM), self._as(two, NUM)
        assert op in ARITHMETIC
        if op is Op.DIV:
            return Sql(f"({left} / nullif({right}, 0))", NUM)
        if op is Op.MOD:
            return Sql(f"fmod({left}, nullif({right}, 0))", NUM)
        return Sql(f"({left} {_SUMS[op]} {right})", NUM)

    # -- functions ------------------------------------------------------------------------
    def _function(self, name: str, arguments: list[Sql]) -> Sql:
        if all(one.value is not NO_VALUE for one in arguments):
            return self._constant(call(name, [one.value for one in arguments], now=self.now))
        if name in TEXTS:
            kind, form = TEXTS[name]
            return Sql(form(*(self._as(one, TEXT) for one in arguments)), kind)
        if name == "concat":
            return Sql("(" + " || ".join(self._as(one, TEXT) for one in arguments) + ")", TEXT)
        if name == "substring":
            rest = [f"CAST({self._as(one, NUM)} AS BIGINT)" for one in arguments[1:]]
            rest[0] += " + 1"
            return Sql(f"substring({', '.join([self._as(arguments[0], TEXT), *rest])})", TEXT)
        if name in ("round", "floor", "ceiling"):
            return Sql(f"{'ceil' if name == 'ceiling' else name}({self._as(arguments[0], NUM)})", NUM)
        if name in RELATIONS:
            return Sql(RELATIONS[name](*(self._period(one) for one in arguments)), BOOL)
        if name in PARTS or name in ("date", "time"):
            return self._part(name, arguments[0])
        raise BadQuery(f"观测上不能用函数 {name}。", f"Function {name} does not apply to observations.")

    def _period(self, one: Sql) -> Sql:
        return self._span(one if one.kind in (TIME, SPAN) else self._time_of_text(one))

    def _part(self, name: str, one: Sql) -> Sql:
        if one.kind in _DYNAMIC:
            one = self._time_of_text(one)
        if one.kind not in (TIME, SPAN):
            raise BadQuery(f"函数 {name} 需要时间。", f"Function {name} needs a time.")
        if name == "date":
            return self._day(Sql(one.text, TIME))
        if name == "time":
            return Sql(f"({one.text} - 86400000000 * CAST(floor({one.text} / 86400000000) AS BIGINT))", CLOCK)
        return Sql(PARTS[name].format(one.text), NUM)
