"""Where in a model something is (位置): one path as written in code, told in either language.

A path names the node, then steps inwards; the steps that aren't the author's own words are markers here.
"""

from __future__ import annotations

from typing import Final

from quancheng.core.text import Text

__all__ = ["CONCLUSION", "CONDITION", "DEFAULT", "RULE", "step", "told"]

# Private-use characters stand for words, so that no author's name can be mistaken for one.
RULE: Final = "\ue000"
CONDITION: Final = "\ue001"
CONCLUSION: Final = "\ue002"
DEFAULT: Final = "\ue003"
_WORDS: Final = {
    RULE: Text("规则", "rule"),
    CONDITION: Text("条件", "condition"),
    CONCLUSION: Text("结论", "conclusion"),
    DEFAULT: Text("默认结论", "default output"),
}


def step(where: str, *words: object) -> str:
    """The path one step further in."""
    inner = " ".join(str(word) for word in words if word not in ("", None))
    return f"{where} › {inner}" if where and inner else where or inner


def told(where: str, text: Text) -> Text:
    """``text`` with its place before it."""
    zh = en = where
    for mark, words in _WORDS.items():
        zh, en = zh.replace(mark, words.zh), en.replace(mark, words.en)
    return Text(f"{zh}：{text.zh}", f"{en}: {text.en}") if where else text
