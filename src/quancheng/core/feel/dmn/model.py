"""A decision model ready for questions (决策模型): the public face of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from quancheng.core import feel
from quancheng.core.text import Text

from ..expression import guarded
from ..types import ANY, Type
from ..values.function import Function
from .document import BusinessKnowledgeModel, Decision, DecisionService, Document, InputData
from .errors import DmnError
from .graph import Graph, Key, load
from .outcome import Outcome
from .program import Program, Values
from .run import Run
from .typed_json import from_typed_json

__all__ = ["Model", "Variable", "read"]

#: Inputs by name; those of an imported model by (namespace, name), or within a context named as the import.
Inputs: TypeAlias = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Variable:
    """An input or a decision: its name, its FEEL type, what it's about; ``reference`` is the type as written.

    ``namespace`` is that of the model it stands in; ``question`` and ``answers`` only decisions have.
    """

    name: str
    type: Type
    reference: str
    namespace: str
    description: str = ""
    question: str = ""
    answers: str = ""


class Model:
    """A model with its imports; made by :func:`read`, unchanging, safe to share between threads."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.program = Program(graph)
        self._nodes: dict[str, list[Key]] = {}
        for key in graph.nodes():
            if isinstance(graph.element(key), InputData | Decision):
                self._nodes.setdefault(graph.element(key).name, []).append(key)
        self._aliases = {i.name: i.namespace for i in graph.main.imports if i.name}

    @property
    def document(self) -> Document:
        """The model's own document, as written."""
        return self.graph.main

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.graph.main.name

    @property
    def inputs(self) -> tuple[Variable, ...]:
        """All input data, the model's own first, then those of imports."""
        return self._variables(InputData)

    @property
    def decisions(self) -> tuple[Variable, ...]:
        """The model's own decisions, in document order."""
        found = self._variables(Decision)
        return tuple(each for each in found if each.namespace == self.document.namespace)

    @property
    def services(self) -> tuple[Variable, ...]:
        """The decision services, own first."""
        return self._variables(DecisionService)

    def required_inputs(self, decision: str) -> tuple[Variable, ...]:
        """The input data that a decision needs, directly or through others: what to ask for."""
        key = self._key(decision, Decision)
        wanted = (each for each in self.program.order(key))
        return tuple(self._variable(k) for k in wanted if isinstance(self.graph.element(k), InputData))

    def from_json(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs stored as JSON as FEEL values of their declared types: numbers, dates, durations.

        A text that isn't a date where one is declared stays a text, which evaluation tells and takes as null.
        """
        found: dict[str, Any] = {}
        for name, value in inputs.items():
            key = next((k for k, _ in self._targets(name, value)), None)
            if key is None:
                found[name] = feel.from_json(value)
                continue
            view = self.program.book.view(self.graph.document(key))
            found[name] = from_typed_json(value, self.program.variable_type(key) or ANY, view)
        return found

    def evaluate(self, name: str, inputs: Inputs, env: feel.Environment | None = None) -> Outcome:
        """The value of a decision (or service, or function) for ``inputs``, and why.

        A value in ``inputs`` under a decision's name stands for that decision. FEEL errors give null and a
        warning; :class:`DmnError` when there is no such decision or decisions require one another in a
        circle; ``feel.FeelLimitError`` when the environment's limits are exceeded.
        """
        key = self._key(name, Decision, DecisionService, BusinessKnowledgeModel, InputData)
        if isinstance(self.graph.element(key), DecisionService | BusinessKnowledgeModel):
            return self.invoke(name, inputs, env)

        def work(run: Run) -> Any:
            values = self._given(inputs, run)
            if isinstance(self.graph.element(key), Decision):
                values.pop(key, None)
            return self.program.decide(key, values, run)

        return self._answer(work, env)

    def invoke(self, name: str, args: Inputs, env: feel.Environment | None = None) -> Outcome:
        """Call a decision service or business knowledge model with arguments by name.

        Arguments left out are null, those of the wrong type become null; a service with several output
        decisions gives a context. Errors as for :meth:`evaluate`.
        """
        key = self._key(name, DecisionService, BusinessKnowledgeModel)

        def work(run: Run) -> Any:
            if isinstance(self.graph.element(key), DecisionService):
                return self.program.serve(key, self._arguments(key, args, run), run)
            function = self.program.function(key, run)
            if not isinstance(function, Function):
                return None
            with run.within(self.program.book.view(self.graph.document(key))):
                return function.call_named({n: feel.from_json(v) for n, v in args.items()}, run.env)

        return self._answer(work, env)

    def _answer(self, work: Callable[[Run], Any], env: feel.Environment | None) -> Outcome:
        env = env if env is not None else feel.Environment()
        run, before, types = Run(env), len(env.warnings), env.types
        try:
            value = guarded(env, lambda: work(run))
        finally:
            env.types = types
        return Outcome(value, tuple(env.warnings[before:]), run.explanation())

    def _key(self, name: str, *kinds: type) -> Key:
        key = self.graph.named(self.document, name)
        if key is None or not isinstance(self.graph.element(key), kinds):
            raise DmnError(Text(f"模型中没有“{name}”", f"the model has no {name!r}"))
        return key

    def _given(self, inputs: Inputs, run: Run) -> Values:
        values: Values = {}
        for name, value in inputs.items():
            for key, each in self._targets(name, value):
                with run.within(self.program.book.view(self.graph.document(key))):
                    kind = self.program.variable_type(key)
                    values[key] = run.coerce(feel.from_json(each), kind, self.graph.element(key).name)
        return values

    def _targets(self, name: Any, value: Any) -> list[tuple[Key, Any]]:
        """The nodes an input is for, with the value for each."""
        if isinstance(name, tuple):
            return [(k, value) for k in self._nodes.get(name[1], ()) if k.namespace == name[0]]
        found = self._nodes.get(name, [])
        own = [k for k in found if k.namespace == self.document.namespace]
        if own or not isinstance(value, Mapping) or name not in self._aliases:
            # A foreign decision is never meant by its bare name: its inputs are.
            foreign = [k for k in found if isinstance(self.graph.element(k), InputData)]
            return [(k, value) for k in own or foreign]
        keys = ((k, n) for n in value for k in self._nodes.get(n, ()))
        return [(k, value[n]) for k, n in keys if k.namespace == self._aliases[name]]

    def _arguments(self, key: Key, args: Inputs, run: Run) -> Values:
        values: Values = {}
        for node, parameter in self.program.service_parameters(key):
            element = self.graph.element(node)
            qualified = (node.namespace, element.name)
            value = feel.from_json(args.get(qualified, args.get(element.name)))
            if qualified not in args and element.name not in args:
                run.warn(element.name, Text("没有提供参数", "the argument was not given"))
            with run.within(self.program.book.view(self.graph.document(node))):
                values[node] = run.coerce(value, parameter.type, element.name)
        return values

    def _variables(self, kind: type) -> tuple[Variable, ...]:
        return tuple(self._variable(k) for k in self.graph.nodes() if isinstance(self.graph.element(k), kind))

    def _variable(self, key: Key) -> Variable:
        element = self.graph.element(key)
        return Variable(
            name=element.name,
            type=self.program.variable_type(key) or ANY,
            reference=element.variable.type_ref,
            namespace=key.namespace,
            description=element.description,
            question=element.question if isinstance(element, Decision) else "",
            answers=element.allowed_answers if isinstance(element, Decision) else "",
        )


def read(xml: bytes, imports: Mapping[str, bytes] | None = None) -> Model:
    """Read a DMN 1.1–1.5 model; ``imports`` are the models it may import, by namespace, location or file name.

    :class:`DmnError` says in both languages why it can't be read. Nothing is evaluated; see :func:`check`
    for what is wrong inside.
    """
    return Model(load(xml, imports or {}))
