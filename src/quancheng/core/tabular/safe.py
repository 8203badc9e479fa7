"""安全导出: cells that a spreadsheet program would run as formulas are made text (OWASP "CSV Injection").

On reading such cells are kept as they are: they are data. Only what leaves for a spreadsheet is marked.
"""

from __future__ import annotations

import re

__all__ = ["safe_cell"]

_DANGEROUS = frozenset("=+-@\t\r\n＝＋－＠|%")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?%?\Z")
_PHONE = re.compile(r"\+[0-9][0-9 -]{4,20}\Z")


def safe_cell(text: str) -> str:
    """A text that no spreadsheet program takes for a formula (防公式注入).

    An apostrophe is put before texts that begin with ``= + - @ | %``, their full-width forms, a tab or a
    line end, also behind white space or a quote. Plain numbers and international telephone numbers stay
    as they are. ``safe_cell`` of its own result changes nothing.
    """
    start = text.lstrip(' "\u00a0\u3000\ufeff\u200b')
    if not text or (text[0] not in _DANGEROUS and start[:1] not in _DANGEROUS):
        return text
    if _NUMBER.match(text) or _PHONE.match(text):
        return text
    return "'" + text
