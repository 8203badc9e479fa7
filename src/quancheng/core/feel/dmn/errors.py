"""Why a decision model can't be used (决策模型有误): one error, in two languages."""

from __future__ import annotations

from quancheng.core.text import Text

__all__ = ["DmnError"]


class DmnError(ValueError):
    """A model that can't be read, or a question it has no answer for; ``text`` says which and why."""

    def __init__(self, text: Text) -> None:
        super().__init__(f"{text.zh} / {text.en}")
        self.text = text
