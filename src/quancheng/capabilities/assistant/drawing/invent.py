"""Invented people and firms 虚构内容: valid numbers, nobody's name on purpose; all simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from quancheng.core.identity import compute_check, compute_organisation_check, compute_uscc_check

__all__ = ["DISTRICTS", "Invented", "invented", "resident_number", "unified_code"]

DISTRICTS = {
    "370102": "历下区", "370103": "市中区", "370104": "槐荫区", "370105": "天桥区",
    "370112": "历城区", "370113": "长清区", "370114": "章丘区", "370115": "济阳区",
}  # fmt: skip
_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂华鑫宇浩然欣怡子涵梓轩雨桐佳慧文博思远晓东"
_STREETS = ("泉城路", "经十路", "花园路", "解放路", "英雄山路", "工业南路", "北园大街", "二环东路")
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_BRANDS = ("泉盛", "鲁源", "历山", "明湖", "齐悦", "佛慧", "舜耕", "趵突", "华山", "小清河")
_TRADES = ("餐饮管理", "食品", "商贸", "科技", "文化传媒", "物业服务", "建筑工程")
_TODAY = date(2026, 1, 1)
"""Dates are invented around this day, so that a seed always gives the same licence."""


def resident_number(random: Random, *, born: date | None = None, man: bool | None = None) -> str:
    """A valid identity number (GB 11643) of a Jinan district."""
    born = born or date(1950, 1, 1) + timedelta(days=random.randrange(55 * 365))
    sex = random.randrange(2) if man is None else int(man)
    sequence = random.randrange(0, 499) * 2 + sex
    body = f"{random.choice(list(DISTRICTS))}{born:%Y%m%d}{sequence:03d}"
    return body + compute_check(body)


def unified_code(random: Random) -> str:
    """A valid unified social credit code (GB 32100) of a Jinan firm."""
    main = "MA" + "".join(random.choice(_ALPHABET) for _ in range(6))
    body = f"91{random.choice(list(DISTRICTS))}{main}{compute_organisation_check(main)}"
    if any(one not in _ALPHABET for one in body):
        return unified_code(random)
    return body + compute_uscc_check(body)


@dataclass(frozen=True, slots=True)
class Invented:
    """What a licence says: printed values by field, and the words of its seal."""

    printed: dict[str, str]
    issuer: str = ""
    """Ring text of the seal; empty = no seal."""
    purpose: str = ""
    """Words below the star."""


def invented(code: str, random: Random, given: dict[str, str] | None = None) -> Invented:
    """Fields for a type of licence; ``given`` replaces some of them (printed as they are)."""
    made = _MAKERS[code](random)
    return Invented({**made.printed, **(given or {})}, made.issuer, made.purpose)


def _name(random: Random) -> str:
    return random.choice(_FAMILY) + "".join(random.sample(_GIVEN, random.choice((1, 2, 2, 2))))


def _day(random: Random, first: int, last: int) -> date:
    return _TODAY + timedelta(days=random.randrange(first, last))


def _written(day: date) -> str:
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"


def _address(random: Random, *, room: bool = True) -> str:
    district, street = random.choice(list(DISTRICTS.values())), random.choice(_STREETS)
    tail = (
        f"{random.randrange(1, 30)}号楼{random.randrange(1, 6)}单元{random.randrange(101, 2900)}室"
        if room
        else ""
    )
    return f"山东省济南市{district}{street}{random.randrange(1, 400)}号{tail}"


def _firm(random: Random) -> str:
    return f"济南{random.choice(_BRANDS)}{random.choice(_TRADES)}有限公司"


def _person(random: Random) -> dict[str, str]:
    man = bool(random.randrange(2))
    born = date(1950, 1, 1) + timedelta(days=random.randrange(55 * 365))
    return {
        "name": _name(random),
        "sex": "男" if man else "女",
        "nation": random.choice(("汉", "汉", "汉", "回", "满")),
        "birth_date": _written(born),
        "id_number": resident_number(random, born=born, man=man),
    }


def _business(random: Random) -> Invented:
    district = random.choice(list(DISTRICTS.values()))
    printed = {
        "code": unified_code(random),
        "name": _firm(random),
        "form": random.choice(("有限责任公司（自然人独资）", "有限责任公司（自然人投资或控股）")),
        "legal_person": _name(random),
        "scope": "许可项目：餐饮服务；食品销售。一般项目：会议及展览服务；企业管理咨询；日用百货销售。",
        "capital": random.choice(("壹佰万元整", "伍佰万元整", "叁拾万元整", "壹仟万元整")),
        "established": _written(_day(random, -4000, -100)),
        "address": _address(random, room=False),
    }
    return Invented(printed, f"济南市{district}市场监督管理局", random.choice(("", "审批专用章")))


def _food(random: Random) -> Invented:
    issuer = f"济南市{random.choice(list(DISTRICTS.values()))}行政审批服务局"
    printed = {
        "name": _firm(random),
        "code": unified_code(random),
        "legal_person": _name(random),
        "address": _address(random, room=False),
        "premises": _address(random, room=False),
        "format": random.choice(("餐饮服务经营者", "食品销售经营者", "单位食堂")),
        "number": f"JY{random.choice('123')}3701{random.randrange(10**8, 10**9):09d}",
        "issuer": issuer,
        "valid_to": _written(_day(random, 400, 1700)),
    }
    return Invented(printed, issuer, "审批专用章")


def _card_back(random: Random) -> Invented:
    begin = _day(random, -3000, -200)
    end = begin.replace(year=begin.year + random.choice((10, 20)), day=min(begin.day, 28))
    period = f"{begin:%Y.%m.%d}-{end:%Y.%m.%d}" if random.random() > 0.25 else f"{begin:%Y.%m.%d}-长期"
    district = random.choice(list(DISTRICTS.values()))
    return Invented({"issuer": f"济南市公安局{district}分局", "period": period})


def _household(random: Random) -> Invented:
    printed = _person(random) | {
        "relation": random.choice(("户主", "妻", "子", "女", "夫")),
        "birth_place": f"山东省济南市{random.choice(list(DISTRICTS.values()))}",
        "origin": random.choice(("山东省济南市", "山东省德州市", "山东省泰安市")),
        "workplace": random.choice(("济南市第三中学", "济南历山百货商店", "济南明湖机械厂")),
    }
    issuer = f"济南市公安局{random.choice(list(DISTRICTS.values()))}分局"
    return Invented(printed, issuer, "户口专用章")


def _birth(random: Random) -> Invented:
    mother = resident_number(
        random, born=date(1990, 1, 1) + timedelta(days=random.randrange(4000)), man=False
    )
    father = resident_number(random, born=date(1988, 1, 1) + timedelta(days=random.randrange(4000)), man=True)
    issuer = random.choice(("济南市妇幼保健院", "济南市中心医院", "济南市第四人民医院"))
    born = _day(random, -700, -5)
    printed = {
        "child": _name(random),
        "sex": random.choice("男女"),
        "birth_date": _written(born),
        "birth_place": f"山东省济南市{random.choice(list(DISTRICTS.values()))}",
        "mother": _name(random),
        "mother_id": mother,
        "father": _name(random),
        "father_id": father,
        "issuer": issuer,
        "issued_on": _written(born + timedelta(days=3)),
        "number": f"{random.choice('PQRST')}{random.randrange(10**8, 10**9):09d}",
    }
    return Invented(printed, issuer, "出生证明专用章")


def _deed(random: Random) -> Invented:
    person = _person(random)
    unit = f"3701{random.randrange(10**7, 10**8)}GB{random.randrange(1, 99999):05d}"
    printed = {
        "number": f"鲁（{random.randrange(2016, 2026)}）济南市不动产权第{random.randrange(10**7):07d}号",
        "name": person["name"],
        "id_number": person["id_number"],
        "shared": random.choice(("单独所有", "共同共有")),
        "address": _address(random),
        "unit": f"{unit}F{random.randrange(10**8):08d}",
        "right": "国有建设用地使用权/房屋所有权",
        "usage": "城镇住宅用地/住宅",
        "area": f"{random.randrange(4000, 18000) / 100:.2f}平方米",
    }
    return Invented(printed, "济南市自然资源和规划局", "不动产登记专用章")


def _disability(random: Random) -> Invented:
    person = _person(random)
    issued = _day(random, -2500, -60)
    kind = random.randrange(1, 8)
    category = ("视力", "听力", "言语", "肢体", "智力", "精神", "多重")[kind - 1]
    degree = random.randrange(1, 5)
    issuer = f"济南市{random.choice(list(DISTRICTS.values()))}残疾人联合会"
    printed = {
        "name": person["name"],
        "sex": person["sex"],
        "category": category,
        "degree": ("壹级", "贰级", "叁级", "肆级")[degree - 1],
        "number": f"{person['id_number']}{kind}{degree}",
        "issued_on": _written(issued),
        "valid_to": _written(issued.replace(year=issued.year + 10, day=min(issued.day, 28))),
        "issuer": issuer,
    }
    return Invented(printed, issuer, "证件专用章")


def _social(random: Random) -> Invented:
    person = _person(random)
    printed = {
        "name": person["name"],
        "id_number": person["id_number"],
        "card": f"A{random.randrange(10**8):08d}",
        "issued_on": _written(_day(random, -3000, -60)),
    }
    return Invented(printed)


def _degree(random: Random) -> Invented:
    person = _person(random)
    issuer = random.choice(("山东大学", "济南大学", "山东师范大学", "齐鲁工业大学"))
    printed = {
        "name": person["name"],
        "sex": person["sex"],
        "birth_date": person["birth_date"],
        "degree": random.choice(("工学学士", "理学学士", "文学学士", "医学学士")),
        "issuer": issuer,
        "number": f"104224{random.randrange(2010, 2025)}{random.randrange(10**6):06d}",
    }
    return Invented(printed, issuer, "学位专用章")


def _dog(random: Random) -> Invented:
    given = _day(random, -300, -10)
    issuer = f"济南{random.choice(_BRANDS)}动物医院"
    printed = {
        "name": _name(random),
        "dog": random.choice(("豆豆", "旺财", "可乐", "布丁", "元宝")),
        "breed": random.choice(("柯基犬", "贵宾犬", "金毛犬", "边境牧羊犬")),
        "vaccinated_on": _written(given),
        "valid_to": _written(given + timedelta(days=364)),
        "number": f"3701{random.randrange(10**8):08d}",
        "issuer": issuer,
    }
    return Invented(printed, issuer, "免疫专用章")


_MAKERS: dict[str, Callable[[Random], Invented]] = {
    "business-licence": _business,
    "food-business": _food,
    "id-card-front": lambda random: Invented(_person(random) | {"address": _address(random)}),
    "id-card-back": _card_back,
    "household-page": _household,
    "birth-certificate": _birth,
    "property-deed": _deed,
    "disability-certificate": _disability,
    "social-security-card": _social,
    "degree-certificate": _degree,
    "dog-vaccination": _dog,
}
