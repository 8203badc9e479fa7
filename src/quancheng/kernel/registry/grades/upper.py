"""金级与白金级: outside cases, benchmark, standard, simulation; ahead of peers, faults, scale."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from quancheng.core.text import Text
from quancheng.kernel.registry.discovery import PACKAGE_ROOT
from quancheng.kernel.registry.grades.model import rule
from quancheng.kernel.registry.grades.subject import REPOSITORY, Subject, has_tests

CASES = re.compile(r"\bcases\(")


@rule("gold.core", "核心算法经外部案例检验", "its core is tested against outside cases")
def core(subject: Subject) -> list[Text]:
    names = subject.manifest.grade.core
    if not names:
        return [
            Text(
                '[grade] 写 core = ["…"],指出所用的核心包。',
                'Write core = ["…"] under [grade]: the core packages it stands on.',
            )
        ]
    todo = []
    for name in names:
        package = PACKAGE_ROOT / "core" / name
        if not (package.is_dir() or package.with_suffix(".py").is_file()):
            todo.append(Text(f"没有核心包 {name}。", f"There is no core package {name}."))
        elif not _outside_cases(REPOSITORY / "tests" / "core" / name):
            todo.append(
                Text(
                    f"tests/core/{name} 中用 cases(…) 读外部案例，或写注明来源的 test_cases*.py。",
                    f"In tests/core/{name} read outside cases with tests.cases.cases(…), or write a"
                    " test_cases*.py that names its sources.",
                )
            )
    return todo


@rule("gold.benchmark", "有基准测试", "has a benchmark")
def benchmark(subject: Subject) -> list[Text]:
    names = subject.manifest.grade.benchmarks
    if not names:
        return [Text('[grade] 写 benchmarks = ["…"]。', 'Write benchmarks = ["…"] under [grade].')]
    folder = REPOSITORY / "benchmarks"
    return [
        Text(f"benchmarks/ 中没有 {name}。", f"benchmarks/ has no {name}.")
        for name in names
        if not (folder / f"{name.replace('-', '_')}.py").is_file()
        and not (folder / name.replace("-", "_")).is_dir()
    ]


@rule("gold.standard", "采用开放标准", "speaks an open standard")
def standard(subject: Subject) -> list[Text]:
    names = subject.manifest.grade.standards
    todo = [
        Text(f"说明文档未提到标准 {name}。", f"The documentation does not mention {name}.")
        for name in names
        if name not in subject.guide_text
    ]
    if not names:
        todo.append(Text('[grade] 写 standards = ["…"]。', 'Write standards = ["…"] under [grade].'))
    spoken = getattr(subject.room("protocols"), "urlpatterns", None) or subject.manifest.component
    if not spoken:
        todo.append(
            Text(
                "写 protocols.py 的 urlpatterns 或 [[component]]。",
                "Write urlpatterns in protocols.py, or a [[component]].",
            )
        )
    return todo


@rule("gold.simulation", "参与城市仿真", "takes part in the simulation")
def simulation(subject: Subject) -> list[Text]:
    if callable(getattr(subject.room("simulate"), "processes", None)):
        return []
    return [Text("simulate.py 中写 processes(…)。", "Write processes(…) in simulate.py.")]


@rule("platinum.peer", "与同类产品同场比较领先", "is ahead of named peers, side by side")
def peer(subject: Subject) -> list[Text]:
    names = subject.manifest.grade.peers
    if not names:
        return [Text('[grade] 写 peers = ["…"]。', 'Write peers = ["…"] under [grade].')]
    section = _section(subject.guide_text, "Peers")
    return [
        Text(
            f"说明文档的 Peers 一节没有 {name} 的对比数字。",
            f"The section Peers of the documentation has no figures for {name}.",
        )
        for name in names
        if name not in section or not re.search(r"\d", section)
    ]


@rule("platinum.faults", "经故障测试", "is tested under faults")
def faults(subject: Subject) -> list[Text]:
    if any(p.name.startswith("test_fault") and has_tests(t) for p, t in subject.tests.items()):
        return []
    folder = subject.short(subject.test_folders[0])
    return [
        Text(
            f"写 {folder}/test_fault*.py:中断、重复、乱序后结果仍正确。",
            f"Write {folder}/test_fault*.py: right results after cuts, repeats and disorder.",
        )
    ]


@rule("platinum.scale", "规模台阶已证明", "its next step of scale is proven")
def scale(subject: Subject) -> list[Text]:
    if re.search(r"\|.*\d.*\|", _section(subject.guide_text, "Scale")):
        return []
    place = subject.short(subject.guide)
    return [
        Text(
            f"{place} 写 Scale 一节，列出规模与实测数字的表。",
            f"Write a section Scale in {place} with a table of sizes and measured figures.",
        )
    ]


def _section(text: str, title: str) -> str:
    """A section of a Markdown file whose heading holds this word."""
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
    return next((part for part in parts[1:] if title in part.partition("\n")[0]), "")


def _outside_cases(folder: Path) -> bool:
    """True when tests read a collection of outside cases, or keep cases with their sources."""
    for path in folder.rglob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        kept = "cases" in path.name and "source" in text.lower()
        if (CASES.search(text) or kept) and has_tests(ast.parse(text, str(path))):
            return True
    return False
