"""A graph compiled (可执行的模型): decisions, functions and services, evaluated in order of requirement.

Requirements are walked without recursion, so that a chain of thousands of decisions costs no stack; what each
expression sees is what its node requires, nothing else (DMN 1.5, 6.2.1 and 10.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.core import feel
from quancheng.core.text import Text

from ..types import ANY, Type
from ..values.function import Closure, Function, Parameter
from .compile import Compiler
from .document import (
    BusinessKnowledgeModel,
    Decision,
    DecisionService,
    Document,
    Element,
    FunctionKind,
    InputData,
)
from .errors import DmnError
from .graph import Graph, Key
from .itemtypes import TypeBook
from .naming import names_of
from .run import Code, Names, Run, Scope

__all__ = ["Program", "Values"]

#: What is known of nodes so far: inputs and overrides first, then each decision as it is made.
Values = dict[Key, Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    code: Code
    kind: Type | None


class Program:
    """Compiles nodes when first needed and evaluates them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.book = TypeBook(graph)
        self.compilers = {d.namespace: Compiler(d, self.book) for d in graph.documents.values()}
        self._compiled: dict[Key, _Compiled] = {}
        self._orders: dict[Key, tuple[Key, ...]] = {}

    def compiled(self, key: Key) -> _Compiled:
        """The code of a decision or knowledge model."""
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = self._compile(key)
        return found

    def variable_type(self, key: Key) -> Type | None:
        """The declared type of a node's variable, None for anything."""
        reference = self.graph.element(key).variable.type_ref
        return self.compilers[key.namespace].type_of(reference)

    def result_type(self, key: Key) -> Type | None:
        """What calling a knowledge model or service gives: of a function type its result."""
        kind = self.variable_type(key)
        return kind.result if kind is not None and kind.name == "function" else kind

    def variables(self, key: Key) -> dict[str, Type | None]:
        """The types of what a node sees by a plain name: values it requires, its parameters."""
        element, document = self.graph.element(key), self.graph.document(key)
        near = (n for n in self._needs(key) if not self.graph.alias(document, n.namespace))
        found = {self._parameter_name(node): self.variable_type(node) for node in near}
        logic = element.logic if isinstance(element, BusinessKnowledgeModel) else None
        for parameter in self.compilers[key.namespace].parameters(logic.parameters if logic else ()):
            found[parameter.name] = parameter.type
        return found

    def _compile(self, key: Key) -> _Compiled:
        element, compiler = self.graph.element(key), self.compilers[key.namespace]
        names = names_of(self.graph, self.book, key)
        if isinstance(element, Decision):
            code = compiler.compile(element.expression, names, element.name)
            return _Compiled(code, self.variable_type(key))
        logic = element.logic if isinstance(element, BusinessKnowledgeModel) else None
        if logic is None:
            code = compiler.broken(element.name, Text("没有决策逻辑", "there is no decision logic"))
        elif logic.kind is not FunctionKind.FEEL:
            code = compiler.function(logic, names)
        else:
            inner: Names = (*names, *(p.name for p in logic.parameters))
            code = compiler.compile(logic.body, inner, element.name)
        return _Compiled(code, self.result_type(key))

    # --- decisions

    def order(self, key: Key) -> tuple[Key, ...]:
        """The nodes whose values a decision needs, itself last; :class:`DmnError` for a circle."""
        found = self._orders.get(key)
        if found is None:
            found = self._orders[key] = self._sort(key)
        return found

    def _sort(self, start: Key) -> tuple[Key, ...]:
        done: dict[Key, None] = {}
        on_path = {start}
        path = [(start, iter(self._needs(start)))]
        while path:
            node, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                on_path.discard(node)
                done[node] = None
            elif following in on_path:
                name = self.graph.element(following).name
                raise DmnError(Text(f"决策循环依赖：{name}", f"decisions require one another: {name}"))
            elif following not in done:
                on_path.add(following)
                path.append((following, iter(self._needs(following))))
        return tuple(done)

    def _needs(self, key: Key) -> list[Key]:
        element, document = self.graph.element(key), self.graph.document(key)
        if not isinstance(element, Decision):
            return []
        found = (self.graph.find(document, href) for href in element.information)
        return [each for each in found if each is not None]

    def decide(self, key: Key, values: Values, run: Run) -> Any:
        """The value of a decision; ``values`` gains every decision made on the way."""
        pending = [key]
        wanted: set[Key] = set()
        while pending:  # what a known value stands for need not be evaluated
            node = pending.pop()
            if node not in wanted and node not in values:
                wanted.add(node)
                pending.extend(self._needs(node))
        for node in self.order(key):
            if node in wanted:
                values[node] = self._decide_one(node, values, run)
        return values[key]

    def _decide_one(self, key: Key, values: Values, run: Run) -> Any:
        element = self.graph.element(key)
        if isinstance(element, InputData):
            run.warn(element.name, Text("没有提供输入", "the input was not given"))
            return None
        compiled = self.compiled(key)
        scope, given = self._scope(key, values, run)

        def work() -> Any:
            with run.within(self.book.view(self.graph.document(key))):
                return run.coerce(compiled.code(scope, run), compiled.kind, element.name)

        return run.step(element.name, given, work)

    def _scope(self, key: Key, values: Values, run: Run) -> tuple[Scope, dict[str, Any]]:
        element, document = self.graph.element(key), self.graph.document(key)
        scope: Scope = {}
        given: dict[str, Any] = {}
        for each in self._needs(key):
            self._put(scope, document, each, values[each])
            given[self.graph.element(each).variable.name] = values[each]
        knowledge = element.knowledge if isinstance(element, Decision | BusinessKnowledgeModel) else ()
        for href in knowledge:
            found = self.graph.find(document, href)
            if found is not None:
                self._put(scope, document, found, self.function(found, run))
        return scope, given

    def _put(self, scope: Scope, document: Document, key: Key, value: Any) -> None:
        name = self.graph.element(key).variable.name
        alias = self.graph.alias(document, key.namespace)
        if alias:
            scope.setdefault(alias, {})[name] = value
        else:
            scope[name] = value

    # --- functions

    def function(self, key: Key, run: Run) -> Any:
        """A knowledge model or service as a function value."""
        element = self.graph.element(key)
        if isinstance(element, DecisionService):
            return self._service_function(key, element, run)
        if not isinstance(element, BusinessKnowledgeModel):
            return None
        logic = element.logic
        if logic is not None and logic.kind is not FunctionKind.FEEL:
            return self.compiled(key).code({}, run)
        items = logic.parameters if logic is not None else ()
        parameters = self.compilers[key.namespace].parameters(items)

        def apply(arguments: Sequence[Any], _env: feel.Environment) -> Any:
            given = {p.name: value for p, value in zip(parameters, arguments, strict=True)}
            return self._call(key, given, run)

        return Closure(element.name, parameters, apply, self.result_type(key) or ANY)

    def _call(self, key: Key, given: Mapping[str, Any], run: Run) -> Any:
        element, compiled = self.graph.element(key), self.compiled(key)
        scope, _ = self._scope(key, {}, run)

        def work() -> Any:
            with run.within(self.book.view(self.graph.document(key))):
                return run.coerce(compiled.code({**scope, **given}, run), compiled.kind, element.name)

        return run.step(element.name, given, work)

    def service_parameters(self, key: Key) -> list[tuple[Key, Parameter]]:
        """What a service is given: input data, then input decisions, as its document lists them."""
        element, document = self.graph.element(key), self.graph.document(key)
        hrefs = element.input_data + element.input_decisions if isinstance(element, DecisionService) else ()
        found = (self.graph.find(document, href) for href in hrefs)
        nodes = [each for each in found if each is not None]
        return [(n, Parameter(self._parameter_name(n), self.variable_type(n))) for n in nodes]

    def _parameter_name(self, key: Key) -> str:
        return self.graph.element(key).variable.name

    def _service_function(self, key: Key, element: Element, run: Run) -> Function:
        pairs = self.service_parameters(key)
        parameters = [parameter for _, parameter in pairs]

        def apply(arguments: Sequence[Any], _env: feel.Environment) -> Any:
            values = {node: value for (node, _), value in zip(pairs, arguments, strict=True)}
            return self.serve(key, values, run)

        return Closure(element.name, parameters, apply, self.result_type(key) or ANY)

    def serve(self, key: Key, values: Values, run: Run) -> Any:
        """The result of a decision service that is given ``values`` and sees nothing else."""
        element, document = self.graph.element(key), self.graph.document(key)
        hrefs = element.output_decisions if isinstance(element, DecisionService) else ()
        outputs = [each for href in hrefs if (each := self.graph.find(document, href)) is not None]
        given = {self.graph.element(node).variable.name: value for node, value in values.items()}

        def work() -> Any:
            with run.within(self.book.view(document)):
                found = {self._parameter_name(each): self.decide(each, values, run) for each in outputs}
                result = next(iter(found.values()), None) if len(found) == 1 else found
                return run.coerce(result, self.result_type(key), element.name)

        return run.step(element.name, given, work)
