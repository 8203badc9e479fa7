"""The component tags, built into every template; ``docs/components.md`` shows each one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from django import template
from django.forms import BaseForm, BoundField
from django.template.base import FilterExpression, Parser, Token
from django.utils.html import conditional_escape, format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from quancheng.core.text import Text
from quancheng.portal import assets, i18n, navigation
from quancheng.portal.components import atoms, formats, icons

register = template.Library()

register.simple_tag(icons.icon, name="icon")
register.simple_tag(atoms.tag, name="tag")
register.simple_tag(atoms.level, name="level")
register.simple_tag(atoms.simulated, name="simulated")
register.simple_tag(atoms.notice, name="notice")
register.simple_tag(atoms.clock, name="clock")
register.simple_tag(assets.asset_url, name="asset")
register.filter("t", i18n.pick, is_safe=False)
register.filter("number", formats.number)
register.filter("local_time", formats.local_time)
register.filter("zh", formats.zh)
register.filter("mixed", formats.mixed)


# -- shell ------------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def face_nav(context: template.Context, face: str) -> list[navigation.Group]:
    """Navigation of a face for the one who asks, the current entry marked."""
    request = context.get("request")
    return navigation.groups(face, request) if request is not None else []


@register.simple_tag(takes_context=True)
def citizen_tabs(context: template.Context) -> list[navigation.Entry]:
    """The entries of the citizen tab bar."""
    request = context.get("request")
    return navigation.tabs(request) if request is not None else []


@register.simple_tag(takes_context=True)
def face_switcher(context: template.Context, current: str) -> list[navigation.FaceLink]:
    """The faces an official may switch to (none for other people)."""
    request = context.get("request")
    return navigation.switchable(request, current) if request is not None else []


@register.simple_tag(takes_context=True)
def title_prefix(context: template.Context) -> str:
    """``错误:`` when a form on the page was refused, so a screen reader hears it first."""
    for value in list(context.flatten().values()):
        if isinstance(value, BaseForm) and value.is_bound and value.errors:
            return _("错误：")
    return ""


class WrapNode(template.Node):
    """Renders its content inside an element, or nothing at all when the content is empty."""

    def __init__(self, nodelist: template.NodeList, element: str, css: FilterExpression | None) -> None:
        self.nodelist, self.element, self.css = nodelist, element, css

    def render(self, context: template.Context) -> SafeString:
        content = self.nodelist.render(context)
        if not content.strip():
            return mark_safe("")
        css = f' class="{conditional_escape(self.css.resolve(context))}"' if self.css else ""
        return mark_safe(f"<{self.element}{css}>{content}</{self.element}>")  # noqa: S308


@register.tag
def wrap(parser: Parser, token: Token) -> WrapNode:
    """``{% wrap "aside" "css" %}…{% endwrap %}``: the element appears only around content."""
    bits = token.split_contents()[1:]
    if not 1 <= len(bits) <= 2:
        raise template.TemplateSyntaxError(
            'wrap needs an element and perhaps a class: {% wrap "p" "muted" %}'
        )
    nodelist = parser.parse(("endwrap",))
    parser.delete_first_token()
    css = parser.compile_filter(bits[1]) if len(bits) == 2 else None
    return WrapNode(nodelist, bits[0].strip("\"'"), css)


@register.inclusion_tag("portal/tags/crumbs.html")
def crumbs(*parts: Any) -> dict[str, Any]:
    """``{% crumbs "办事" "/matters/" "老年卡" %}``: name, address, …, name of this page."""
    names, addresses = parts[::2], [*parts[1::2], ""]
    return {"items": list(zip(names, addresses, strict=False))}


# -- forms ------------------------------------------------------------------------------------
@register.simple_tag
def field(bound: BoundField, css: str = "") -> SafeString:
    """One field: label, hint, error, control."""
    return bound.form.renderer.render_field(bound, css)  # type: ignore[attr-defined,no-any-return]


@register.simple_tag
def error_summary(form: BaseForm) -> SafeString:
    """The list of a refused form's errors, linked to their fields and given focus."""
    from quancheng.portal.forms import summary_of

    return summary_of(form)


