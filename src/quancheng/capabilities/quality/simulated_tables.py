"""模拟数据表: ten small tables of Jinan's departments with the faults that such tables have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.identity import compute_check, compute_uscc_check
from quancheng.core.tabular import Kind

Row = dict[str, Any]
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林郑", "伟芳娜敏静强磊军洋勇艳杰涛明超秀兰霞平刚桂英"
_DISTRICTS = (
    "历下区",
    "市中区",
    "槐荫区",
    "天桥区",
    "历城区",
    "长清区",
    "章丘区",
    "济阳区",
    "莱芜区",
    "钢城区",
    "平阴县",
    "商河县",
)
_TRADES = ("餐饮", "零售", "软件", "建筑", "物流", "医药", "印刷", "机械", "文旅", "农业")


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be made (模拟表): its rows by number, and rules of it; ``orders``: codes that send orders."""

    name: str
    zh: str
    en: str
    owner: str
    schema: TableSchema
    row: Callable[[Any, int, date], Row]
    rules: tuple[Row, ...]
    orders: frozenset[str] = frozenset()
    rows: int = 240


def _column(name: str, zh: str, en: str, kind: Kind = Kind.TEXT, **more: Any) -> ColumnSpec:
    return ColumnSpec(name, kind, zh, en, **more)


def _rule(code: str, kind: str, zh: str, en: str, **more: Any) -> Row:
    return {"id": code, "kind": kind, "name": {"zh": zh, "en": en}, **more}


def _pick(random: Any, values: Any) -> Any:
    return values[int(random.integers(len(values)))]


def person(random: Any) -> str:
    """A name."""
    return _pick(random, _SURNAMES) + "".join(
        _pick(random, _GIVEN) for _ in range(int(random.integers(1, 3)))
    )


def resident(random: Any, wrong: bool) -> str:
    """A resident number of Jinan, with a check character that fits or does not."""
    born = date(1930, 1, 1) + timedelta(days=int(random.integers(0, 12_000)))
    body = f"3701{_pick(random, ('02', '03', '04', '05', '12', '13'))}{born:%Y%m%d}{int(random.integers(1000)):03d}"
    check = compute_check(body)
    return body + (("1" if check != "1" else "2") if wrong else check)


def firm_code(random: Any, wrong: bool) -> str:
    """A unified social credit code."""
    body = "91370100MA" + "".join(_pick(random, "0123456789ABCDEFGHJK") for _ in range(7))
    check = compute_uscc_check(body)
    return body + (("0" if check != "0" else "1") if wrong else check)


def _often(random: Any, share: float) -> bool:
    return bool(random.random() < share)


def _phone(random: Any, missing: float, wrong: float = 0.0) -> str | None:
    if _often(random, missing):
        return None
    if _often(random, wrong):
        return f"12{int(random.integers(10**8)):08d}"
    return f"1{_pick(random, '3578')}{int(random.integers(10**9)):09d}"


def _day(random: Any, today: date, back: int, future: float = 0.0) -> date:
    if _often(random, future):
        return today + timedelta(days=int(random.integers(30, 900)))
    return today - timedelta(days=int(random.integers(1, back)))


def _moment(random: Any, today: date, back: int) -> datetime:
    day = today - timedelta(days=int(random.integers(0, back)))
    return datetime(day.year, day.month, day.day, int(random.integers(0, 10)), 0, tzinfo=UTC)


_UPDATED = _column("updated_at", "更新时间", "Updated", Kind.DATETIME)
_IDN = _column("idn", "身份证号", "Resident number", Kind.RESIDENT_ID, personal=True, level=3)
_NAME = _column("name", "姓名", "Name", required=True, personal=True, level=2)
_PHONE = _column("phone", "手机号", "Mobile", personal=True, level=2)
_DISTRICT = _column("district", "区县", "District")
_VALID_ID = _rule("idn-valid", "checksum", "身份证号有效", "Resident number valid", column="idn", scheme="resident_id",
                  source="GB 11643-1999")  # fmt: skip
_HAS_PHONE = _rule(
    "phone-given", "complete", "手机号须填写", "Mobile filled in", column="phone", severity="warning"
)
_PHONE_FORM = _rule(
    "phone-form", "format", "手机号格式", "Mobile well formed", column="phone", named="mobile"
)
_IN_CITY = _rule(
    "district-known", "allowed", "区县取值", "District known", column="district", values=list(_DISTRICTS)
)


