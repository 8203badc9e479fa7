"""What can be wrong with a form definition, in two languages and with the place."""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core.text import Text

__all__ = ["FormError", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect of a definition (表单问题): where it is and what is wrong."""

    path: str
    text: Text

    def __str__(self) -> str:
        return f"{self.path}: {self.text.zh}" if self.path else self.text.zh


class FormError(ValueError):
    """A form that cannot be read or run (表单有误); ``path`` tells the place, ``text`` is for people."""

    def __init__(self, path: str, text: Text) -> None:
        super().__init__(f"{path}: {text.en}" if path else text.en)
        self.path = path
        self.text = text
