"""The documents against the code: variables, commands, links, a page for each module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import pytest
from pydantic import BaseModel

from quancheng.cli import cli
from quancheng.kernel.registry.discovery import own_modules
from quancheng.kernel.registry.grades.imports import OPEN_ROOMS
from quancheng.kernel.registry.manifest import KINDS, Manifest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "quancheng"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
VARIABLE = re.compile(r"QUANCHENG_[A-Z0-9]+(?:_[A-Z0-9]+)*")
FAMILY = re.compile(r"(QUANCHENG_[A-Z0-9]+)_\*")
"""Settings that are the fields of one class: `QUANCHENG_INGEST_*`."""
LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
COMMAND = re.compile(r"(?<![\w./@-])(?:[\w./-]*bin/)?quancheng ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)")
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
COMMAND_DOCUMENTS = ("README.md", "README.en.md", *(f"docs/{n}.md" for n in (
    "operations", "audit", "store", "events-and-jobs", "security", "testing", "architecture", "scenario-walkthrough",
)))  # fmt: skip


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def variables_in_code() -> set[str]:
    return {name for path in SOURCES.rglob("*.py") for name in VARIABLE.findall(text_of(path))}


@cache
def families() -> dict[str, str]:
    """The families operations.md tells of, each with the source of the file that reads it."""
    told = set(FAMILY.findall(text_of(ROOT / "docs" / "operations.md")))
    found = {}
    for family in told:
        sources = [text_of(path) for path in SOURCES.rglob("*.py") if f"{family}_" in text_of(path)]
        found[family] = "\n".join(one for one in sources if re.search(rf'"{family}_', one))
        assert found[family], f"no source reads the settings {family}_*"
    return found


def is_of_a_family(name: str) -> bool:
    """Whether a name is a family's, or one of its settings that exists there."""
    for family, source in families().items():
        if name == family:
            return True
        word = name.removeprefix(f"{family}_")
        if word != name and re.search(rf"\b{word}\b", source, re.IGNORECASE):
            return True
    return False


def anchors(path: Path) -> set[str]:
    """The anchors of a page, as the usual hosts make them from headings."""
    heads = HEADING.findall(FENCE.sub("", text_of(path)))
    plain = (re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", head).strip().lower() for head in heads)
    return {re.sub(r"[^\w\- ]", "", head).replace(" ", "-") for head in plain}


def commands_in(path: Path) -> set[str]:
    code = "\n".join(CODE.findall(text_of(path)))
    return {found.group(1) for found in COMMAND.finditer(code)}


def problem_of(words: str) -> str | None:
    """What is wrong with ``events dead``, the words after ``quancheng``; None when it exists."""
    context = click.Context(cli)
    first, _, second = words.partition(" ")
    command: Any = cli.get_command(context, first)
    if command is None:
        return f"quancheng {first}"
    if second and isinstance(command, click.Group) and command.get_command(context, second) is None:
        return f"quancheng {words}"
    return None


def test_every_variable_is_documented() -> None:
    told = set(VARIABLE.findall(text_of(ROOT / "docs" / "operations.md")))
    missing = {name for name in variables_in_code() - told if not is_of_a_family(name)}
    assert not missing, f"docs/operations.md does not tell of {sorted(missing)}"


def test_documented_variables_exist() -> None:
    known = variables_in_code()
    for folder in ("tests", "benchmarks"):
        known |= {name for path in (ROOT / folder).rglob("*.py") for name in VARIABLE.findall(text_of(path))}
    for path in DOCUMENTS:
        gone = {name for name in set(VARIABLE.findall(text_of(path))) - known if not is_of_a_family(name)}
        assert not gone, f"{short(path)} tells of {sorted(gone)}, which the code does not know"


@pytest.mark.parametrize("name", COMMAND_DOCUMENTS)
def test_commands_exist(name: str) -> None:
    found = commands_in(ROOT / name)
    assert found or name in {"docs/testing.md"}, f"{name} shows no command"
    wrong = sorted(filter(None, map(problem_of, found)))
    assert not wrong, f"{name}: {wrong}"


def test_every_command_is_told_of_in_operations() -> None:
    context = click.Context(cli)
    pages = [ROOT / name for name in COMMAND_DOCUMENTS]
    told = {words.partition(" ")[0] for page in pages for words in commands_in(page)}
    from quancheng.cli import COMMANDS

    assert set(COMMANDS) <= told, f"told of nowhere: {sorted(set(COMMANDS) - told)}"
    assert all(cli.get_command(context, name) is not None for name in COMMANDS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=short)
def test_links_resolve(path: Path) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", text_of(path))):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        place = (path.parent / file).resolve() if file else path
        bad_anchor = anchor and place.suffix == ".md" and place.is_file() and anchor not in anchors(place)
        if not place.exists() or bad_anchor or not place.is_relative_to(ROOT):
            broken.append(target)
    assert not broken, f"{short(path)}: {broken}"


def test_every_module_has_a_page() -> None:
    pages = ROOT / "docs" / "modules"
    missing = [one.name for one in own_modules() if not (pages / f"{one.name}.md").is_file()]
    assert not missing, f"docs/modules/ lacks {missing}"


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = text_of(folder / "README.md")
    files = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name for name in files if f"({name})" not in index] == []
    assert len({name[:4] for name in files}) == len(files), "two decisions share a number"


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Every key a manifest may hold, rows included."""
    for name, field in model.model_fields.items():
        yield name
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from keys_of(inner)


def test_the_anatomy_shows_every_row_and_key() -> None:
    page = text_of(ROOT / "docs" / "module-anatomy.md")
    assert [kind for kind in KINDS if f"[[{kind}]]" not in page] == []
    assert sorted(key for key in set(keys_of(Manifest)) if not re.search(rf"\b{key}\b", page)) == []


def test_the_anatomy_names_the_public_rooms() -> None:
    page = text_of(ROOT / "docs" / "module-anatomy.md")
    public = set(re.findall(r"^\| `(\w+)\.py` \|.*\| \*\*yes\*\* \|$", page, re.MULTILINE))
    assert public == set(OPEN_ROOMS)


def contracts() -> Iterator[tuple[str, str]]:
    """(module, name) pairs of the contract table in docs/architecture.md."""
    rows = re.findall(
        r"^\| `(kernel\.\w+)` \| ([^|]+)\|", text_of(ROOT / "docs" / "architecture.md"), re.MULTILINE
    )
    for module, names in rows:
        for words in re.findall(r"`([^`]+)`", names):
            bare = re.sub(r"\([^()]*\)", "", words)
            yield from ((module, name) for name in bare.split() if name.isidentifier())


def test_the_contract_table_is_true() -> None:
    found = set(contracts())
    assert len(found) >= 40
    wrong = [
        f"{module}.{name}"
        for module, name in sorted(found)
        if not hasattr(import_module(f"quancheng.{module}"), name)
    ]
    assert wrong == []


def test_the_contract_table_is_whole() -> None:
    page = text_of(ROOT / "docs" / "architecture.md")
    packages = {
        path.stem
        for path in (SOURCES / "kernel").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    inner = {"__init__", "apps", "keyfile", "secrets"}
    assert sorted(name for name in packages - inner if f"`kernel.{name}`" not in page) == []
