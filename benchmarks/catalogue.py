"""Search of the data catalogue: 20,000 entries, words, filters and facet counts as a stranger asks for them."""

from __future__ import annotations

import random
import time
from datetime import date

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

ENTRIES = 20_000
ROUNDS = 400
_WHAT = (
    "养老", "婚姻", "公交", "停车", "水质", "空气", "医院", "学校", "企业", "许可", "处罚", "不动产", "社保", "低保",
    "气象",
)  # fmt: skip
_KIND = (
    "机构", "登记", "站点", "监测", "备案", "许可", "统计", "名录", "办理", "发放", "评价", "检查", "分布", "实时",
    "年度",
)  # fmt: skip
_AREA = ("历下区", "市中区", "槐荫区", "天桥区", "历城区", "长清区", "章丘区", "济阳区", "莱芜区", "钢城区")
_ASKED = (
    "公交站点", "养老 机构", "停车", '"空气监测"', "历下区 学校", "企业 -处罚", "社保登记 章丘", "水", "不存在的词语",
    "信息", "",
)  # fmt: skip


@benchmark(
    "catalogue", "catalogue search with facets, 20,000 entries; the plan's gate is p95 < 50 ms", "SQLite"
)
def run(scale: float) -> None:
    """Fill the catalogue, then ask; the first question of the process (it fills the memory) is its own figure."""
    django_on_fresh_database()
    from quancheng.capabilities.catalogue import queries
    from quancheng.kernel.actor import Actor

    count = max(200, int(ENTRIES * scale))
    with spent() as filling:
        _fill(count)
    figure("catalogue_fill", count / filling.wall, "entries/s")
    stranger = Actor.anonymous()
    began = time.perf_counter()
    queries.search(stranger, "公交")
    figure("catalogue_search_first", (time.perf_counter() - began) * 1000, "ms")
    chance = random.Random(7)
    took: dict[str, list[float]] = {}
    for number in range(max(50, int(ROUNDS * scale))):
        text = _ASKED[number % len(_ASKED)]
        wanted = queries.Filters(openness="open") if chance.random() < 0.2 else None
        began = time.perf_counter()
        queries.search(stranger, text, wanted)
        took.setdefault(text, []).append((time.perf_counter() - began) * 1000)
    every = sorted(one for row in took.values() for one in row)
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        figure(f"catalogue_search_{name}", every[min(len(every) - 1, int(len(every) * share))], "ms")
    worst = max(took, key=lambda text: sum(took[text]) / len(took[text]))
    figure(
        f"catalogue_search_slowest_question_{len(worst)}_characters",
        sum(took[worst]) / len(took[worst]),
        "ms",
    )


def _fill(count: int) -> None:
    """Entries of the made words, written as the module writes, 500 to a transaction."""
    from quancheng.capabilities.catalogue import writing
    from quancheng.capabilities.catalogue.models import Entry, State
    from quancheng.capabilities.people.actions import sync_departments
    from quancheng.core.catalogue import (
        DataType,
        Item,
        Level,
        Openness,
        Organ,
        Resource,
        ShareMode,
        ShareType,
        UpdateCycle,
        plain,
    )  # fmt: skip
    from quancheng.core.text import Text
    from quancheng.kernel import access, clock
    from quancheng.kernel.actions import Call, action

    chance = random.Random(42)

    @action("catalogue.benchmark", idempotent=False)
    def put(call: Call, rows: list[Entry]) -> int:
        access.require(call.actor, "register", Entry)
        writing.save(rows)
        return len(rows)

    sync_departments(Call.system("people"))
    organs = [
        writing.department(code)
        for code in ("jn-civil", "jn-market", "jn-health", "jn-water", "jn-transport")
    ]
    day = date(2026, 1, 1)
    rows: list[Entry] = []
    for number in range(count):
        organ = chance.choice(organs)
        name = f"{chance.choice(_AREA)}{chance.choice(_WHAT)}{chance.choice(_KIND)}信息{number}"
        items = tuple(
            Item(f"f{place}", Text(chance.choice(_WHAT) + chance.choice(_KIND), "x"), DataType.TEXT, 50)
            for place in range(8)
        )
        one = Resource(
            f"311001/{number:05d}", Text(name, f"Entry {number}"), Organ(organ.code, Text(organ.zh, organ.en)),
            Text(f"{name}，由{chance.choice(_KIND)}业务系统产生，{chance.choice(_AREA)}范围。", "Made up."),
            ("311001", chance.choice(("212001", "218002", "101001"))), (chance.choice(("CSV", "JSON", "XLSX")),),
            ShareType.UNCONDITIONAL, chance.choice((Openness.OPEN, Openness.CONDITIONAL)), Level.ONE,
            chance.choice(list(UpdateCycle)), day, day, items, share_modes=(ShareMode.API,),
            open_condition="申请",
        )  # fmt: skip
        rows.append(
            Entry(code=one.code, organ=organ, working=plain(one), published=plain(one), live=True, number=1,
                  state=State.PUBLISHED, created_at=clock.now(), changed_at=clock.now(), simulated=True)
        )  # fmt: skip
        if len(rows) == 500:
            put(Call.system("catalogue"), rows=rows)
            rows = []
    if rows:
        put(Call.system("catalogue"), rows=rows)
