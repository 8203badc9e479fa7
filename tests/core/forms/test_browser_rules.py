"""The same rules in the browser: our FEEL against feelin, over a table of expressions and answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from quancheng.core import feel

PROJECT = Path(__file__).parents[3]
FEELIN = PROJECT / "frontend" / "node_modules" / "feelin" / "dist" / "index.js"
SCRIPT = Path(__file__).with_name("differential.mjs")

EXPRESSIONS = [
    # what forms ask: is it this, is it filled, is it more
    'a = "yes"', 'a != "yes"', 'a = "yes" and b > 3', 'a = "yes" or b > 3', 'not(a = "yes")', "a = null",
    "a != null", 'if a = "yes" then 1 else 2', 'a in ("yes", "no")', 'list contains(["yes", "no"], a)',
    "b > 3", "b >= 3", "b < 3", "b <= 3", "b = 3", "b between 1 and 5", "b in [1..5]", "b in (1..5]",
    "b in (< 3, > 10)", "c = true", "c", "not(c)", "c = null",
    # sums of what was entered
    "b + 1", "b * 2", "b / 4", "b - 1", "-b", "b ** 2", "(b + 1) * 2", "floor(b / 2)", "ceiling(b / 2)",
    "round half up(b / 3, 2)", "decimal(b / 3, 2)", "modulo(b, 4)", "abs(-b)", "min(b, 10)", "max([b, 10])",
    "count(rows)", "sum(rows.n)", "max(rows.n)", "min(rows.n)", "mean(rows.n)", "count(rows[n > 2])",
    "sum(for r in rows return r.n * 2)", "some r in rows satisfies r.n > 3",
    "every r in rows satisfies r.n > 0", "rows[1].n", "rows[-1].n", "count(rows) > 1",
    'rows[kind = "x"].n', "distinct values(rows.kind)", "append(rows.n, 9)", "index of(rows.n, 2)",
    "sort(rows.n, function(x, y) x > y)", "reverse(rows.n)",
    # text
    "string length(t)", 'contains(t, "南")', 'starts with(t, "济")', 'ends with(t, "区")', "upper case(t)",
    'substring(t, 2, 2)', "substring(t, -1)", 'matches(t, "^济.+$")', 'replace(t, "区", "县")', 't + "!"',
    'split("a,b,c", ",")', 'string join(["a", "b"], "-")', 'substring before("ab-cd", "-")',
    'substring after("ab-cd", "-")', "string(b)", 'number("12.5")', 'trim("  x ")',
    # days
    "d < today", "d <= today", "d > today", "d = today", "d.year", "d.month", "d.day", "d.weekday",
    'd >= date("2020-01-01")', 'd + duration("P1D")', 'd - duration("P1M")', "today - d",
    "years and months duration(d, today).years", 'years and months duration(d, today) >= duration("P18Y")',
    "d between date(\"2000-01-01\") and today", "date(d.year, 1, 1)", "day of week(d)",
    # contexts, options
    'if b > 3 then ["one", "none"] else ["many"]', "{x: b, y: b + 1}.y", 'get value({"a.b": b}, "a.b")',
    'form.a = "yes"', "applicant.age >= 60", 'applicant.kind = "person"',
]  # fmt: skip
DAY = {"$date": "2026-11-22"}
CONTEXTS: list[dict[str, Any]] = [
    {"a": "yes", "b": 4, "c": True, "t": "济南市历下区", "d": {"$date": "2008-02-29"},
     "rows": [{"n": 1, "kind": "x"}, {"n": 2, "kind": "y"}, {"n": 5, "kind": "x"}]},
    {"a": "no", "b": 0, "c": False, "t": "a", "d": DAY, "rows": [{"n": 2, "kind": "x"}]},
    {"a": None, "b": None, "c": None, "t": None, "d": None, "rows": []},
    {"a": "", "b": 2.5, "c": True, "t": "济南", "d": {"$date": "2027-01-31"},
     "rows": [{"n": None, "kind": "x"}, {"n": 3, "kind": None}]},
    {"a": "yes", "b": -7, "c": None, "t": "x区", "d": {"$date": "1900-12-31"}, "rows": None},
]  # fmt: skip
for context in CONTEXTS:
    context |= {"today": DAY, "form": {"a": context["a"]}, "applicant": {"age": 60, "kind": "person"}}

KNOWN: dict[str, str] = {
    "some r in rows satisfies r.n > 3": "an unknown item: null by the standard, false in feelin",
    "every r in rows satisfies r.n > 0": "an unknown item: null by the standard, false in feelin",
    "substring(t, 2, 2)": "a start beyond the end: null by the standard, empty text in feelin",
    'trim("  x ")': "newer than feelin",
}
"""Expression → why the two may differ; the server's answer holds."""


def ours(text: str, context: dict[str, Any]) -> Any:
    expression = feel.parse(text, names=tuple(context))
    return _plain(feel.to_json(expression.evaluate({key: _revived(value) for key, value in context.items()})))


def _revived(value: Any) -> Any:
    if isinstance(value, dict):
        if "$date" in value:
            return feel.parse(f'date("{value["$date"]}")').evaluate({})
        return {key: _revived(part) for key, part in value.items()}
    return [_revived(part) for part in value] if isinstance(value, list) else feel.from_json(value)


def _plain(value: Any) -> Any:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return round(float(value), 9)
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def theirs() -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None or not FEELIN.exists():
        pytest.skip("needs Node and `npm ci` in frontend/ (feelin)")
    asked = [{"feel": text, "context": context} for text in EXPRESSIONS for context in CONTEXTS]
    made = subprocess.run(
        [node, str(SCRIPT), str(FEELIN)], input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=60
    )  # fmt: skip
    found: list[dict[str, Any]] = json.loads(made.stdout)
    return found


def test_server_and_browser_agree(theirs):
    asked = [(text, n) for text in EXPRESSIONS for n in range(len(CONTEXTS))]
    differ = {}
    for (text, n), answer in zip(asked, theirs, strict=True):
        mine = ours(text, CONTEXTS[n])
        if "error" in answer or _plain(answer["value"]) != mine:
            differ[text, n] = (mine, answer)
    unknown = {key: pair for key, pair in differ.items() if key[0] not in KNOWN}
    assert not unknown, "\n".join(
        f"{key}: ours {pair[0]!r}, feelin {pair[1]!r}" for key, pair in unknown.items()
    )
    assert len(asked) - len(differ) >= 400


def test_what_shows_in_the_browser_shows_on_the_server(theirs):
    """Visibility asks only whether the answer is true: there no difference is allowed."""
    asked = [(text, n) for text in EXPRESSIONS for n in range(len(CONTEXTS))]
    for (text, n), answer in zip(asked, theirs, strict=True):
        mine = ours(text, CONTEXTS[n])
        assert (mine is True) == (answer.get("value") is True), (text, n, mine, answer)
        if text not in KNOWN:
            assert (mine is False) == (answer.get("value") is False), (text, n, mine, answer)
