"""演示数据 (模拟): feeds of departments and own modules; one late, one held for a renamed column, one with refused rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.collection import actions, engine, queries, rawfiles
from quancheng.capabilities.collection.models import Feed, Run
from quancheng.capabilities.collection.shapes import column_facts
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

OWN = (
    ("population", "people.population", "jn-police", "人口基本信息归集", "Population"),
    ("households", "people.households", "jn-police", "家庭户归集", "Households"),
    ("firms", "people.firms", "jn-market", "法人基本信息归集", "Firms"),
    ("matters", "services.matters", "jn-approval", "政务服务事项归集", "Matters"),
    ("cases", "services.cases", "jn-approval", "政务服务办件归集", "Cases"),
    ("stations", "things.stations", "jn-data", "感知站点归集", "Stations"),
    ("licences", "trust.licences", "jn-approval", "电子证照归集", "Licences"),
)
"""Feed, dataset, source, names. Modules that seed later have their datasets collected by whoever adds a feed."""
SURNAMES, STREETS = (
    "王李张刘陈杨赵孙周徐",
    ("解放路", "泉城路", "大观园", "北园", "舜耕", "七里山", "龙洞", "智远"),
)
DAY, ALIKE = 1440, 0.5


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Set the feeds up and run each once; nothing when they are there already."""
    if Feed.objects.exists():
        return None
    call = Call.system("collection", simulated=True)
    for feed, dataset, organ, zh, en in OWN:
        _own(call, feed, dataset, organ, zh, en)
    _centres(call, random)
    _permits(call, random)
    _schools(call, random)
    _routes(call, random)
    _communities(call, random)
    _robot(call)
    actions.mark_freshness(Call.system("collection", simulated=True))
    held = Run.objects.filter(state="held").count()
    return f"{Feed.objects.count()} 个归集任务 feeds, {Run.objects.count()} 次运行 runs, {held} 次待处理 held"


def _entry(organ: str, zh: str) -> str:
    """The published entry of the organ whose name is most like the feed's; none when none is like it."""
    found = catalogue.entries(Actor.system("collection"), organ=organ, live=True)
    scored = [(SequenceMatcher(None, zh.removesuffix("归集"), one.name).ratio(), one.code) for one in found]
    best = max(scored, default=(0.0, ""))
    return best[1] if best[0] >= ALIKE else ""


def _own(call: Call, code: str, name: str, organ: str, zh: str, en: str) -> None:
    dataset = queries.datasets().get(name)
    if dataset is None:
        return
    actions.create_feed(
        call, code=code, zh=zh, en=en, entry=_entry(organ, zh), organ=organ, connector="own", settings={"dataset": name}, sla_minutes=2 * DAY,
        period_minutes=DAY,
    )  # fmt: skip
    columns = [column_facts(one) for one in dataset.columns]
    layout = {"columns": {one["name"]: one["name"] for one in columns}}
    actions.agree_layout(call, code=code, columns=columns, key=list(dataset.key), layout=layout)
    engine.work(str(actions.start_run(call, code=code, trigger=Run.Trigger.SCHEDULE.value).pk))


def _upload(
    call: Call,
    code: str,
    organ: str,
    zh: str,
    en: str,
    columns: Sequence[tuple[str, str]],
    *,
    sla: int,
    personal: Sequence[str] = (),
) -> None:
    """A feed of uploaded files whose columns are called as in the file; the first is the key."""
    actions.create_feed(
        call,
        code=code,
        zh=zh,
        en=en,
        entry=_entry(organ, zh),
        organ=organ,
        connector="upload",
        sla_minutes=sla,
    )
    facts = [
        {
            "name": name,
            "kind": kind,
            "zh": name,
            "personal": name in personal,
            "level": 3 if name in personal else 1,
        }
        for name, kind in columns
    ]
    names = [name for name, _ in columns]
    layout = {"columns": {name: name for name in names}}
    actions.agree_layout(call, code=code, columns=facts, key=names[:1], layout=layout)


def _send(
    call: Call,
    code: str,
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    name: str,
    encoding: str = "utf-8",
) -> None:
    lines = [",".join(head), *(",".join(str(cell) for cell in row) for row in rows)]
    raw = rawfiles.keep([("\n".join(lines) + "\n").encode(encoding)])
    engine.work(str(actions.deliver(call, code=code, digest=raw.digest, name=name).pk))


def _day(random: np.random.Generator, year: int = 2020) -> str:
    return f"{year + int(random.integers(0, 6))}-{int(random.integers(1, 13)):02d}-{int(random.integers(1, 29)):02d}"


