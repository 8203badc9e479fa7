"""A runner for the cases of the DMN TCK (https://dmn-tck.github.io/tck/): finds, runs, compares, counts.

Every folder below ``compliance-level-2`` and ``compliance-level-3`` that holds a ``.dmn`` file is a folder of
cases; each of its ``.xml`` files names the model it is for. Numbers are equal within a relative 1e-8, as the
TCK's own runners have it; an ``errorResult`` is null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from lxml import etree

from quancheng.core import feel
from quancheng.core.feel import dmn

LEVELS: Final = ("compliance-level-2", "compliance-level-3")
NOW: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TOLERANCE: Final = Decimal("1e-8")

_CASES = "{http://www.omg.org/spec/DMN/20160719/testcase}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_NUMBERS = {"decimal", "double", "float", "integer", "int", "long", "short", "byte"}
_TEMPORAL = {
    "date": "date",
    "time": "time",
    "dateTime": "date and time",
    "duration": "duration",
    "dayTimeDuration": "duration",
    "yearMonthDuration": "duration",
}
_MAKE = {name: feel.parse(f"{name}(text)", names=("text",)) for name in set(_TEMPORAL.values())}


@dataclass(frozen=True, slots=True)
class Result:
    """One expected result of one case and what came of it."""

    level: str
    folder: str
    file: str
    case: str
    node: str
    passed: bool
    expected: str
    actual: str

    @property
    def key(self) -> str:
        """``folder/file case node``: how known failures are listed."""
        return f"{self.folder}/{self.file} {self.case} {self.node}"


def folders(root: Path) -> Iterator[tuple[str, Path]]:
    """Every folder of cases below the levels, whatever its name."""
    for level in LEVELS:
        for folder in sorted(p for p in (root / level).glob("**/") if any(p.glob("*.dmn"))):
            yield level, folder


def run_all(root: Path) -> list[Result]:
    """Run every case of every folder."""
    return [result for level, folder in folders(root) for result in run_folder(level, folder)]


def run_folder(level: str, folder: Path) -> list[Result]:
    """Run the cases of one folder."""
    contents = {path.name: path.read_bytes() for path in sorted(folder.glob("*.dmn"))}
    models: dict[str, dmn.Model | str] = {}
    found: list[Result] = []
    for path in sorted(folder.glob("*.xml")):
        root = _parse(path)
        if root.tag != f"{_CASES}testCases":
            continue
        name = (root.findtext(f"{_CASES}modelName") or "").strip()
        if name not in contents and len(contents) == 1:
            name = next(iter(contents))
        if name not in models:
            models[name] = _model(name, contents)
        for case in root.iterfind(f"{_CASES}testCase"):
            found += (
                Result(level, folder.name, path.name, case.get("id") or "", *outcome)
                for outcome in _run_case(models[name], case)
            )
    return found


def _parse(path: Path) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    return etree.parse(str(path), parser).getroot()


def _model(name: str, contents: Mapping[str, bytes]) -> dmn.Model | str:
    others = {key: content for key, content in contents.items() if key != name}
    try:
        return dmn.read(contents[name], others)
    except (dmn.DmnError, KeyError) as error:
        return f"{type(error).__name__}: {error}"


def _run_case(model: dmn.Model | str, case: etree._Element) -> Iterator[tuple[str, bool, str, str]]:
    inputs = dict(_input(node) for node in case.iterfind(f"{_CASES}inputNode"))
    for node in case.iterfind(f"{_CASES}resultNode"):
        name = node.get("name") or ""
        expected = _expected(node)
        try:
            actual = _evaluate(model, case, name, inputs)
        except Exception as error:  # a crash is a failed case, and the report says which
            yield name, False, show(expected), f"{type(error).__name__}: {error}"
            continue
        if node.get("errorResult") == "true":
            expected = None
        yield name, same(expected, actual), show(expected), show(actual)


def _evaluate(model: dmn.Model | str, case: etree._Element, name: str, inputs: dict[Any, Any]) -> object:
    if isinstance(model, str):
        raise RuntimeError(model)
    env = feel.Environment(now=NOW)
    invocable = case.get("invocableName")
    if not invocable:
        return model.evaluate(name, inputs, env).value
    value = model.invoke(invocable, inputs, env).value
    several = len(case.findall(f"{_CASES}resultNode")) > 1
    return value[name] if several and isinstance(value, dict) else value


def _input(node: etree._Element) -> tuple[str | tuple[str, str], object]:
    name, namespace = node.get("name") or "", node.get("namespace")
    return ((namespace, name) if namespace else name), value_of(node)


def _expected(node: etree._Element) -> object:
    expected = node.find(f"{_CASES}expected")
    return None if expected is None else value_of(expected)


def value_of(node: etree._Element) -> object:
    """The value that a node of a case holds: value, list or components."""
    if _nil(node):
        return None
    parts = [child for child in node if isinstance(child.tag, str)]
    by_tag = {etree.QName(child).localname: child for child in parts}
    if "value" in by_tag:
        return _simple(by_tag["value"])
    if "list" in by_tag:
        return [value_of(item) for item in by_tag["list"].iterfind(f"{_CASES}item")]
    if "component" in by_tag:
        return {child.get("name") or "": value_of(child) for child in parts}
    return None


def _nil(node: etree._Element) -> bool:
    return node.get(f"{_XSI}nil") in {"true", "1"}


def _simple(node: etree._Element) -> object:
    if _nil(node):
        return None
    kind = (node.get(f"{_XSI}type") or "string").rpartition(":")[2]
    text = node.text or ""
    if kind in _NUMBERS:
        return Decimal(text.strip())
    if kind == "boolean":
        return text.strip() in {"true", "1"}
    if kind in _TEMPORAL:
        return _MAKE[_TEMPORAL[kind]].evaluate({"text": text.strip()})
    return text


def same(expected: object, actual: object) -> bool:
    """Equality as the TCK's runners have it: by value, numbers with a tolerance."""
    if isinstance(expected, Decimal) and isinstance(actual, Decimal):
        return _close(expected, actual)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(same(expected[k], actual[k]) for k in expected)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return type(expected) is type(actual) and expected == actual


def _close(expected: Decimal, actual: Decimal) -> bool:
    if not (expected.is_finite() and actual.is_finite()):
        return False
    return abs(expected - actual) <= TOLERANCE * (max(abs(expected), abs(actual)) or 1)


def show(value: object) -> str:
    """A value in one line of a report."""
    try:
        text = feel.display(value)
    except Exception:  # a report must not fail on an odd value
        text = repr(value)
    return re.sub(r"\s+", " ", text)[:300]


def summary(results: Iterable[Result]) -> dict[str, tuple[int, int]]:
    """Passed and run, by level and folder (``level/folder``)."""
    counts: dict[str, tuple[int, int]] = {}
    for result in results:
        name = f"{result.level}/{result.folder}"
        passed, run = counts.get(name, (0, 0))
        counts[name] = passed + result.passed, run + 1
    return counts
