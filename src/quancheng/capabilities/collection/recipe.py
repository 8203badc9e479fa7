"""机器人配方: what to open, fill in and read on the pages of an old system, as data. Pure: pages in, rows out.

There is no JavaScript here: what a page only makes with scripts cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import cssselect2
from lxml import etree, html

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, PartnerFailed

SLOWEST, PAGES = 60.0, 5000
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Submission:
    """A form filled in (表单提交): hidden fields come from the page."""

    method: str
    url: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A robot's task (任务配方).

    ``start``: first address. ``steps``: each ``{"open": url}``, ``{"follow": selector}`` or ``{"submit":
    selector, "fields": {...}}``, where ``$name`` is a secret. ``rows``: selector of the rows; ``columns``:
    name → selector inside a row, empty = the cells of the row under the names of the table's head.
    ``next``: selector of the link to the next page. ``pages``: at most so many. ``pause``: seconds between
    requests. Selectors are CSS, or XPath when they begin with ``/``, ``./`` or ``(``.
    """

    start: str
    rows: str
    columns: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Mapping[str, Any], ...] = ()
    next: str = ""
    pages: int = 200
    pause: float = 1.0
    expect: str = ""
    """A selector that must be found on the first page with rows: else the system has changed."""

    @classmethod
    def of(cls, facts: Any) -> Recipe:
        """From JSON. Raises InvalidInput with the fault."""
        if (
            not isinstance(facts, dict)
            or not isinstance(facts.get("start"), str)
            or not isinstance(facts.get("rows"), str)
        ):
            raise _wrong("配方要有 start 和 rows。", "A recipe has start and rows.")
        unknown = set(facts) - {"start", "rows", "columns", "steps", "next", "pages", "pause", "expect"}
        if unknown:
            raise _wrong(f"配方中有不认识的成员：{sorted(unknown)}", f"Unknown members: {sorted(unknown)}")
        columns, steps = facts.get("columns", {}), facts.get("steps", [])
        if not isinstance(columns, dict) or not isinstance(steps, list):
            raise _wrong("columns 应为对象，steps 应为列表。", "columns is an object, steps a list.")
        for step in steps:
            if not isinstance(step, dict) or len({"open", "follow", "submit"} & set(step)) != 1:
                raise _wrong(
                    "每一步是 open、follow 或 submit 之一。", "Each step is one of open, follow, submit."
                )
        selectors = [facts["rows"], facts.get("next", ""), facts.get("expect", ""), *columns.values()]
        selectors += [step.get("follow") or step.get("submit") or "" for step in steps]
        for one in selectors:
            _compiled(str(one))
        pages, pause = facts.get("pages", 200), facts.get("pause", 1.0)
        if not isinstance(pages, int) or not 1 <= pages <= PAGES:
            raise _wrong(f"pages 为 1 到 {PAGES}。", f"pages is 1 to {PAGES}.")
        if not isinstance(pause, int | float) or not 0 <= pause <= SLOWEST:
            raise _wrong(f"pause 为 0 到 {SLOWEST:.0f} 秒。", f"pause is 0 to {SLOWEST:.0f} seconds.")
        return cls(
            facts["start"], facts["rows"], dict(columns), tuple(steps), str(facts.get("next", "")),
            pages, float(pause), str(facts.get("expect", "")),
        )  # fmt: skip


def _wrong(zh: str, en: str) -> InvalidInput:
    return InvalidInput(fields={"recipe": Text(zh, en)})


def _is_xpath(selector: str) -> bool:
    return selector.startswith(("/", "./", "("))


def _compiled(selector: str) -> Any:
    if not selector:
        return None
    if len(selector) > 300:
        raise _wrong("选择器过长。", "A selector is too long.")
    try:
        return etree.XPath(selector) if _is_xpath(selector) else cssselect2.compile_selector_list(selector)
    except (etree.XPathSyntaxError, cssselect2.SelectorError) as error:
        raise _wrong(
            f"选择器无法识别：{selector[:80]}", f"The selector cannot be read: {selector[:80]}"
        ) from error


def page_of(body: bytes, encoding: str = "") -> html.HtmlElement:
    """A page; its encoding from the head of the answer, else from the page itself."""
    try:
        parser = html.HTMLParser(encoding=encoding or None, huge_tree=False, no_network=True)
        page = html.document_fromstring(body or b"<html></html>", parser=parser)
    except (etree.ParserError, LookupError, ValueError) as error:
        raise PartnerFailed(Text("页面无法解析。", "The page cannot be parsed.")) from error
    return page


def found(element: html.HtmlElement, selector: str) -> list[Any]:
    """What a selector finds: elements, or texts for XPath to attributes."""
    compiled = _compiled(selector)
    if compiled is None:
        return []
    if _is_xpath(selector):
        result = compiled(element)
        return list(result) if isinstance(result, list) else [str(result)]
    root = cssselect2.ElementWrapper.from_html_root(element)
    return [one.etree_element for one in root.query_all(*compiled)]


def words(thing: Any) -> str:
    """The text a reader sees, white space joined."""
    return _SPACE.sub(" ", thing if isinstance(thing, str) else thing.text_content()).strip()


def link(page: html.HtmlElement, selector: str, address: str) -> str | None:
    """The address a link leads to; ``None`` where there is none."""
    for one in found(page, selector):
        target = one if isinstance(one, str) else one.get("href")
        if target and not target.lower().startswith(("javascript:", "#", "mailto:")):
            return urljoin(address, target)
    return None


def submission(
    page: html.HtmlElement, selector: str, fields: Mapping[str, str], address: str, secrets: Mapping[str, str]
) -> Submission:
    """A form with what the page put into it and what we fill in; PartnerFailed if it is not there."""
    forms = [one for one in found(page, selector) if not isinstance(one, str) and one.tag == "form"]
    if not forms:
        raise PartnerFailed(
            Text(f"页面上没有表单 {selector[:60]}。", f"There is no form {selector[:60]} on the page.")
        )
    form = forms[0]
    values = {name: word for name, word in form.form_values() if name}
    unknown = [name for name in fields if name not in form.fields]
    if unknown:
        raise PartnerFailed(
            Text(
                f"表单中没有字段 {unknown[0][:60]}，页面可能已改版。",
                f"The form has no field {unknown[0][:60]}.",
            )
        )
    for name, word in fields.items():
        values[name] = secrets.get(word[1:], "") if str(word).startswith("$") else str(word)
    return Submission(form.method.upper(), urljoin(address, form.action or address), tuple(values.items()))


def extract(page: html.HtmlElement, recipe: Recipe) -> Iterator[dict[str, str]]:
    """The rows of a page by name (提取表格)."""
    rows = [one for one in found(page, recipe.rows) if not isinstance(one, str)]
    if recipe.columns:
        for row in rows:
            yield {name: _first(row, selector) for name, selector in recipe.columns.items()}
        return
    names: list[str] = []
    for row in rows:
        cells = [one for one in row if one.tag in ("td", "th")]
        if not names or all(one.tag == "th" for one in cells):
            names = names or [words(one) or f"列{at}" for at, one in enumerate(cells, 1)]
            continue
        yield {name: words(one) for name, one in zip(names, cells, strict=False)}


def _first(row: html.HtmlElement, selector: str) -> str:
    for one in found(row, selector):
        return words(one)
    return ""