def _centres(call: Call, random: np.random.Generator) -> None:
    """Civil affairs: two deliveries, the second with changes."""
    head = ["编号", "名称", "街道", "床位", "开业日期", "负责人"]
    kinds = ["text", "text", "text", "integer", "date", "text"]
    _upload(call, "elder-centres", "jn-civil", "养老服务中心", "Centres for the elderly", list(zip(head, kinds, strict=True)),
            sla=31 * DAY, personal=["负责人"])  # fmt: skip
    rows = [
        [
            f"YL{at:04d}",
            f"{STREETS[at % 8]}第{at // 8 + 1}养老服务中心",
            STREETS[at % 8],
            int(random.integers(20, 200)),
            _day(random),
            f"{SURNAMES[at % 10]}主任",
        ]
        for at in range(120)
    ]
    with clock.at(call.at - timedelta(days=30)):
        _send(_then(call, 30), "elder-centres", head, rows, "养老服务中心2026-06.csv", "gb18030")
    changed = [
        [*row[:3], int(str(row[3])) + 10, *row[4:]] if at % 17 == 0 else row
        for at, row in enumerate(rows[1:])
    ]
    changed.append(["YL0120", "龙洞新建养老服务中心", "龙洞", 80, "2026-07-01", "李主任"])
    _send(call, "elder-centres", head, changed, "养老服务中心2026-07.csv", "gb18030")


def _then(call: Call, days: int) -> Call:
    return Call(call.actor, at=call.at - timedelta(days=days))


def _permits(call: Call, random: np.random.Generator) -> None:
    """Market supervision: a delivery of which some rows are refused, each with its place and reason."""
    head = ["许可证编号", "经营者名称", "联系电话", "发证日期", "有效期至"]
    kinds = ["text", "text", "phone", "date", "date"]
    _upload(
        call,
        "food-permits",
        "jn-market",
        "食品经营许可",
        "Food permits",
        list(zip(head, kinds, strict=True)),
        sla=7 * DAY,
        personal=["联系电话"],
    )
    rows: list[list[object]] = [
        [
            f"JY3701{at:08d}",
            f"{STREETS[at % 8]}{SURNAMES[at % 10]}记餐馆",
            f"138{int(random.integers(10**7, 10**8)):08d}",
            _day(random),
            f"2028-{at % 12 + 1:02d}-01",
        ]
        for at in range(300)
    ]
    rows[11][3], rows[47][3], rows[101][2], rows[158][2] = "2026-02-30", "待定", "1.38E+10", "无"
    rows[203][0] = rows[204][0]
    rows[255][1] = '=HYPERLINK("http://x")'
    _send(call, "food-permits", head, rows, "食品经营许可.csv")


def _schools(call: Call, random: np.random.Generator) -> None:
    """Education: the second delivery calls a column otherwise and waits for a person."""
    head = ["学校代码", "学校名称", "办学类型", "在校生数", "更新日期"]
    kinds = ["text", "text", "text", "integer", "date"]
    _upload(
        call,
        "schools",
        "jn-education",
        "学校名录",
        "Schools",
        list(zip(head, kinds, strict=True)),
        sla=93 * DAY,
    )
    rows: list[list[object]] = [
        [
            f"3737{at:06d}",
            f"济南市{STREETS[at % 8]}第{at // 8 + 1}小学",
            "小学",
            int(random.integers(300, 2000)),
            "2026-03-01",
        ]
        for at in range(160)
    ]
    with clock.at(call.at - timedelta(days=20)):
        _send(_then(call, 20), "schools", head, rows, "学校名录（春）.csv")
    _send(call, "schools", [*head[:3], "学生人数", head[4]], rows, "学校名录（秋）.csv")


def _routes(call: Call, random: np.random.Generator) -> None:
    """Transport: nothing has come for weeks although every week was agreed."""
    head = ["线路编号", "线路名称", "首班", "末班", "站数"]
    past = _then(call, 12)
    with clock.at(past.at):
        _upload(
            past,
            "bus-routes",
            "jn-transport",
            "公交线路",
            "Bus routes",
            list(zip(head, ["text"] * 4 + ["integer"], strict=True)),
            sla=7 * DAY,
        )
        rows = [
            [f"B{at:03d}", f"{at}路", "06:00", "21:30", int(random.integers(12, 40))] for at in range(1, 90)
        ]
        _send(past, "bus-routes", head, rows, "公交线路.csv")


def _communities(call: Call, random: np.random.Generator) -> None:
    """A district's own feed."""
    head, kinds = ["社区代码", "社区名称", "街道", "户数"], ["text", "text", "text", "integer"]
    _upload(
        call,
        "lixia-communities",
        "jn-lixia",
        "历下区社区名录",
        "Communities of Lixia",
        list(zip(head, kinds, strict=True)),
        sla=365 * DAY,
    )
    rows = [
        [
            f"3701020{at // 10 + 1:02d}{at % 10 + 1:03d}",
            f"{STREETS[at % 8]}{at}社区",
            STREETS[at % 8],
            int(random.integers(800, 4000)),
        ]
        for at in range(96)
    ]
    _send(call, "lixia-communities", head, rows, "社区名录.csv")


def _robot(call: Call) -> None:
    """A system without an interface, still being set up."""
    recipe = {
        "start": "http://archive.civil.example/", "steps": [{"submit": "#login", "fields": {"user": "$user", "word": "$password"}}],
        "rows": "table#data tr", "next": "a.next", "pause": 2,
    }  # fmt: skip
    actions.create_feed(
        call, code="archive-robot", zh="民政档案系统（网络机器人）", en="Civil archive (web robot)", organ="jn-civil", connector="robot",
        settings={"recipe": recipe}, period_minutes=7 * DAY, sla_minutes=7 * DAY,
    )  # fmt: skip