def _elder(random: Any, number: int, today: date) -> Row:
    return {
        "code": f"GL{number:06d}", "name": person(random), "idn": resident(random, _often(random, 0.02)),
        "phone": _phone(random, 0.06, 0.01), "district": _pick(random, _DISTRICTS),
        "amount": Decimal(int(random.integers(1, 8)) * 100), "granted": _day(random, today, 900, 0.012),
        "updated_at": _moment(random, today, 20),
    }  # fmt: skip


def _relief(random: Any, number: int, today: date) -> Row:
    members = int(random.integers(1, 7)) if not _often(random, 0.01) else 27
    return {
        "code": f"DB{number:06d}", "name": person(random), "idn": resident(random, _often(random, 0.015)),
        "phone": _phone(random, 0.02), "district": "历下" if _often(random, 0.01) else _pick(random, _DISTRICTS),
        "members": members, "monthly": Decimal(int(random.integers(200, 1200))), "since": _day(random, today, 2000),
        "updated_at": _moment(random, today, 40),
    }  # fmt: skip


def _firm(random: Any, number: int, today: date) -> Row:
    gone = _often(random, 0.12)
    day = _day(random, today, 6000, 0.008)
    return {
        "uscc": firm_code(random, _often(random, 0.012)),
        "name": f"济南{_pick(random, _GIVEN)}{_pick(random, _GIVEN)}{_pick(random, _TRADES)}有限公司",
        "head": person(random), "phone": _phone(random, 0.04, 0.02), "founded": day,
        "state": "注销" if gone else "存续" if not _often(random, 0.01) else "正常",
        "ended": day + timedelta(days=400) if gone and not _often(random, 0.2) else None,
        "capital": Decimal(int(random.integers(10, 5000))), "updated_at": _moment(random, today, 10),
    }  # fmt: skip


def _licence(random: Any, number: int, today: date) -> Row:
    begin = _day(random, today, 1500)
    end = begin + timedelta(days=1826) if not _often(random, 0.015) else begin - timedelta(days=30)
    return {
        "licence": f"JY13701{number:07d}", "holder": f"{_pick(random, _SURNAMES)}记{_pick(random, _TRADES)}店",
        "uscc": firm_code(random, _often(random, 0.01)), "valid_from": begin, "valid_to": end,
        "place": f"{_pick(random, _DISTRICTS)}{int(random.integers(1, 300))}号", "updated_at": _moment(random, today, 15),
    }  # fmt: skip


def _home(random: Any, number: int, today: date) -> Row:
    beds = int(random.integers(20, 300))
    used = beds + 15 if _often(random, 0.02) else int(beds * float(random.random()))
    return {
        "code": f"LX{number:04d}", "name": f"历下区{_pick(random, _GIVEN)}{_pick(random, _GIVEN)}养老服务中心",
        "beds": beds, "used": used, "tel": None if _often(random, 0.05) else f"0531-8{int(random.integers(10**7)):07d}",
        "street": _pick(random, ("解放路街道", "千佛山街道", "泉城路街道", "大明湖街道", "姚家街道")),
        "updated_at": _moment(random, today, 60),
    }  # fmt: skip


def _clinic(random: Any, number: int, today: date) -> Row:
    return {
        "code": f"PDY{number:07d}", "name": f"{_pick(random, _DISTRICTS)}{person(random)}诊所",
        "grade": _pick(random, ("一级", "二级", "三级", "未定级")) if not _often(random, 0.02) else "甲等",
        "doctors": int(random.integers(1, 60)), "district": _pick(random, _DISTRICTS),
        "checked": _day(random, today, 700, 0.01), "updated_at": _moment(random, today, 30),
    }  # fmt: skip


def _vehicle(random: Any, number: int, today: date) -> Row:
    plate = (
        f"鲁A{int(random.integers(10**5)):05d}"
        if not _often(random, 0.02)
        else f"鲁A{int(random.integers(999)):03d}"
    )
    return {
        "code": f"YY{number:06d}", "plate": plate, "kind": _pick(random, ("客运", "货运", "出租", "危货")),
        "owner": f"济南{_pick(random, _GIVEN)}{_pick(random, _GIVEN)}运输有限公司",
        "inspected": _day(random, today, 420), "updated_at": _moment(random, today, 12),
    }  # fmt: skip


def _school(random: Any, number: int, today: date) -> Row:
    pupils = int(random.integers(200, 2400))
    girls = int(pupils * 0.48) if not _often(random, 0.015) else pupils + 10
    return {
        "code": f"3{number:09d}", "name": f"{_pick(random, _DISTRICTS)}第{number % 90 + 1}小学", "pupils": pupils,
        "girls": girls, "district": _pick(random, _DISTRICTS), "head": person(random),
        "tel": f"0531-8{int(random.integers(10**7)):07d}", "updated_at": _moment(random, today, 90),
    }  # fmt: skip


