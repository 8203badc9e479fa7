"""Boxed expressions → closures (编译), once for each model; the meaning is that of DMN 1.5, 10.2 and 10.3.2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from quancheng.core import feel
from quancheng.core.text import Text

from ..builtins.external import external
from ..errors import FeelError
from ..types import Type
from ..values.function import Closure, Function, Parameter
from . import iterate
from .document import (
    Conditional,
    Context,
    ContextEntry,
    DecisionTable,
    Document,
    Expression,
    Filter,
    FunctionDefinition,
    FunctionKind,
    InformationItem,
    Invocation,
    Iteration,
    IterationKind,
    ListExpression,
    Literal,
    Relation,
)
from .itemtypes import TypeBook, members
from .naming import written_names
from .run import Code, Names, Run, Scope

__all__ = ["Compiler", "Names"]

_EMPTY = Text("表达式为空", "the expression is empty")
_NOT_BOOLEAN = Text("条件不是布尔值", "the condition is not a boolean")
_NOT_FUNCTION = Text("被调用的不是函数", "what is called is not a function")


class Compiler:
    """Compiles the expressions of one document; ``problems`` are the places that can't be read.

    What can't be read evaluates to null with its reason as warning, so that the other decisions of a model
    still answer; ``check`` reports it before publication.
    """

    def __init__(self, document: Document, book: TypeBook) -> None:
        self.document = document
        self.book = book
        self.problems: list[tuple[str, Text]] = []
        self.unknown_types: list[str] = []
        # What was read, with the names it may use; None where they can't be known (items of a filter).
        self.texts: list[tuple[str, feel.Expression, Names | None]] = []
        self.tests: list[tuple[str, feel.UnaryTests, Names | None]] = []
        self._among_items = 0
        self._kinds: dict[type, Callable[[Any, Names], Code]] = {
            Literal: self._literal,
            Context: self._context,
            Invocation: self._invocation,
            FunctionDefinition: self.function,
            Relation: self._relation,
            ListExpression: self._list,
            DecisionTable: self._table,
            Conditional: self._conditional,
            Filter: self._filter,
            Iteration: self._iteration,
        }

    def compile(self, expression: Expression | None, names: Names, where: str) -> Code:
        """The closure of an expression that sees ``names``."""
        if expression is None:
            return self.broken(where, _EMPTY)
        code = self._kinds[type(expression)](expression, names)
        if isinstance(expression, FunctionDefinition):
            return self._function_typed(code, expression.type_ref, expression.where)
        return self._typed(code, expression.type_ref, expression.where or where)

    def broken(self, where: str, text: Text) -> Code:
        """A closure that is null and says why."""
        self.problems.append((where, text))

        def code(_scope: Scope, run: Run) -> None:
            run.warn(where, text)

        return code

    def type_of(self, reference: str) -> Type | None:
        """The type of a reference, None for anything."""
        if not reference:
            return None
        found = self.book.resolve(self.document, reference)
        if found is None:
            self.unknown_types.append(reference)
        return found

    def known(self, names: Names) -> Names | None:
        """The names that may be used here, None among the members of unknown items."""
        return None if self._among_items else names

    def parameters(self, items: Sequence[InformationItem]) -> list[Parameter]:
        """Formal parameters with their types."""
        return [Parameter(item.name, self.type_of(item.type_ref)) for item in items]

    def _typed(self, code: Code, reference: str, where: str) -> Code:
        kind = self.type_of(reference)
        if kind is None or kind.name == "Any":
            return code
        return lambda scope, run: run.coerce(code(scope, run), kind, where)

    def _function_typed(self, code: Code, reference: str, where: str) -> Code:
        """Tools write the type of the result where that of the function belongs; only the latter counts."""
        kind = self.type_of(reference)
        return self._typed(code, reference, where) if kind is not None and kind.name == "function" else code

    def literal(self, literal: Literal, names: Names) -> Code:
        """FEEL text with its type."""
        return self._typed(self._literal(literal, names), literal.type_ref, literal.where)

    def parse(self, text: str, names: Names, where: str, language: str = "") -> feel.Expression | Code:
        """The expression, or the closure of what is wrong with it."""
        if not is_feel(language or self.document.expression_language):
            return self.broken(where, Text("表达式语言不是 FEEL", "the expression language is not FEEL"))
        if not text.strip():
            return self.broken(where, _EMPTY)
        try:
            expression = feel.parse(text, names=names)
        except FeelError as error:
            return self.broken(where, error.text)
        self.texts.append((where, expression, self.known(names)))
        return expression

    def _literal(self, literal: Literal, names: Names) -> Code:
        parsed = self.parse(literal.text, names, literal.where, literal.language)
        if not isinstance(parsed, feel.Expression):
            return parsed
        evaluate = parsed.evaluate
        return lambda scope, run: evaluate(scope, run.env)

    def _context(self, context: Context, names: Names) -> Code:
        steps: list[tuple[str | None, Code]] = []
        for number, entry in enumerate(context.entries, 1):
            variable = entry.variable
            if variable is None:
                steps.append((None, self.compile(entry.expression, names, f"{context.where} #{number}")))
                continue
            own = isinstance(entry.expression, FunctionDefinition)
            inner = (*names, variable.name) if own else names
            code = self.compile(entry.expression, inner, f"{context.where} › {variable.name}")
            typed = self._function_typed if own else self._typed
            steps.append((variable.name, typed(code, variable.type_ref, context.where)))
            names = (*names, variable.name, *self._members(entry))
        return lambda scope, run: _run_context(steps, scope, run)

    def _members(self, entry: ContextEntry) -> list[str]:
        kind = self.type_of(entry.variable.type_ref) if entry.variable is not None else None
        typed = members([kind], self.book.view(self.document)) if kind is not None else ()
        return [*written_names(entry.expression), *typed]

    def _invocation(self, invocation: Invocation, names: Names) -> Code:
        where = invocation.where
        called = self.compile(invocation.function, names, where)
        bound = [
            (b.name, self.compile(b.expression, names, f"{where} › {b.name}")) for b in invocation.bindings
        ]

        def code(scope: Scope, run: Run) -> Any:
            function = called(scope, run)
            if not isinstance(function, Function):
                run.warn(where, _NOT_FUNCTION)
                return None
            return function.call_named({name: argument(scope, run) for name, argument in bound}, run.env)

        return code

    def function(self, definition: FunctionDefinition, names: Names) -> Code:
        """The function value of a boxed function."""
        where = definition.where
        if definition.kind is not FunctionKind.FEEL:
            return self._external(definition, names)
        inner = (*names, *(p.name for p in definition.parameters))
        body = self.compile(definition.body, inner, where)
        parameters = self.parameters(definition.parameters)
        result = self.type_of(definition.body.type_ref) if definition.body is not None else None

        def code(scope: Scope, run: Run) -> Function:
            def apply(arguments: Sequence[Any], _env: feel.Environment) -> Any:
                with run.within(run.env.types):
                    given = zip(definition.parameters, arguments, strict=True)
                    return body({**scope, **{p.name: value for p, value in given}}, run)

            return Closure(where, parameters, apply, result)

        return code

    def _external(self, definition: FunctionDefinition, names: Names) -> Code:
        if not isinstance(definition.body, Context) or definition.kind is FunctionKind.PMML:
            text = Text("不支持这种外部函数", "this kind of external function is not supported")
            return self.broken(definition.where, text)
        described = self.compile(definition.body, names, definition.where)
        parameters = self.parameters(definition.parameters)

        def code(scope: Scope, run: Run) -> Function | None:
            return external(parameters, {"java": described(scope, run)}, run.env)

        return code

    def _relation(self, relation: Relation, names: Names) -> Code:
        columns = [(c.name, self.type_of(c.type_ref)) for c in relation.columns]
        where = relation.where
        rows = [[self.compile(cell, names, where) for cell in row] for row in relation.rows]
        if any(len(row) != len(columns) for row in rows):
            text = Text("行与列的数目不一致", "a row has more or fewer cells than there are columns")
            self.problems.append((where, text))

        def code(scope: Scope, run: Run) -> list[dict[str, Any]]:
            return [
                {
                    name: run.coerce(cell(scope, run), kind, where)
                    for (name, kind), cell in zip(columns, row, strict=False)
                }
                for row in rows
            ]

        return code

    def _list(self, listed: ListExpression, names: Names) -> Code:
        items = [self.compile(item, names, f"{listed.where} [{n}]") for n, item in enumerate(listed.items, 1)]
        return lambda scope, run: [item(scope, run) for item in items]

    def _table(self, table: DecisionTable, names: Names) -> Code:
        from .table import compile_table

        return compile_table(self, table, names)

    def _conditional(self, boxed: Conditional, names: Names) -> Code:
        condition = self.compile(boxed.condition, names, f"{boxed.where} › if")
        then = self.compile(boxed.then, names, f"{boxed.where} › then")
        otherwise = self.compile(boxed.otherwise, names, f"{boxed.where} › else")

        def code(scope: Scope, run: Run) -> Any:
            holds = condition(scope, run)
            if holds is True:
                return then(scope, run)
            if holds is False or holds is None:
                return otherwise(scope, run)
            run.warn(boxed.where, _NOT_BOOLEAN)
            return None

        return code

    def _filter(self, boxed: Filter, names: Names) -> Code:
        source = self.compile(boxed.source, names, f"{boxed.where} › in")
        self._among_items += 1
        match = self.compile(boxed.match, (*names, "item"), f"{boxed.where} › match")
        self._among_items -= 1
        return iterate.filtering(source, match, boxed.where)

    def _iteration(self, boxed: Iteration, names: Names) -> Code:
        source = self.compile(boxed.source, names, f"{boxed.where} › in")
        inner = (*names, boxed.variable, "partial")
        body = self.compile(boxed.body, inner, boxed.where)
        if boxed.kind is IterationKind.FOR:
            return iterate.mapping(source, body, boxed.variable, boxed.where)
        decisive = boxed.kind is IterationKind.SOME
        return iterate.quantified(source, body, boxed.variable, boxed.where, decisive)


def is_feel(language: str) -> bool:
    """Whether a language URI is FEEL's, of any version; absent means FEEL."""
    return not language or "FEEL" in language.upper()


def _run_context(steps: Sequence[tuple[str | None, Code]], scope: Scope, run: Run) -> Any:
    found: dict[str, Any] = {}
    for name, code in steps:
        if name is None:
            return code(scope, run)
        # Each entry gets a scope of its own, so that a function made there may call itself.
        inner = dict(scope)
        value = found[name] = code(inner, run)
        if isinstance(value, Function):
            inner[name] = value
        scope = {**scope, name: value}
    return found
