"""事项内容: a new matter, the limits of a draft, and reading it as a definition. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from quancheng.capabilities.designer.values import Part, Trouble
from quancheng.capabilities.services.values import MatterSpec, read_spec
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, TooLarge

__all__ = ["MAX_CONTENT", "blank", "bounded", "code_of", "definition", "field_message"]

MAX_CONTENT = 4_000_000
"""Characters of a draft as JSON; the largest real matter has 90,000."""
_CODE = re.compile(r"[a-z][a-z0-9-]{2,58}", re.ASCII)
_PARTS = {
    "condition": Part.CONDITIONS, "material": Part.MATERIALS, "field": Part.FORM, "form_json": Part.FORM,
    "bpmn": Part.FLOW, "dmn": Part.TABLES,
}  # fmt: skip


def code_of(text: str) -> str:
    """A usable code of a matter. Raises InvalidInput."""
    code = text.strip().lower()
    if not _CODE.fullmatch(code):
        wrong = Text(
            "代码用小写字母、数字和连字符，以字母开头，3至59个字符。",
            "A code has small letters, digits and hyphens, begins with a letter, 3 to 59 characters.",
        )
        raise InvalidInput(wrong, fields={"code": wrong})
    return code


def blank(code: str, zh: str, en: str, department: str) -> dict[str, Any]:
    """The content of a new matter: what law always asks for, to be filled in."""
    return {
        "code": code, "name": {"zh": zh, "en": en}, "summary": {"zh": zh, "en": en},
        "kind": "public-service", "applicant": "person", "zones": ["life"], "simulated": True,
        "department": {"follows": department, "level": "city"},
        "period": {"legal": "services.senior_card.legal_days"},
        "basis": [{"zh": "（请填写设定依据）", "en": "(legal basis, please fill in)"}],
        "result": {"name": {"zh": "办理结果", "en": "Result"}},
        "refusal": [], "condition": [], "material": [],
        "field": [{
            "key": "truthful", "kind": "agree",
            "label": {"zh": "我承诺所填内容真实", "en": "What I state is true"},
        }],
    }  # fmt: skip


def bounded(content: Mapping[str, Any]) -> None:
    """Raise TooLarge when a draft has grown beyond what a matter can be."""
    if len(json.dumps(content, ensure_ascii=False)) > MAX_CONTENT:
        raise TooLarge(
            Text(
                "事项内容过大，请拆分流程或决策表。", "The matter is too large; divide its process or tables."
            )
        )


def definition(content: Mapping[str, Any]) -> tuple[MatterSpec | None, list[Trouble]]:
    """The content as publishing reads it, or every reason why it cannot be read."""
    try:
        return read_spec(content), []
    except ValidationError as wrong:
        return None, [_trouble(row) for row in wrong.errors()[:50]]


def _trouble(row: Mapping[str, Any]) -> Trouble:
    place = [str(one) for one in row["loc"]]
    part = _PARTS.get(place[0], Part.BASIC) if place else Part.BASIC
    path = ".".join(place)
    zh, en = field_message(str(row["type"]), str(row["msg"]))
    return Trouble(part, path, Text(f"{path or '整个事项'}：{zh}", f"{path or 'the matter'}: {en}"))


def field_message(kind: str, message: str) -> tuple[str, str]:
    """A reason of the schema in both languages."""
    known = {
        "missing": "没有填写。", "string_pattern_mismatch": "格式不对。", "literal_error": "不在可选范围内。",
        "extra_forbidden": "不认识这一项。", "string_too_short": "太短或为空。", "string_too_long": "太长。",
        "too_short": "至少要有一项。", "value_error": f"相互矛盾：{message.removeprefix('Value error, ')}",
        "int_parsing": "应为整数。", "bool_parsing": "应为是或否。",
    }  # fmt: skip
    return known.get(kind, f"不符合要求：{message}"), message