def _insured(random: Any, number: int, today: date) -> Row:
    return {
        "code": f"SB{number:08d}", "name": person(random), "idn": resident(random, _often(random, 0.006)),
        "phone": _phone(random, 0.01), "employer": firm_code(random, _often(random, 0.004)),
        "base": Decimal(int(random.integers(4200, 24000))) if not _often(random, 0.006) else Decimal(42),
        "month": f"{today:%Y}{int(random.integers(1, 12)):02d}", "updated_at": _moment(random, today, 25),
    }  # fmt: skip


def _pump(random: Any, number: int, today: date) -> Row:
    return {
        "code": f"BZ{number:04d}", "name": f"{_pick(random, _DISTRICTS)}{number}号泵站",
        "power": Decimal(int(random.integers(20, 900))), "lon": Decimal("117.02") + Decimal(number) / 1000,
        "lat": Decimal("36.66") if not _often(random, 0.02) else Decimal("3.666"),
        "checked": _day(random, today, 300), "updated_at": _moment(random, today, 8),
    }  # fmt: skip


def _table(
    name: str,
    zh: str,
    en: str,
    owner: str,
    columns: tuple[ColumnSpec, ...],
    row: Any,
    *rules: Row,
    **more: Any,
) -> Table:
    return Table(
        name, zh, en, owner, TableSchema((*columns, _UPDATED), (columns[0].name,)), row, rules, **more
    )


def _key(zh: str, en: str, name: str = "code") -> ColumnSpec:
    return _column(name, zh, en, required=True)


