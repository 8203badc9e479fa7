"""Every component renders, in both languages, and escapes what it is given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import translation

from quancheng.core.text import Text
from quancheng.portal.components import atoms, formats, icons

Render = Callable[..., str]
EVIL = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (1_024_800, "102.48万", "1.02 million"),
        (9_999, "9,999", "9,999"),
        (10_000, "1万", "10,000"),
        (-25_000, "-2.5万", "-25,000"),
        (123_456_789, "1.23亿", "123.46 million"),
        (Decimal("99.30"), "99.3", "99.3"),
        (0, "0", "0"),
        (None, "—", "—"),
        ("", "—", "—"),
        (float("nan"), "—", "—"),
        ("约三成", "约三成", "约三成"),
    ],
)
def test_number(value: object, zh: str, en: str) -> None:
    assert formats.number(value) == zh
    with translation.override("en"):
        assert formats.number(value) == en


def test_local_time_is_the_citys() -> None:
    moment = datetime(2026, 7, 18, 9, 5, tzinfo=UTC)
    assert "2026年7月18日 17:05" in formats.local_time(moment)
    assert 'datetime="2026-07-18T17:05:00+08:00"' in formats.local_time(moment)
    assert ">7月18日 17:05<" in formats.local_time(moment, "short")
    assert ">2026年7月18日<" in formats.local_time(moment, "date")
    assert ">2026年7月18日<" in formats.local_time(date(2026, 7, 18))
    assert formats.local_time("2026-07-18T09:05:00Z") == formats.local_time(moment)
    assert formats.local_time(None) == "—"
    with translation.override("en"):
        assert "18 July 2026, 17:05" in formats.local_time(moment)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1, "Ⅰ级 红色"),
        ("2", "Ⅱ级 橙色"),
        ("黄色", "Ⅲ级 黄色"),
        ("Blue", "Ⅳ级 蓝色"),
        (None, "无级别"),
        (9, "无级别"),
    ],
)
def test_level_has_words(value: object, said: str) -> None:
    assert said in atoms.level(value)


@pytest.mark.parametrize(
    ("days", "said", "css"),
    [
        (-3, "已超期3个工作日", "clock--bad"),
        (1, "还剩1个工作日", "clock--warn"),
        (9, "还剩9个工作日", '"clock"'),
    ],
)
def test_clock(days: int, said: str, css: str) -> None:
    html = atoms.clock(datetime(2026, 7, 18, tzinfo=UTC), remaining=days)
    assert said in html
    assert css in html


def test_clock_edges(fixed_time: datetime) -> None:
    assert "无时限" in atoms.clock(None)
    assert "计时已中止" in atoms.clock(fixed_time, suspended=True)
    assert "今天到期" in atoms.clock(fixed_time + timedelta(hours=2))
    assert "已超期" in atoms.clock(fixed_time - timedelta(hours=1))
    with translation.override("en"):
        assert "1 working day left" in atoms.clock(fixed_time, remaining=1)
        assert "2 working days overdue" in atoms.clock(fixed_time, remaining=-2)


def test_working_days_skip_the_weekend(fixed_time: datetime) -> None:
    assert atoms.remaining_days(date(2026, 6, 8), date(2026, 6, 1)) == 5
    assert atoms.remaining_days(date(2026, 6, 1), date(2026, 6, 8)) == -5


def test_icons() -> None:
    assert 'aria-hidden="true"' in icons.icon("home")
    assert 'role="img" aria-label="加密"' in icons.icon("lock", "加密")
    assert icons.icon("no-such-icon").count("<svg") == 1
    assert icons.icon("../../settings").count("<svg") == 1
    assert (icons.FOLDER / "LICENSE").exists()


@pytest.mark.parametrize(
    "text",
    [
        "{% tag evil 'ok' %}",
        "{% notice evil 'bad' evil %}",
        "{% empty evil evil '/x' evil %}",
        "{% summary_list rows %}",
        "{% timeline items %}",
        "{% stepper steps 1 %}",
        "{% kpi evil evil evil %}",
        "{% table columns cells evil %}",
        "{% crumbs evil '/' evil %}",
        "{% island 'chart' config evil %}",
        "{% sort_link 'a' evil %}",
        "{% icon 'home' evil %}",
        "{{ evil|t }}{{ evil|number }}",
        "{% wrap 'p' evil %}x{% endwrap %}",
    ],
)
def test_components_escape(render: Render, text: str) -> None:
    html = render(
        text,
        evil=EVIL,
        rows=[(EVIL, EVIL, "/x")],
        items=[{"when": None, "title": EVIL, "text": EVIL, "who": EVIL}],
        steps=[EVIL],
        columns=[{"key": "a", "label": EVIL, "sort": True}],
        cells=[{"a": EVIL}],
        config={"x": EVIL, "label": EVIL},
    )
    assert "<script>alert" not in html


def test_t_filter_reads_all_kinds_of_text(render: Render) -> None:
    text = "{{ a|t }} {{ b|t }} {{ c|t }} {{ d|t }}"
    values = {"a": Text("甲", "A"), "b": {"zh": "乙", "en": "B"}, "c": "丙", "d": None}
    assert render(text, **values).strip() == "甲 乙 丙"
    with translation.override("en"):
        assert render(text, **values).strip() == "A B 丙"


def test_page_nav_keeps_parameters(render: Render) -> None:
    page = SimpleNamespace(next="N1", previous=None, __len__=lambda: 0)
    html = render("{% page_nav page %}", "/work/?status=open&cursor=C", page=_page(page))
    assert "status=open" in html
    assert "cursor=N1" in html
    assert 'rel="prev"' not in html
    assert "第一页" in html


def _page(neighbours: SimpleNamespace) -> object:
    class Rows(list[int]):
        next = neighbours.next
        previous = neighbours.previous

    return Rows([1, 2])


def test_qs_forgets_the_cursor(render: Render) -> None:
    assert render("{% qs status='done' %}", "/?status=open&cursor=C&q=a") == "?status=done&amp;q=a"
    assert render("{% qs status=None %}", "/?status=open") == "?"


def test_sort_link_turns_round(render: Render) -> None:
    assert "sort=at" in render("{% sort_link 'at' '时间' %}")
    html = render("{% sort_link 'at' '时间' %}", "/?sort=at")
    assert "sort=-at" in html
    assert 'data-sorted="asc"' in html


def test_table_reads_objects_and_mappings(render: Render) -> None:
    columns = [{"key": "case.name", "label": "事项"}, {"key": "n", "label": "数", "num": True}]
    rows = [{"case": SimpleNamespace(name="老年卡"), "n": 20_000}]
    html = render("{% table columns rows '表' %}", columns=columns, rows=rows)
    assert "老年卡" in html
    assert "2万" in html
    assert "没有符合条件的记录" in render("{% table columns rows %}", columns=columns, rows=[])


def test_wrap_only_around_content(render: Render) -> None:
    assert render("{% wrap 'aside' 'x' %}  {% endwrap %}") == ""
    assert render("{% wrap 'aside' 'x' %}a{% endwrap %}") == '<aside class="x">a</aside>'


def test_island_has_configuration_and_table(render: Render) -> None:
    html = render(
        "{% island 'map' config '地图' '/table/' %}",
        config={"label": Text("站", "Station"), "n": [1, None, True]},
    )
    assert '"label": "\\u7ad9"' in html
    assert "<noscript>" in html
    assert html.count("/table/") == 2
    assert 'data-island="map"' in html
