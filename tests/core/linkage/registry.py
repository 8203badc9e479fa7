"""A made-up registry in two copies: names, numbers, phones, addresses, with the slips that clerks make."""

from __future__ import annotations

import numpy as np

from quancheng.core.identity import compute_check
from quancheng.core.linkage import (
    BlockingRule,
    Comparison,
    address,
    chinese_name,
    date_of,
    forms,
    phone,
    resident_id,
)
from quancheng.core.text import Text

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英华建国文玉兰红梅志海波鹏飞雪琴宇晨浩子涵轩欣怡梓"
    "俊峰凯旋思远嘉佳慧婷颖琳璐瑶雨萱诗琪瑞祥福贵春生永康安宁和顺德才学义"
)
ROADS = (
    "泉城路",
    "经十路",
    "解放路",
    "历山路",
    "山大路",
    "花园路",
    "工业南路",
    "北园大街",
    "纬二路",
    "和平路",
)
AREAS = ("历下区", "市中区", "槐荫区", "天桥区", "历城区", "长清区", "章丘区", "济阳区")
LISTS = tuple(f"{a}{b}小区" for a in "阳光锦绣翠湖金泉舜玉名士" for b in "花园新城佳苑华庭嘉园雅居")
VARIANTS = {"傑": "杰", "偉": "伟", "麗": "丽", "國": "国", "華": "华"}
FOLDED = forms.name_folded(VARIANTS)

COMPARISONS: tuple[Comparison, ...] = (
    resident_id("id"),
    chinese_name("name", folded=FOLDED),
    date_of("birth", Text("出生日期", "birth date")),
    phone("phone"),
    address("address"),
)
RULES = (
    BlockingRule("id", (("id", forms.RESIDENT_ID),)),
    BlockingRule("phone", (("phone", forms.PHONE),)),
    BlockingRule("name and birth", (("name", FOLDED), ("birth", forms.DATE))),
    BlockingRule("address and name", (("address", forms.ADDRESS), ("name", FOLDED))),
)

Columns = dict[str, list[str | None]]


def registries(size: int, seed: int, share: float = 0.7) -> tuple[Columns, Columns, int]:
    """Two lists of ``size``; the first ``share`` of both are the same people, row by row."""
    random = np.random.default_rng(seed)
    both = int(size * share)
    everybody = people(2 * size - both, random)
    left = {field: values[:size] for field, values in everybody.items()}
    right = {field: values[:both] + values[size:] for field, values in everybody.items()}
    return left, spoil(right, random), both


def people(count: int, random: np.random.Generator) -> Columns:
    """Clean people."""
    first, given = np.array(list(SURNAMES)), np.array(list(GIVEN))
    weight = 1 / np.arange(1, len(first) + 1)
    names = np.char.add(random.choice(first, count, p=weight / weight.sum()), random.choice(given, count))
    names = np.where(random.random(count) < 0.85, np.char.add(names, random.choice(given, count)), names)
    days = np.datetime64("1935-01-01") + random.integers(0, 31000, count).astype("timedelta64[D]")
    birth = np.char.replace(days.astype(str), "-", "")
    regions, last = random.integers(370102, 370117, count), random.integers(0, 1000, count)
    ids = [f"{a}{b}{c:03}" for a, b, c in zip(regions.tolist(), birth.tolist(), last.tolist(), strict=True)]
    phones = random.integers(13_000_000_000, 19_999_999_999, count)
    parts = random.integers(0, 10_000, (count, 6)).tolist()
    return {
        "id": [one + compute_check(one) for one in ids],
        "name": names.tolist(),
        "birth": birth.tolist(),
        "phone": [str(one) for one in phones.tolist()],
        "address": [place(part) for part in parts],
    }


def place(part: list[int]) -> str:
    """An address."""
    area, road, estate = AREAS[part[0] % 8], ROADS[part[1] % 10], LISTS[part[2] % len(LISTS)]
    return f"济南市{area}{road}{part[1] % 300 + 1}号{estate}{part[3] % 30 + 1}号楼{part[4] % 4 + 1}单元{part[5] % 33 + 1}0{part[5] % 4 + 1}室"


def spoil(columns: Columns, random: np.random.Generator) -> Columns:
    """Slips: 5 % of numbers typed wrong, 10 % missing, a third of phones and a fifth of homes changed."""
    count = len(columns["id"])
    fresh = people(count, random)
    dice = random.random((6, count))
    slip = random.integers(0, 17, count).tolist()
    result = {field: list(values) for field, values in columns.items()}
    for row in range(count):
        number = result["id"][row] or ""
        if dice[0, row] < 0.05:
            at = slip[row]
            result["id"][row] = number[:at] + str((int(number[at]) + 3) % 10) + number[at + 1 :]
        elif dice[0, row] < 0.15:
            result["id"][row] = None
        if dice[1, row] < 1 / 3:
            result["phone"][row] = fresh["phone"][row]
        if dice[2, row] < 0.2:
            result["address"][row] = fresh["address"][row]
        else:
            result["address"][row] = (columns["address"][row] or "").replace("单元", "-").replace("室", "")
        if dice[3, row] < 0.02:
            result["name"][row] = fresh["name"][row]
        else:
            result["name"][row] = (columns["name"][row] or "").replace("国", "國").replace("杰", "傑")
        if dice[4, row] < 0.02:
            day = result["birth"][row] or ""
            result["birth"][row] = day[:4] + day[6:] + day[4:6]
    return result