_DATE, _WHOLE, _NUMBER = Kind.DATE, Kind.INTEGER, Kind.DECIMAL
TABLES = (
    _table("civil_elder_allowance", "高龄津贴发放台账", "Allowances of the aged", "jn-civil",
           (_key("津贴编号", "Allowance"), _NAME, _IDN, _PHONE, _DISTRICT, _column("amount", "月津贴", "Monthly amount", _NUMBER),
            _column("granted", "批准日期", "Granted on", _DATE)), _elder,
           _VALID_ID, _HAS_PHONE, _PHONE_FORM, _IN_CITY,
           _rule("granted-past", "consistent", "批准日期不晚于今天", "Granted by today", expression="granted <= today"),
           orders=frozenset({"idn-valid", "phone-given", "granted-past"}), rows=400),
    _table("civil_subsistence", "最低生活保障对象", "Households on subsistence allowance", "jn-civil",
           (_key("低保编号", "Case"), _NAME, _IDN, _PHONE, _DISTRICT, _column("members", "家庭人口", "Members", _WHOLE),
            _column("monthly", "月保障金", "Monthly sum", _NUMBER), _column("since", "纳入日期", "Since", _DATE)), _relief,
           _VALID_ID, _HAS_PHONE, _IN_CITY,
           _rule("members-range", "range", "家庭人口范围", "Members plausible", column="members", least=1, most=15),
           orders=frozenset({"idn-valid", "members-range", "district-known"})),
    _table("market_firms", "市场主体登记", "Register of firms", "jn-market",
           (_key("统一社会信用代码", "Credit code", "uscc"), _column("name", "名称", "Name", required=True),
            _column("head", "负责人", "Head", personal=True), _PHONE, _column("founded", "成立日期", "Founded", _DATE),
            _column("state", "登记状态", "State"), _column("ended", "注销日期", "Struck off", _DATE),
            _column("capital", "注册资本（万元）", "Capital", _NUMBER)), _firm,
           _rule("uscc-valid", "checksum", "统一社会信用代码有效", "Credit code valid", column="uscc", scheme="uscc",
                 source="GB 32100-2015"),
           _rule("state-known", "allowed", "登记状态取值", "State known", column="state", values=["存续", "注销", "吊销"]),
           _rule("ended-given", "consistent", "注销的须有注销日期", "Struck off on a day",
                 expression="if state = '注销' then ended is present"),
           _rule("founded-past", "consistent", "成立日期不晚于今天", "Founded by today", expression="founded <= today"),
           _PHONE_FORM, orders=frozenset({"uscc-valid", "ended-given", "founded-past", "phone-form"}), rows=400),
    _table("market_food_licences", "食品经营许可", "Food licences", "jn-market",
           (_key("许可证编号", "Licence", "licence"), _column("holder", "经营者", "Holder"),
            _column("uscc", "统一社会信用代码", "Credit code", Kind.USCC), _column("valid_from", "起始日期", "From", _DATE),
            _column("valid_to", "截止日期", "To", _DATE), _column("place", "经营场所", "Place")), _licence,
           _rule("uscc-valid", "checksum", "统一社会信用代码有效", "Credit code valid", column="uscc", scheme="uscc"),
           _rule("dates-order", "consistent", "截止日期晚于起始日期", "Ends after it begins", expression="valid_to > valid_from"),
           orders=frozenset({"uscc-valid", "dates-order"})),
    _table("lixia_eldercare_homes", "历下区养老服务设施", "Eldercare homes of Lixia", "jn-lixia-civil",
           (_key("设施编号", "Home"), _column("name", "设施名称", "Name"), _column("beds", "床位数", "Beds", _WHOLE),
            _column("used", "入住数", "Beds taken", _WHOLE), _column("tel", "联系电话", "Telephone", Kind.PHONE),
            _column("street", "街道", "Street")), _home,
           _rule("beds-enough", "consistent", "入住数不超过床位数", "No more guests than beds", expression="used <= beds"),
           _rule("tel-given", "complete", "联系电话须填写", "Telephone filled in", column="tel", severity="warning"),
           _rule("fresh", "updated", "每季更新", "Updated every quarter", days=92, severity="note"),
           orders=frozenset({"beds-enough", "tel-given"}), rows=90),
    _table("health_clinics", "基层医疗机构", "Clinics", "jn-health",
           (_key("机构代码", "Clinic"), _column("name", "机构名称", "Name"), _column("grade", "等级", "Grade"),
            _column("doctors", "医师数", "Doctors", _WHOLE), _DISTRICT, _column("checked", "校验日期", "Checked on", _DATE)), _clinic,
           _rule("grade-known", "allowed", "等级取值", "Grade known", column="grade", values=["一级", "二级", "三级", "未定级"]),
           _rule("checked-past", "consistent", "校验日期不晚于今天", "Checked by today", expression="checked <= today"), _IN_CITY,
           orders=frozenset({"grade-known", "checked-past"})),
    _table("transport_vehicles", "营运车辆", "Commercial vehicles", "jn-transport",
           (_key("营运编号", "Vehicle"), _column("plate", "车牌号", "Plate"), _column("kind", "类别", "Kind"),
            _column("owner", "经营者", "Owner"), _column("inspected", "检验日期", "Inspected on", _DATE)), _vehicle,
           _rule("plate-form", "format", "号牌格式", "Plate well formed", column="plate", named="plate", source="GA 36-2018"),
           _rule("inspected-year", "timely", "一年内检验", "Inspected within a year", column="inspected", days=366,
                 severity="warning"),
           orders=frozenset({"plate-form", "inspected-year"})),
    _table("education_schools", "小学基本情况", "Primary schools", "jn-education",
           (_key("学校代码", "School"), _column("name", "学校名称", "Name"), _column("pupils", "在校生数", "Pupils", _WHOLE),
            _column("girls", "女生数", "Girls", _WHOLE), _DISTRICT, _column("head", "校长", "Head", personal=True),
            _column("tel", "联系电话", "Telephone", Kind.PHONE)), _school,
           _rule("girls-part", "consistent", "女生数不超过在校生数", "No more girls than pupils", expression="girls <= pupils"),
           _IN_CITY, orders=frozenset({"girls-part"}), rows=150),
    _table("hrss_insured", "社会保险参保", "Insured persons", "jn-hrss",
           (_key("参保编号", "Insured"), _NAME, _IDN, _PHONE, _column("employer", "单位信用代码", "Employer", Kind.USCC),
            _column("base", "缴费基数", "Base", _NUMBER), _column("month", "所属月份", "Month")), _insured,
           _VALID_ID, _rule("employer-valid", "checksum", "单位信用代码有效", "Employer's code valid", column="employer", scheme="uscc"),
           _rule("base-range", "range", "缴费基数范围", "Base plausible", column="base", least=4000, most=30000,
                 least_share="0.995"),
           orders=frozenset({"idn-valid", "base-range"}), rows=500),
    _table("water_pumps", "排水泵站", "Pumping stations", "jn-water",
           (_key("泵站编号", "Station"), _column("name", "泵站名称", "Name"), _column("power", "功率（千瓦）", "Power", _NUMBER),
            _column("lon", "经度", "Longitude", _NUMBER), _column("lat", "纬度", "Latitude", _NUMBER),
            _column("checked", "检修日期", "Serviced on", _DATE)), _pump,
           _rule("lat-range", "range", "纬度在市域内", "Latitude within the city", column="lat", least="36.0", most="37.6"),
           _rule("rows", "row_count", "泵站不少于80座", "At least 80 stations", least=80),
           orders=frozenset({"lat-range"}), rows=120),
)  # fmt: skip
