"""清单错误: what is wrong in a ``module.toml`` and what to write instead, in two languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from quancheng.core.text import Text


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the key and what to write."""

    key: str
    text: Text

    def line(self, path: Path) -> str:
        """One line for people: file, key, Chinese, English."""
        where = f"{path} {self.key}".rstrip()
        return f"{where}: {self.text.zh} {self.text.en}"


class RegistryError(Exception):
    """The modules cannot be loaded (模块无法装载); ``lines`` say what to do, one a problem."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


class ManifestError(RegistryError):
    """One ``module.toml`` is wrong (清单有误)."""

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(problem.line(path) for problem in self.problems)


# What a pattern means to the person who has to write the value.
_PATTERNS = (
    ("(bronze|silver|gold|platinum)", Text("应像 bronze.api。", "Write it like bronze.api.")),
    (
        "^[A-Z][0-9]",
        Text(
            "应是系统表中的编号，如 S9;不在表中写 S0。",
            "Write the row of plan/SYSTEMS.md, such as S9; S0 when it is not in the plan.",
        ),
    ),
    (
        r":[A-Za-z_]\w*$",
        Text(
            "应像 quancheng.scenarios.water.indicators:level。",
            "Write it like quancheng.scenarios.water.indicators:level.",
        ),
    ),
    (r"\.[A-Z][", Text("应像 services.Case。", "Write app label and model, like services.Case.")),
    (r"^/\S*", Text("应以 / 开头。", "It must begin with /.")),
    (r"( \S+){4}", Text("应是五段 cron,如 0 8 * * *。", "Write five cron fields, like 0 8 * * *.")),
    (
        "{1,39}",
        Text(
            "应是小写字母开头的英文名，如 city_parks。",
            "Write a name of lower-case letters, digits and _, like city_parks.",
        ),
    ),
    (
        "^[a-z]",
        Text(
            "应是小写字母开头、以点分段的编号，如 services.clerk。",
            "Write a lower-case dotted id, like services.clerk.",
        ),
    ),
    ("^[a-z0-9]", Text("应是小写代码，如 jn-water。", "Write a lower-case code, like jn-water.")),
)


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Turn pydantic's findings into sentences a module's author can act on."""
    return [
        Problem(_key(item["loc"]), _text(item["type"], item.get("ctx", {}), item, model))
        for item in error.errors(include_url=False)
    ]


def _key(location: tuple[int | str, ...]) -> str:
    key = ""
    for part in location:
        key += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _text(kind: str, context: dict[str, Any], item: Any, model: type[BaseModel]) -> Text:
    if kind == "missing":
        return Text("缺少这一项，请补上。", "This key is missing; add it.")
    if kind == "extra_forbidden":
        keys = "、".join(_known_keys(item["loc"], model))
        return Text(f"没有这个键；可用:{keys}。", f"There is no such key; use one of {keys}.")
    if kind == "literal_error":
        return Text(f"应是 {context['expected']} 之一。", f"Write one of {context['expected']}.")
    if kind == "string_pattern_mismatch":
        return next(text for mark, text in _PATTERNS if mark in context["pattern"])
    if kind in {"string_too_short", "too_short"}:
        return Text("不能为空或过短。", "It must not be empty or too short.")
    if kind in {"string_too_long", "too_long"}:
        return Text(f"太长，至多 {context['max_length']}。", f"Too long; at most {context['max_length']}.")
    if kind == "value_error":
        zh, _, en = str(context["error"]).partition("|")
        return Text(zh, en or zh)
    return Text(f"值的类型不对({item['msg']})。", f"The value has the wrong type ({item['msg']}).")


def _known_keys(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """The keys allowed where the unknown key stood."""
    here = model
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        found = _model_in(here.model_fields[part].annotation)
        if found is None:
            break
        here = found
    return list(here.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for m in map(_model_in, get_args(annotation)) if m is not None), None)
