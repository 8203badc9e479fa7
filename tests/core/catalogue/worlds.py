"""A small catalogue of Jinan to tell stories with, and strategies for arbitrary entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from quancheng.core.catalogue import (
    Category,
    ClassTree,
    CodeRule,
    DataType,
    Distribution,
    DistributionKind,
    Item,
    Level,
    Openness,
    Organ,
    Resource,
    ShareMode,
    ShareType,
    Standards,
    UpdateCycle,
    View,
)
from quancheng.core.text import Text

NATIONAL = CodeRule.of(
    {
        "id": "national-2017",
        "segments": [
            {"key": "class", "name": {"zh": "类", "en": "Class"}, "length": 1, "choices": ["1", "2", "3"]},
            {"key": "entry", "name": {"zh": "项", "en": "Entry"}, "length": 2},
            {"key": "subject", "name": {"zh": "目", "en": "Subject"}, "length": 3},
            {"key": "detail", "name": {"zh": "细目", "en": "Detail"}, "minimum": 0, "maximum": 12},
            {
                "key": "serial",
                "name": {"zh": "顺序码", "en": "Serial number"},
                "minimum": 1,
                "maximum": 6,
                "separator": "/",
                "serial": True,
            },
        ],
    }
)

TREE = ClassTree(
    [
        Category("1", Text("基础信息资源", "Base data"), View.BASE),
        Category("101", Text("人口", "Population"), View.BASE, "1"),
        Category("2", Text("主题信息资源", "Theme data"), View.THEME),
        Category("207", Text("交通", "Transport"), View.THEME, "2"),
        Category("207001", Text("公共交通", "Public transport"), View.THEME, "207"),
        Category("3", Text("部门信息资源", "Department data"), View.DEPARTMENT),
        Category("307", Text("交通运输局", "Transport bureau"), View.DEPARTMENT, "3"),
        Category("307015", Text("公交", "Buses"), View.DEPARTMENT, "307"),
    ]
)

STANDARDS = Standards(
    rule=NATIONAL,
    tree=TREE,
    class_segments=("class", "entry", "subject"),
    lengths={"name": 60, "abstract": 400, "item.name": 30},
    formats=frozenset({"CSV", "JSON", "XLSX", "DB"}),
    open_up_to=Level.TWO,
)

TRANSPORT = Organ("11370100004189012X", Text("济南市交通运输局", "Jinan Transport Bureau"))
HEALTH = Organ("11370100004189013Y", Text("济南市卫生健康委员会", "Jinan Health Commission"))

STOPS = Resource(
    code="307015/1",
    name=Text("公交站列表", "List of bus stops"),
    provider=TRANSPORT,
    abstract=Text("全市公交站点的名称、位置和经过线路。", "Names, places and lines of all bus stops."),
    classes=("307015", "207001"),
    formats=("CSV", "JSON"),
    share=ShareType.UNCONDITIONAL,
    openness=Openness.OPEN,
    level=Level.ONE,
    cycle=UpdateCycle.MONTHLY,
    issued=date(2026, 1, 5),
    modified=date(2026, 11, 2),
    items=(
        Item("stop_no", Text("站点编号", "Stop number"), DataType.TEXT, 10),
        Item("stop_name", Text("站点名称", "Stop name"), DataType.TEXT, 40),
        Item("longitude", Text("经度", "Longitude"), DataType.DOUBLE),
        Item("latitude", Text("纬度", "Latitude"), DataType.DOUBLE),
    ),
    share_modes=(ShareMode.API, ShareMode.FILE),
    duties=("D-BUS",),
    keywords=("公交", "站点"),
    distributions=(
        Distribution(
            "csv",
            DistributionKind.FILE,
            Text("站点表", "Table of stops"),
            "CSV",
            "https://data.example.cn/files/stops.csv",
            size=182_233,
            sha256="ab" * 32,
            modified=date(2026, 11, 2),
        ),
        Distribution(
            "api",
            DistributionKind.API,
            Text("站点接口", "Interface"),
            "JSON",
            "https://data.example.cn/api/stops",
        ),
    ),
)

DRIVERS = Resource(
    code="307015/2",
    name=Text("公交驾驶员信息", "Bus drivers"),
    provider=TRANSPORT,
    abstract=Text("公交驾驶员的姓名、证件和准驾车型。", "Names, licences and classes of bus drivers."),
    classes=("307015",),
    formats=("DB",),
    share=ShareType.CONDITIONAL,
    share_condition="用于驾驶员资格核验。",
    openness=Openness.CLOSED,
    level=Level.THREE,
    cycle=UpdateCycle.DAILY,
    issued=date(2026, 2, 1),
    modified=date(2026, 10, 9),
    items=(
        Item("name", Text("姓名", "Name"), DataType.TEXT, 40, personal=True),
        Item(
            "id_no",
            Text("身份证号码", "Identity number"),
            DataType.TEXT,
            18,
            share=ShareType.NONE,
            personal=True,
        ),
        Item("class", Text("准驾车型", "Licence class"), DataType.TEXT, 4),
    ),
    share_modes=(ShareMode.API,),
    duties=("D-DRIVER",),
    related=("307015/1",),
)


def many(count: int) -> list[Resource]:
    """So many entries that differ in code and name."""
    return [
        replace(STOPS, code=f"307015/{number}", name=Text(f"公交站列表第{number}期", f"Stops, part {number}"))
        for number in range(1, count + 1)
    ]


words = st.text("公交站列表济南市人口出生数据Abc019 -_/（），。é\"'<&", max_size=12)
texts = st.builds(Text, words, words)
names = st.text("abcdefgh_", min_size=1, max_size=6)
days = st.dates(date(2000, 1, 1), date(2040, 12, 31))

items = st.builds(
    Item,
    field=names,
    name=texts,
    type=st.sampled_from(DataType),
    length=st.none() | st.integers(1, 400),
    share=st.none() | st.sampled_from(ShareType),
    openness=st.none() | st.sampled_from(Openness),
    level=st.none() | st.sampled_from(Level),
    personal=st.booleans(),
    note=words,
)
distributions = st.builds(
    Distribution,
    id=names,
    kind=st.sampled_from(DistributionKind),
    name=st.builds(Text, words.map(lambda word: f"表{word}"), words.map(lambda word: f"t{word}")),
    format=st.sampled_from(["CSV", "JSON", "", "自定义"]),
    url=st.sampled_from(["https://data.example.cn/a", "http://x.cn/文件?b=1#c"]),
    size=st.none() | st.integers(0, 10**12),
    sha256=st.sampled_from(["", "0f" * 32]),
    modified=st.none() | days,
)
_lists = st.lists(words.filter(bool), max_size=4, unique=True).map(tuple)
resources = st.builds(
    Resource,
    code=st.from_regex(r"3070[0-9]{2}/[1-9][0-9]{0,3}", fullmatch=True),
    name=texts.filter(lambda text: text.zh != ""),
    provider=st.sampled_from([TRANSPORT, HEALTH]),
    abstract=texts.filter(lambda text: text.zh != ""),
    classes=st.lists(st.sampled_from(["307015", "207001", "101", "999"]), max_size=3, unique=True).map(tuple),
    formats=st.lists(st.sampled_from(["CSV", "JSON", "DB"]), max_size=3, unique=True).map(tuple),
    share=st.sampled_from(ShareType),
    openness=st.sampled_from(Openness),
    level=st.sampled_from(Level),
    cycle=st.sampled_from(UpdateCycle),
    issued=days,
    modified=days,
    items=st.lists(items, max_size=4, unique_by=lambda item: item.field).map(tuple),
    share_condition=words,
    share_basis=words,
    share_modes=st.lists(st.sampled_from(ShareMode), max_size=3, unique=True).map(tuple),
    open_condition=words,
    related=_lists,
    duties=_lists,
    keywords=_lists,
    distributions=st.lists(distributions, max_size=3, unique_by=lambda one: one.id).map(tuple),
    version=st.tuples(*[st.integers(0, 20)] * 3).map(lambda v: ".".join(map(str, v))),
)

calm = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For tests whose entries take long to draw on a busy machine."""

patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For all other properties: a machine that does much else is no failure."""


@st.composite
def versions(draw: st.DrawFn, count: int = 2) -> tuple[Resource, ...]:
    """A base and ``count`` later versions of it, each changed in some places."""
    base = draw(resources)
    other = draw(resources)
    found = [base]
    for _ in range(count):
        places = draw(st.sets(st.sampled_from(_CHANGEABLE), max_size=5))
        changed = replace(base, **{place: getattr(other, place) for place in places})
        kept = draw(st.lists(st.booleans(), min_size=4, max_size=4))
        rest = tuple(item for item, keep in zip(changed.items, kept, strict=False) if keep)
        found.append(replace(changed, items=rest))
    return tuple(found)


_CHANGEABLE = [
    "name", "abstract", "classes", "formats", "share", "level", "cycle", "modified", "items", "share_modes",
    "related", "keywords", "distributions", "version",
]  # fmt: skip
