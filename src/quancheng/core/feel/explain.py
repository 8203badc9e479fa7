"""Why a value is what it is: the expression as a tree of parts with their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .compile_tests import compile_test
from .expression import RULES, Expression, UnaryTests, guarded
from .frame import Compiler, Frame, Run, adopt
from .limits import Environment
from .nodes import Definition, Literal, Node
from .values.show import display

# A loop over thousands of items is explained by its first rounds.
MAX_PARTS = 500


@dataclass(slots=True)
class Explanation:
    """``text`` gave ``value`` because of its ``parts``; ``omitted`` parts are not shown."""

    text: str
    value: Any = None
    parts: list[Explanation] = field(default_factory=list)
    omitted: int = 0

    def lines(self, indent: int = 0) -> list[str]:
        """The tree as indented ``text = value`` lines."""
        own = f"{'  ' * indent}{' '.join(self.text.split())} = {display(self.value)}"
        below = [line for part in self.parts for line in part.lines(indent + 1)]
        more = [f"{'  ' * (indent + 1)}… +{self.omitted}"] if self.omitted else []
        return [own, *below, *more]


class _Recorder:
    """Builds the tree while the traced closures run."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = Explanation(text)
        self.stack = [self.root]
        self.count = 0

    def trace(self, node: Node, run: Run) -> Run:
        """The same closure, recorded; literals and definitions explain themselves."""
        if isinstance(node, Literal | Definition):
            return run
        source = self.text[node.start : node.end]

        def recorded(frame: Frame) -> Any:
            return self.record(source, lambda: run(frame))

        return recorded

    def record(self, source: str, run: Callable[[], Any]) -> Any:
        """Run a part below the one that runs now."""
        above = self.stack[-1]
        self.count += 1
        if self.count > MAX_PARTS:
            above.omitted += 1
            return run()
        part = Explanation(source)
        above.parts.append(part)
        self.stack.append(part)
        try:
            part.value = run()
        finally:
            self.stack.pop()
        return part.value


def explain(
    expression: Expression, scope: Mapping[str, Any] | None = None, env: Environment | None = None
) -> Explanation:
    """Evaluate again and keep every part; same value, warnings and errors as ``evaluate``."""
    env = env or Environment()
    recorder = _Recorder(expression.text)

    def again() -> Any:
        compiler = Compiler(expression.text, RULES, recorder.trace)
        run = compiler.compile(expression.node)
        return run(Frame([None] * compiler.scope.size, {} if scope is None else scope, env))

    value = guarded(env, again)
    if not recorder.root.parts:
        return Explanation(expression.text, value)
    return recorder.root.parts[0]


def explain_test(
    tests: UnaryTests, value: Any, scope: Mapping[str, Any] | None = None, env: Environment | None = None
) -> Explanation:
    """The same for unary tests against ``value``."""
    env = env or Environment()
    recorder = _Recorder(tests.text)

    def again() -> Any:
        compiler = Compiler(tests.text, RULES, recorder.trace)
        compiler.scope.bind("?")
        test = compile_test(compiler, tests.node)
        tested = adopt(value)
        slots = [tested, *[None] * compiler.scope.size]
        return test(tested, Frame(slots, {} if scope is None else scope, env))

    recorder.root.value = guarded(env, again)
    return recorder.root
