"""模拟: datasets as a city's open portal has them, opened, waiting and withdrawn; the same for the same seed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from quancheng.capabilities.catalogue import actions as catalogue
from quancheng.capabilities.opening import actions, social
from quancheng.capabilities.opening.models import Dataset, State
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import queries as known_tables
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.catalogue import read_resource
from quancheng.core.tabular import Kind
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

FILE = Path(__file__).parent / "resources" / "demo-datasets.toml"
_KINDS = {"lon": Kind.DECIMAL, "lat": Kind.DECIMAL, "num": Kind.DECIMAL, "int": Kind.INTEGER,
          "date": Kind.DATE, "day": Kind.DATE}  # fmt: skip
_TYPES = {Kind.DECIMAL: "number", Kind.INTEGER: "integer", Kind.DATE: "date"}
_DISTRICTS = (("历下区", 117.08, 36.67), ("市中区", 116.99, 36.65), ("槐荫区", 116.90, 36.65),
              ("天桥区", 116.99, 36.69), ("历城区", 117.10, 36.69), ("长清区", 116.75, 36.55),
              ("章丘区", 117.53, 36.71), ("济阳区", 117.17, 36.98))  # fmt: skip
_ROADS = [
    "经十路",
    "泉城路",
    "解放路",
    "花园路",
    "北园大街",
    "纬二路",
    "舜耕路",
    "山大路",
    "历山路",
    "工业南路",
    "奥体中路",
    "旅游路",
]
_SPRINGS = [
    "趵突泉",
    "黑虎泉",
    "珍珠泉",
    "五龙潭",
    "漱玉泉",
    "金线泉",
    "柳絮泉",
    "马跑泉",
    "琵琶泉",
    "白石泉",
    "玛瑙泉",
    "九女泉",
]


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Once: sources, their entries of the catalogue, and the datasets opened from them."""
    if Dataset.objects.exists():
        return None
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["dataset"]
    for number, row in enumerate(rows):
        _dataset(number, row, random)
    _social(random)
    return f"{len(rows)} 个开放数据集 opened datasets"


def _social(random: np.random.Generator) -> None:
    """Uses of some weeks, a few words of the public, and answers."""
    call = Call.system("opening", simulated=True)
    live = list(Dataset.objects.filter(state=State.PUBLISHED).order_by("pk"))
    if not live:
        return
    today = clock.today()
    counts = {
        (one.pk, today - timedelta(days=back), kind): int(random.integers(1, most))
        for one in live
        for back in range(0, 28, 3)
        for kind, most in (("view", 40), ("download", 8), ("api", 60))
    }
    social.count_use(call, counts=counts)
    for one, (who, stars, said, answer) in zip(live, _SAID, strict=False):
        made = social.write_feedback(call, dataset=one.pk, stars=stars, said=said, who=who)
        if answer:
            social.answer_feedback(call, feedback=made.pk, answer=answer)
    for who, title, purpose, decision in _WISHES:
        wish = social.ask_for(call, title=title, purpose=purpose, who=who)
        if decision:
            social.answer_wish(call, wish=wish.pk, accepted=decision[0] == "+", answer=decision[1:])
    for number, (who, title, about) in enumerate(_SHOWS):
        show = social.submit_show(
            call, title=title, link=f"https://example.org/{number}", about=about,
            datasets=sorted({one.name for one in (live * len(_SHOWS))[number : number + 2]}), who=who,
        )  # fmt: skip
        if number < 3:
            social.moderate_show(call, show=show.pk, shown=True)


_SAID = (
    ("李静", 5, "站点齐全，导航时直接能用。", ""),
    ("赵建军", 4, "希望每天更新。", "已改为每周更新，感谢建议。"),
    ("孙晓", 3, "部分地址缺门牌号。", "已转主管单位核实补充。"),
)
_WISHES = (
    ("李静", "小区充电桩实时空闲", "下班前看看哪里能充电", ""),
    ("王强", "学校周边拥堵时段", "错峰接送孩子", "+已列入今年开放计划。"),
    ("周文", "个体商户营业额", "做选址分析", "-涉及商业秘密，不予开放；可使用行业汇总数据。"),
)
_SHOWS = (
    ("赵建军", "泉水步道（模拟）", "把泉水点和公交站连成步行路线。"),
    ("李静", "今天去哪个公园（模拟）", "按距离和空气质量推荐公园。"),
    ("孙晓", "食品价格小程序（模拟）", "比较各市场每日菜价。"),
    ("周文", "停车地图（模拟）", "查找附近公共停车场。"),
)


