"""Small components: tags, levels, badges, clocks, links that keep the page's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from quancheng.kernel import clock as city_clock
from quancheng.portal.components.formats import moment, write_moment
from quancheng.portal.components.icons import icon
from quancheng.portal.i18n import pick

KINDS = {"ok": "circle-check", "warn": "alert-triangle", "bad": "alert-circle", "info": "info-circle"}
LEVELS = {
    1: ("Ⅰ", gettext_lazy("红色")),
    2: ("Ⅱ", gettext_lazy("橙色")),
    3: ("Ⅲ", gettext_lazy("黄色")),
    4: ("Ⅳ", gettext_lazy("蓝色")),
}
LEVEL_WORDS = {"red": 1, "orange": 2, "yellow": 3, "blue": 4, "红": 1, "橙": 2, "黄": 3, "蓝": 4}


def tag(text: Any, kind: str = "", symbol: str | None = None) -> SafeString:
    """A tag; ok, warn, bad and info carry a sign as well as a colour."""
    sign = KINDS.get(kind, "") if symbol is None else symbol
    css = f"tag tag--{kind}" if kind in KINDS else "tag"
    return format_html('<span class="{}">{}{}</span>', css, icon(sign) if sign else "", pick(text))


def level(value: Any) -> SafeString:
    """A warning level: Ⅰ–Ⅳ, the colour's name and the colour."""
    try:
        rank = int(value)
    except (TypeError, ValueError):
        rank = LEVEL_WORDS.get(str(value).strip().lower().rstrip("色"), 0)
    if rank not in LEVELS:
        return tag(_("无级别"))
    roman, colour = LEVELS[rank]
    words = _("%(roman)s级 %(colour)s") % {"roman": roman, "colour": colour}
    return format_html('<span class="level level--{}">{}</span>', rank, words)


def simulated(text: str = "") -> SafeString:
    """The badge of synthetic data (模拟)."""
    return format_html(
        '<span class="tag tag--sim" title="{}">{}</span>',
        _("这是演示用的模拟数据，不是真实记录"),
        text or _("模拟"),
    )


def notice(text: Any, kind: str = "info", title: Any = "") -> SafeString:
    """A short notice; ``bad`` ones are announced at once."""
    return format_html(
        '<div class="notice notice--{}"{}>{}<div class="notice__body">{}<p>{}</p></div></div>',
        kind,
        format_html(' role="{}"', "alert") if kind == "bad" else "",
        icon(KINDS.get(kind, "info-circle")),
        format_html('<strong class="notice__title">{}</strong>', pick(title)) if title else "",
        pick(text),
    )


def remaining_days(due: datetime | date, today: date | None = None) -> int:
    """Working days from today to ``due`` (negative when overdue), by the city's calendar."""
    today = today or city_clock.today()
    end = city_clock.day_of(due) if isinstance(due, datetime) else due
    if end == today:
        return 0
    first, last = sorted((today, end))
    try:
        from quancheng.kernel.calendar import working_calendar

        days = sum(1 for day in _days(first, last) if working_calendar().is_working_day(day))
    except Exception:  # no calendar data: weekends are the best we know
        days = sum(1 for day in _days(first, last) if day.weekday() < 5)
    return days if end > today else -days


def _days(first: date, last: date) -> list[date]:
    return [date.fromordinal(n) for n in range(first.toordinal() + 1, last.toordinal() + 1)]


def clock(due: Any, suspended: bool = False, remaining: int | None = None) -> SafeString:
    """The legal clock of a case: working days left, due today, or overdue."""
    when = moment(due)
    if when is None:
        return format_html('<span class="clock">{}{}</span>', icon("clock"), _("无时限"))
    if suspended:
        kind, sign, words = "", "player-pause", _("计时已中止")
    else:
        days = remaining_days(when) if remaining is None else remaining
        if days < 0:
            kind, sign = "bad", "alert-circle"
            words = ngettext("已超期%(n)s个工作日", "已超期%(n)s个工作日", -days) % {"n": -days}
        elif days == 0 and _past(when):
            kind, sign, words = "bad", "alert-circle", _("已超期")
        elif days == 0:
            kind, sign, words = "warn", "alarm", _("今天到期")
        else:
            kind, sign = ("warn" if days <= 2 else ""), "clock"
            words = ngettext("还剩%(n)s个工作日", "还剩%(n)s个工作日", days) % {"n": days}
    return format_html(
        '<span class="clock{}" title="{}">{}{}</span>',
        f" clock--{kind}" if kind else "",
        _("到期 %(when)s") % {"when": write_moment(when)},
        icon(sign),
        words,
    )


def _past(when: datetime | date) -> bool:
    return when < city_clock.now() if isinstance(when, datetime) else when < city_clock.today()


def with_params(params: QueryDict | Mapping[str, Any], **changes: Any) -> str:
    """``?…`` with some parameters changed; None or "" removes one; a new filter forgets the cursor."""
    query = params.copy() if isinstance(params, QueryDict) else QueryDict(mutable=True)
    if not isinstance(params, QueryDict):
        query.update({key: str(value) for key, value in params.items()})
    if "cursor" not in changes:
        query.pop("cursor", None)
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        elif isinstance(value, list | tuple):
            query.setlist(name, [str(part) for part in value])
        else:
            query[name] = str(value)
    return "?" + query.urlencode()
