"""What can go wrong with a FEEL text: it is not FEEL, or it asks for too much.

Everything else is a FEEL ``null`` with a warning (DMN 1.5, 10.3.2.1).
"""

from __future__ import annotations

from quancheng.core.text import Text


class FeelError(Exception):
    """Root of the errors of this package; ``text`` speaks both languages."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(f"{text.zh} / {text.en}")


class FeelSyntaxError(FeelError):
    """The text is not a FEEL expression; ``position`` is the character where reading stopped."""

    def __init__(self, zh: str, en: str, position: int) -> None:
        self.position = position
        place = Text(f"第 {position + 1} 个字符：{zh}", f"at character {position + 1}: {en}")
        super().__init__(place)


class FeelLimitError(FeelError):
    """Reading or evaluating needs more length, depth, steps or items than allowed."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(Text(zh, en))