@register.simple_tag
def hx_form(target: str = "#main") -> SafeString:
    """Attributes that let htmx send a form and swap the page's main part, errors included."""
    return format_html('hx-post="" hx-target="{0}" hx-select="{0}" hx-swap="outerMorph"', target)


# -- blocks -----------------------------------------------------------------------------------
@register.inclusion_tag("portal/tags/stepper.html")
def stepper(steps: Iterable[Any], current: int = 1) -> dict[str, Any]:
    """Steps of a procedure; ``current`` counts from 1, more than all = finished."""
    return {
        "steps": [{"label": i18n.pick(step), "state": _state(n, current)} for n, step in enumerate(steps, 1)]
    }


def _state(number: int, current: int) -> str:
    return "done" if number < current else "now" if number == current else "next"


@register.inclusion_tag("portal/tags/timeline.html")
def timeline(items: Iterable[Any]) -> dict[str, Any]:
    """History, items: ``{when, title, text?, who?, kind? ok|warn|bad|future, href?}``."""
    return {"items": items}


@register.inclusion_tag("portal/tags/summary_list.html")
def summary_list(rows: Iterable[Any]) -> dict[str, Any]:
    """Facts: ``(label, value)``, ``(label, value, change_href)`` or mappings with these names."""
    return {"rows": [_summary_row(row) for row in rows]}


def _summary_row(row: Any) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return {"label": row.get("label"), "value": row.get("value"), "href": row.get("href", "")}
    label, value, *rest = row
    return {"label": label, "value": value, "href": rest[0] if rest else ""}


@register.inclusion_tag("portal/tags/empty.html")
def empty(
    title: Any, hint: Any = "", href: str = "", label: Any = "", symbol: str = "inbox"
) -> dict[str, Any]:
    """An empty list says what to do."""
    return {"title": title, "hint": hint, "href": href, "label": label, "symbol": symbol}


@register.inclusion_tag("portal/tags/tiles.html")
def tiles(entries: Iterable[Any]) -> dict[str, Any]:
    """A grid of entries ``{path, label, icon, hint?}``."""
    return {"entries": entries}


@register.inclusion_tag("portal/tags/kpi.html")
def kpi(label: Any, value: Any, unit: Any = "", href: str = "", note: Any = "") -> dict[str, Any]:
    """A figure that links to its evidence (inside ``<div class="kpis">``)."""
    return {"label": label, "value": value, "unit": unit, "href": href, "note": note}


@register.simple_tag
def progress(value: Any, maximum: Any = 100, label: str = "") -> SafeString:
    """A progress bar with its figure for those who do not see it."""
    return format_html(
        '<progress class="bar" value="{}" max="{}" aria-label="{}">{}/{}</progress>',
        value, maximum, label or _("进度"), value, maximum,
    )  # fmt: skip


# -- lists ------------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def qs(context: template.Context, **changes: Any) -> str:
    """The page's own parameters with some changed: ``{% qs status="open" %}``."""
    return atoms.with_params(context["request"].GET, **changes)


@register.inclusion_tag("portal/tags/page_nav.html", takes_context=True)
def page_nav(context: template.Context, page: Any) -> dict[str, Any]:
    """Links to the neighbours of a cursor page; other parameters stay."""
    params = context["request"].GET
    links = {
        side: atoms.with_params(params, cursor=getattr(page, side, None)) if getattr(page, side, None) else ""
        for side in ("previous", "next")
    }
    first = atoms.with_params(params) if params.get("cursor") else ""
    return {"links": links, "first": first, "shown": len(page)}


@register.inclusion_tag("portal/tags/filter_bar.html", takes_context=True)
def filter_bar(context: template.Context, form: BaseForm, label: str = "") -> dict[str, Any]:
    """A GET form: the list's state lives in the URL; ``sort`` and ``size`` survive."""
    params = context["request"].GET
    keep = [(key, value) for key in params for value in params.getlist(key) if key in {"sort", "size"}]
    used = any(params.get(name) for name in form.fields)
    return {"form": form, "keep": keep, "used": used, "label": label, "path": context["request"].path}


