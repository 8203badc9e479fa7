"""脚手架: writes the files of a new scenario from the templates in ``scenario_files/``."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.registry.discovery import PACKAGE_ROOT, discover

TEMPLATES = Path(__file__).with_name("scenario_files")
SUFFIX = ".tmpl"
PLAIN = re.compile(r"[^\"'\\\n\r{}%<>&@]+")
TAKEN = frozenset({
    "admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "account", "mfa",
    "ninja", "portal", "kernel", "idempotency", "audit", "access", "events", "jobs", "store",
    "registry", "core", "api", "tests", "cities",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    name: str
    zh: str
    en: str
    id: str = "S0"
    into: Path | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: import path, the folder to put on the Python path, the files."""

    dotted: str
    root: Path
    files: tuple[Path, ...]


def make(wanted: Wanted) -> Made:
    """Write the scenario; raises InvalidInput for bad names, Conflict rather than overwrite."""
    _check(wanted)
    own = wanted.into is None
    parent = (wanted.into or PACKAGE_ROOT / "scenarios").resolve()
    folder = parent / wanted.name
    repository = PACKAGE_ROOT.parents[1]
    tests = repository / "tests" / "scenarios" / wanted.name if own else folder / "tests"
    for place in (folder, tests):
        if place.exists():
            raise Conflict(
                Text(f"{place} 已存在，不会覆盖。", f"{place} exists and is not overwritten."),
                todo=Text("请换一个名称，或先移走它。", "Choose another name or move it away."),
            )
    root, dotted = _package(parent, wanted.name)
    words = _words(wanted, dotted)
    files = []
    for template in sorted(TEMPLATES.rglob(f"*{SUFFIX}")):
        relative = Path(_fill(template.relative_to(TEMPLATES).as_posix(), words))
        inside_tests = relative.parts[0] == "tests"
        base = tests if inside_tests else folder
        parts = relative.parts[1:] if inside_tests else relative.parts
        target = base.joinpath(*parts).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_fill(template.read_text(encoding="utf-8"), words), encoding="utf-8")
        files.append(target)
    return Made(dotted, root, tuple(files))


def _words(wanted: Wanted, dotted: str) -> dict[str, str]:
    """What stands for ``@@key@@`` in the templates; the sample's test imports it in sorted order."""
    line = f"from {dotted} import actions, queries\n"
    first = dotted < "quancheng.kernel"
    return {
        "name": wanted.name,
        "zh": wanted.zh,
        "en": wanted.en,
        "id": wanted.id,
        "dotted": dotted,
        "import_first": line if first else "",
        "import_last": "" if first else line,
    }


def _fill(text: str, words: dict[str, str]) -> str:
    for key, value in words.items():
        text = text.replace(f"@@{key}@@", value)
    return text


def _package(parent: Path, name: str) -> tuple[Path, str]:
    """The folder above the topmost package, and the module's import path."""
    parts, here = [name], parent
    while (here / "__init__.py").is_file():
        parts.insert(0, here.name)
        here = here.parent
    return here, ".".join(parts)


def _check(wanted: Wanted) -> None:
    problems: dict[str, Text] = {}
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,29}", wanted.name) or keyword.iskeyword(wanted.name):
        problems["name"] = Text(
            "名称应是小写英文，如 city_parks。",
            "The name must be lower-case letters, digits and _, like city_parks.",
        )
    elif wanted.name in TAKEN or wanted.name in sys.stdlib_module_names:
        problems["name"] = Text(
            f"{wanted.name} 已被平台或 Python 使用。", f"{wanted.name} is used by the platform."
        )
    elif wanted.name in {one.name for one in discover()}:
        problems["name"] = Text(f"已有模块 {wanted.name}。", f"There is a module {wanted.name} already.")
    for key, value, most in (("zh", wanted.zh, 20), ("en", wanted.en, 40)):
        if not (PLAIN.fullmatch(value) and len(value) <= most):
            problems[key] = Text(
                f"应是{most}字以内、不含引号和括号的名称。",
                f"It must be a name of up to {most} characters without quotes, braces or %.",
            )
    if re.search(r"[㐀-鿿]", wanted.en):
        problems["en"] = Text("英文名称不应含汉字。", "The English name must be English.")
    if not re.fullmatch(r"[A-Z][0-9]{1,3}", wanted.id):
        problems["id"] = Text("编号应像 S26。", "The id must look like S26.")
    if problems:
        said = list(problems.items())
        raise InvalidInput(
            Text(
                ";".join(f"{key}:{text.zh}" for key, text in said),
                "; ".join(f"{key}: {text.en}" for key, text in said),
            ),
            todo=Text("请改正后重试。", "Correct it and try again."),
            fields=problems,
        )
