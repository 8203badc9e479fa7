"""What can go wrong with a process model or a running case; every error speaks zh and en."""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core.text import Text

__all__ = [
    "BpmnError",
    "FlowError",
    "FlowLimitError",
    "MigrationRefused",
    "NoPath",
    "NotExecutable",
    "Problem",
    "Rejected",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why the engine cannot run a model (不能运行的原因).

    ``element`` is the BPMN id (empty: the whole model), ``code`` a stable word for programs.
    """

    element: str
    code: str
    text: Text


class FlowError(Exception):
    """Base of all errors here (流程错误); ``text`` is for people."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"{self.text.zh} / {self.text.en}"


class BpmnError(FlowError, ValueError):
    """A document that is no usable, harmless BPMN 2.0 (文件无法读取)."""


class NotExecutable(FlowError, ValueError):
    """A model the engine refuses to run (模型不能运行); ``problems`` gives every reason."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(
            Text(
                "流程模型不能运行：" + "；".join(_named(p, p.text.zh) for p in problems[:5]),
                "The model cannot be run: " + "; ".join(_named(p, p.text.en) for p in problems[:5]),
            )
        )


def _named(problem: Problem, text: str) -> str:
    return f"[{problem.element}] {text}" if problem.element else text


class Rejected(FlowError):
    """An event that does not fit the state (事件与当前状态不符); nothing has changed."""


class NoPath(Rejected):
    """No condition holds and there is no default flow (没有可走的分支); nothing has changed."""


class FlowLimitError(Rejected):
    """The step is larger than the limits allow (超出限度); nothing has changed."""


class MigrationRefused(FlowError):
    """A migration that would lose data (迁移会丢失数据)."""
