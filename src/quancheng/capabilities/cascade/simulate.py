"""模拟: a district and the province as neighbours with history, for the demo city. Nobody calls them."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from quancheng.capabilities.cascade import actions
from quancheng.capabilities.cascade.book import BookLedger
from quancheng.capabilities.cascade.cascade_client import cursor_out, fingerprint, head_out, stream_out
from quancheng.capabilities.cascade.counting import taken
from quancheng.capabilities.cascade.forms_of_tables import CATALOGUE, TABLES, stream_of_table
from quancheng.capabilities.cascade.models import Neighbour, Wish
from quancheng.capabilities.cascade.network import own_name, public_der
from quancheng.core.cascade import (
    Clause,
    Head,
    Link,
    MemoryLedger,
    Node,
    Remove,
    RowId,
    Stream,
    Upsert,
    correction_stream,
    offer,
    produce,
    sent,
)
from quancheng.core.exchange.signing import Ed25519Signer
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

SHOPS = stream_of_table("lixia-small-shops")
_DISTRICT = [
    ("城市书房名录", "jn-lixia-culture"),
    ("便民充电车棚", "jn-lixia-housing"),
    ("老旧小区改造计划", "jn-lixia-housing"),
    ("社区食堂", "jn-lixia-civil"),
    ("泉池泉井名录", "jn-lixia-water"),
    ("义务教育学区划片", "jn-lixia-education"),
]
_PROVINCE = [
    ("电子证照类型清单", "sd-data"),
    ("跨省通办事项清单", "sd-approval"),
    ("法人基础信息返还", "sd-market"),
    ("高速公路出入口", "sd-transport"),
    ("省级行政权力事项", "sd-data"),
    ("气象站点名录", "sd-weather"),
    ("失信联合惩戒名单返还", "sd-reform"),
    ("医保定点机构", "sd-medical"),
]
_STREETS = ("解放路街道", "千佛山街道", "趵突泉街道", "泉城路街道", "大明湖街道", "东关街道", "文东街道")
_FORM = {
    "zh": "历下区小微商户", "en": "Small shops of Lixia District", "key": ["code"], "region": "370102",
    "organ": "jn-lixia-market", "region_column": "", "organ_column": "",
    "columns": [
        {"name": "code", "kind": "text", "zh": "商户编码", "en": "Code", "required": True, "level": 1, "personal": False},
        {"name": "name", "kind": "text", "zh": "名称", "en": "Name", "required": False, "level": 1, "personal": False},
        {"name": "street", "kind": "text", "zh": "街道", "en": "Street", "required": False, "level": 1, "personal": False},
        {"name": "open", "kind": "boolean", "zh": "营业", "en": "Open", "required": False, "level": 1, "personal": False},
        {"name": "checked", "kind": "date", "zh": "核实日期", "en": "Checked", "required": False, "level": 1,
         "personal": False},
    ],
}  # fmt: skip


def seed(city: Any, random: np.random.Generator) -> str | None:
    """Two simulated neighbours; nothing when there are some already."""
    if Neighbour.objects.filter(simulated=True).exists():
        return None
    call = Call.system("cascade", simulated=True)
    lixia = _join(call, "370102", "历下区大数据中心", "Lixia District data centre", "lower", "370102", random)
    province = _join(
        call, "370000", "山东省一体化大数据平台", "Shandong big data platform", "upper", "", random
    )
    now = int(clock.now().timestamp())
    district = _Far("370102")
    district.edit(CATALOGUE, _entries(_DISTRICT, "370102"), now - 90_000)
    district.edit(
        TABLES, [Upsert(RowId("370102", SHOPS.name), "370102", "jn-lixia-market", _text(_FORM))], now - 80_000
    )
    district.edit(SHOPS, _shops(random), now - 80_000)
    district.tell(call, lixia, (CATALOGUE, TABLES, SHOPS))
    district.edit(SHOPS, [Remove(RowId("370102", "LX-0007")), Remove(RowId("370102", "LX-0031"))], now - 3600)
    district.tell(call, lixia, (SHOPS,))
    upper = _Far("370000")
    upper.edit(CATALOGUE, _entries(_PROVINCE, "370000"), now - 70_000)
    upper.tell(call, province, (CATALOGUE,))
    _wishes(call, district, lixia)
    return "2 个相邻节点 neighbours"


class _Far:
    """A node far away, in memory, that speaks the protocol."""

    def __init__(self, name: str) -> None:
        self.node = Node(name, (Link(own_name(), (Clause(),)),))
        self.ledger = MemoryLedger()

    def edit(self, stream: Stream, edits: list[Any], at: int) -> None:
        self.ledger.write(produce(self.node, self.ledger, stream, edits, at).writes)

    def tell(self, call: Call, neighbour: Neighbour, streams: tuple[Stream, ...]) -> None:
        """Batches as they would come, the heartbeat, and counts of both sides."""
        heads, cursors = [], []
        for stream in streams:
            cursor = BookLedger().cursor(stream, neighbour.code)
            while (batch := offer(self.node, self.ledger, own_name(), stream, cursor, 5000)) is not None:
                cursor = actions.hear(
                    call, neighbour=neighbour.code, batch=batch, size=len(batch.entries) * 90
                ).cursor
            head = self.ledger.head(stream) or Head(1)
            heads.append(head_out(stream, head))
            cursors.append({"stream": stream_out(stream), "cursor": cursor_out(None)})
        actions.hear_pulse(call, neighbour=neighbour, said={"heads": heads, "cursors": cursors})
        for stream in streams:
            ours, theirs = taken(neighbour.code, stream), sent(self.node, self.ledger, own_name(), stream)
            actions.keep_count(call, neighbour=neighbour.code, stream=stream, ours=ours, theirs=theirs)


def _join(
    call: Call, code: str, zh: str, en: str, kind: str, region: str, random: np.random.Generator
) -> Neighbour:
    key = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(random.bytes(32)))
    text = base64.b64encode(key.public_der).decode()
    gives: list[dict[str, Any]] = [{"kinds": ["catalogue"]}]
    gives.append({"kinds": ["table", "correction"], **({"regions": [region]} if region else {})})
    made = actions.add_neighbour(
        call, code=code, zh=zh, en=en, kind=kind, address=f"https://{code}.example.invalid", public_key=text,
        gives=gives, silent_after=7 * 86400, late_after=86400, simulated=True,
    )  # fmt: skip
    for _ in range(2):
        made = actions.confirm_key(call, code=code, read=fingerprint(public_der(text)))
    return made


def _entries(listed: list[tuple[str, str]], region: str) -> list[Upsert]:
    return [
        Upsert(
            RowId(region, f"{organ}-{place:03}"),
            region,
            organ,
            _text({"title": f"{title}（模拟）", "organ": organ}),
        )
        for place, (title, organ) in enumerate(listed, 1)
    ]


def _shops(random: np.random.Generator) -> list[Upsert]:
    day = clock.today()
    found = []
    for place in range(1, 241):
        checked = day - timedelta(days=int(random.integers(1, 300)))
        body = {
            "code": f"LX-{place:04}", "name": f"模拟商户{place}号", "street": str(random.choice(_STREETS)),
            "open": bool(random.random() < 0.9), "checked": checked.isoformat(),
        }  # fmt: skip
        found.append(Upsert(RowId("370102", f"LX-{place:04}"), "370102", "jn-lixia-market", _text(body)))
    return found


def _wishes(call: Call, district: _Far, lixia: Neighbour) -> None:
    """One request of ours that waits, one that was answered, one of theirs that waits for us."""
    for local, name in (("LX-0011", "模拟商户11号（已更名）"), ("LX-0012", "模拟商户12号（合并）")):
        body = _text(
            {"code": local, "name": name, "street": _STREETS[0], "open": True, "checked": "2026-01-05"}
        )
        actions.publish(
            call, stream=SHOPS, edits=[Upsert(RowId("370102", local), "370102", "jn-lixia-market", body)]
        )
    own = Upsert(
        RowId(own_name(), "jn-data-901"),
        "370102",
        "jn-data",
        _text({"title": "城市部件编码（模拟）", "organ": "jn-data"}),
    )
    actions.publish(call, stream=CATALOGUE, edits=[own])
    answered = Wish.objects.filter(incoming=False).order_by("pk").first()
    if answered is not None:
        body = _text(
            {
                "correction": [answered.origin, answered.local],
                "accepted": True,
                "note": "已核实，按来文修改。",
            }
        )
        corrections = correction_stream(SHOPS)
        district.edit(
            corrections,
            [Upsert(RowId("370102", "verdict-1"), "370102", "jn-lixia-market", body)],
            int(call.at.timestamp()),
        )
        district.tell(call, lixia, (corrections,))
    asked = {
        "stream": list(stream_out(CATALOGUE)), "row": [own_name(), "jn-data-901"], "base": [1, 1, 1],
        "body": _text({"title": "城市部件编码（模拟）", "organ": "jn-data", "cycle": "每月"}), "deleted": False,
    }  # fmt: skip
    about = correction_stream(CATALOGUE)
    district.edit(
        about,
        [Upsert(RowId("370102", "request-1"), "370102", "jn-data", _text(asked))],
        int(call.at.timestamp()),
    )
    district.tell(call, lixia, (about,))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