def _dataset(number: int, row: Mapping[str, Any], random: np.random.Generator) -> None:
    call = Call.system("opening", simulated=True)
    columns = [text.split(":", 3) for text in row["columns"]]
    specs = tuple(
        ColumnSpec(field, _KINDS.get(how.split()[0], Kind.TEXT), zh, en) for field, zh, en, how in columns
    )
    name = f"{row['organ'].removeprefix('jn-')}.open_{number:02d}"
    table = known_tables.named(name) or tables.create_table(
        call, name=name, zh=row["zh"], en=row["en"], schema=TableSchema(specs, (specs[0].name,)),
        owner=row["organ"], simulated=True,
    )  # fmt: skip
    made = [_row(columns, at, random) for at in range(row["rows"])]
    tables.apply_changes(call, table_id=table.table_id, upserts=made, run="demo-0")
    catalogue.register_entry(call, resource=_resource(row, specs), table_id=table.table_id, simulated=True)
    fields = [one.name for one in specs]
    dataset = actions.propose_dataset(call, table_id=table.table_id, fields=fields, simulated=True)
    if row.get("state") == "proposed":
        return
    actions.approve_dataset(call, dataset=dataset.pk)
    if row.get("state") == "withdrawn":
        why = row["reason"]
        actions.withdraw_dataset(call, dataset=dataset.pk, reason=why["zh"], reason_en=why["en"])


def _resource(row: Mapping[str, Any], specs: tuple[ColumnSpec, ...]) -> Any:
    today = clock.today().isoformat()
    return read_resource(
        {
            "code": "", "name": {"zh": row["zh"], "en": row["en"]}, "provider": {"code": row["organ"], "name": ""},
            "abstract": row["about"], "classes": row["classes"], "formats": ["CSV", "JSON"],
            "share": "unconditional", "share_modes": ["api", "table"], "openness": "open", "level": "1",
            "cycle": row["cycle"], "issued": today, "modified": today, "keywords": row["words"],
            "items": [_item(one) for one in specs],
        }
    )  # fmt: skip


def _item(one: ColumnSpec) -> dict[str, Any]:
    kind = _TYPES.get(one.kind, "text")
    length = {"text": 100, "number": 14}.get(kind)
    return {"field": one.name, "name": {"zh": one.zh, "en": one.en}, "type": kind, "length": length}


def _row(columns: list[list[str]], at: int, random: np.random.Generator) -> dict[str, Any]:
    where = _DISTRICTS[int(random.integers(len(_DISTRICTS)))]
    return {field: _cell(how, at, where, random) for field, _zh, _en, how in columns}


def _cell(how: str, at: int, where: tuple[str, float, float], random: np.random.Generator) -> Any:
    word, _, rest = how.partition(" ")
    if word in _FIXED:
        return _FIXED[word](at, rest, where)
    if word in ("lon", "lat"):
        middle, width = (where[1], 0.06) if word == "lon" else (where[2], 0.04)
        return Decimal(str(round(middle + random.uniform(-width, width), 5)))
    if word in ("int", "num"):
        low, high = (float(one) for one in rest.split())
        drawn = random.uniform(low, high)
        return int(drawn) if word == "int" else Decimal(str(round(drawn, 2)))
    if word == "date":
        return clock.today() - timedelta(days=int(random.integers(1, int(rest))))
    choices = rest.split("|") if word == "one" else _ROADS
    chosen = choices[int(random.integers(len(choices)))]
    return chosen if word == "one" else f"{where[0]}{chosen}模拟{rest}{at + 1}"


def _month(at: int) -> str:
    month = clock.today().year * 12 + clock.today().month - 2 - at
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


_FIXED: Mapping[str, Callable[[int, str, tuple[str, float, float]], Any]] = {
    "key": lambda at, rest, where: f"SIM-{rest}-{at + 1:05d}",
    "spring": lambda at, rest, where: _SPRINGS[at % 12] + ("" if at < 12 else f"（模拟{at}）"),
    "district": lambda at, rest, where: where[0],
    "day": lambda at, rest, where: clock.today() - timedelta(days=at + 1),
    "month": lambda at, rest, where: _month(at),
}