@register.simple_tag(takes_context=True)
def sort_link(context: template.Context, name: str, label: Any) -> SafeString:
    """A column head that sorts by ``name`` (``?sort=name`` or ``?sort=-name``)."""
    params = context["request"].GET
    now = params.get("sort", "")
    state = {name: "asc", f"-{name}": "desc"}.get(now, "")
    href = atoms.with_params(params, sort=f"-{name}" if state == "asc" else name)
    said = {"asc": _("升序"), "desc": _("降序")}.get(state, _("可排序"))
    return format_html(
        '<a class="sort" href="{}" data-sorted="{}">{}<span class="visually-hidden">({})</span></a>',
        href, state, i18n.pick(label), said,
    )  # fmt: skip


@register.inclusion_tag("portal/tags/table.html", takes_context=True)
def table(
    context: template.Context,
    columns: Iterable[Mapping[str, Any]],
    rows: Iterable[Any],
    caption: Any = "",
    stack: bool = True,
) -> dict[str, Any]:
    """A table from columns ``{key, label, sort?, num?, href?}`` and rows (objects or mappings)."""
    heads = [dict(column) for column in columns]
    params = context["request"].GET if "request" in context else {}
    for head in heads:
        sorted_by = {head["key"]: "ascending", f"-{head['key']}": "descending"}
        head["aria"] = sorted_by.get(params.get("sort", ""), "none") if head.get("sort") else ""
    body = [[_cell(head, row) for head in heads] for row in rows]
    return {
        "heads": heads,
        "rows": body,
        "caption": caption,
        "stack": stack,
        "request": context.get("request"),
    }


def _cell(head: Mapping[str, Any], row: Any) -> dict[str, Any]:
    value = _read(row, head["key"])
    href = head.get("href", "")
    target = _read(row, href) if href else ""
    said = formats.number(value) if head.get("num") and isinstance(value, int | float) else value
    return {"value": said, "href": target, "num": head.get("num"), "label": head.get("label")}


def _read(row: Any, path: str) -> Any:
    if isinstance(row, Mapping) and path in row:
        return row[path]
    for part in path.replace("__", ".").split("."):
        row = row.get(part) if isinstance(row, Mapping) else getattr(row, part, None)
        if callable(row):
            row = row()
    return row


# -- islands ----------------------------------------------------------------------------------
@register.inclusion_tag("portal/tags/island.html")
def island(
    kind: str, config: Mapping[str, Any], label: Any = "", table: str = "", css: str = ""
) -> dict[str, Any]:
    """An interactive part: its configuration, its place, and the table that says the same."""
    name = f"island-{uuid4().hex[:10]}"
    return {
        "kind": kind, "name": name, "label": i18n.pick(label or config.get("label", "")),
        "table": table or config.get("table", ""), "css": css,
        "data": json_script(_readable(dict(config)), f"{name}-config"),
        "styles": assets.asset_url("map.css") if kind == "map" else "",
        "worker": assets.asset_url("map-worker.js") if kind == "map" else "",
        "script": assets.asset_url(f"{kind}.js"),
    }  # fmt: skip


def _readable(value: Any) -> Any:
    """Plain JSON values, two-language texts in the reader's language."""
    if isinstance(value, Text) or (isinstance(value, Mapping) and value.keys() == {"zh", "en"}):
        return i18n.pick(value)
    if isinstance(value, Mapping):
        return {str(key): _readable(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set):
        return [_readable(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


@register.simple_tag
def attributes(mapping: Mapping[str, Any] | None) -> SafeString:
    """A mapping as HTML attributes; True stands alone, False and None are left out."""
    pairs = [(key, value) for key, value in (mapping or {}).items() if value not in (None, False)]
    return format_html_join(
        "", " {}{}", ((key, "" if value is True else format_html('="{}"', value)) for key, value in pairs)
    )
