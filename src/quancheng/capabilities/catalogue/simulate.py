"""模拟: a catalogue that looks like a city's: entries of many organs, duties with gaps, demands, drafts."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from quancheng.capabilities.catalogue import actions
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.models import Entry
from quancheng.core.catalogue import Organ, Resource, read_resource
from quancheng.core.text import Text
from quancheng.kernel.actions import Call

FILE = Path(__file__).parent / "resources" / "demo-entries.toml"


def seed(city_: Any, random: np.random.Generator) -> str | None:
    """Everything marked as simulated; nothing when there is some already."""
    if Entry.objects.filter(simulated=True).exists():
        return None
    call = Call.system("catalogue", simulated=True)
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))
    made = [_entry(call, row, random) for row in rows["entry"]]
    for row in rows["draft"]:
        _draft(call, row, random)
    for organ, duties in rows["duties"].items():
        actions.import_duties(call, organ=organ, file=_sheet(duties), name="duties.csv", simulated=True)
    for row in rows["demand"]:
        demand = actions.ask_demand(call, simulated=True, **row["asked"])
        if "answered" in row:
            answered = dict(row["answered"])
            if name := answered.pop("entry_name", ""):
                answered["entry"] = Entry.objects.get(name=name, live=True).code
            actions.answer_demand(call, number=demand.number, **answered)
    return f"{len(made)} 条目录 catalogue entries"


def _entry(call: Call, row: Mapping[str, Any], random: np.random.Generator) -> Entry:
    return actions.register_entry(call, resource=resource_of(row, random), simulated=True)


def _draft(call: Call, row: Mapping[str, Any], random: np.random.Generator) -> None:
    made = actions.create_entry(call, resource=resource_of(row, random), simulated=True)
    if row.get("state") in {"submitted", "returned"}:
        actions.submit_entry(call, entry=made.entry_id)
    if row.get("state") == "returned":
        actions.return_entry(call, entry=made.entry_id, reason=row["reason"])


def resource_of(row: Mapping[str, Any], random: np.random.Generator) -> Resource:
    """An entry from a short row: items are ``field:名称:type[:length][:p]``; ``p`` marks personal data."""
    share, openness = row.get("share", "unconditional"), row.get("open", "open")
    day = date(2024, 1, 1).toordinal() + int(random.integers(0, 600))
    issued = date.fromordinal(day).isoformat()
    home = city.class_of(row["organ"])
    name = Text(row["zh"], row["en"])
    return read_resource(
        {
            "code": "",
            "name": name.to_dict(),
            "provider": {"code": Organ(row["organ"], Text("", "")).code, "name": ""},
            "abstract": row.get("about") or {"zh": f"{name.zh}，由业务系统产生。", "en": f"{name.en}."},
            "classes": [home, *row.get("classes", [])],
            "formats": row.get("formats", ["CSV", "JSON"]),
            "share": share,
            "share_condition": "凭履职依据申请，限申请用途使用" if share == "conditional" else "",
            "share_basis": row.get("basis", ""),
            "share_modes": [] if share == "none" else ["api", "table"],
            "openness": openness,
            "open_condition": "经申请审核后提供，不含个人信息" if openness == "conditional" else "",
            "level": row.get("level", "1"),
            "cycle": row.get("cycle", "monthly"),
            "issued": issued,
            "modified": issued,
            "items": [_item(text, openness) for text in row["items"]],
            "keywords": row.get("words", []),
            "duties": row.get("duties", []),
        }
    )


_TYPES = {
    "t": "text",
    "n": "number",
    "d": "date",
    "dt": "datetime",
    "i": "integer",
    "m": "money",
    "l": "logical",
}


def _item(text: str, openness: str) -> dict[str, Any]:
    field, name, kind, *more = text.split(":")
    personal = "p" in more
    length = next((int(one) for one in more if one.isdigit()), None)
    kind = _TYPES[kind]
    if length is None and kind in {"text", "number", "money"}:
        length = {"text": 100, "number": 12, "money": 14}[kind]
    return {
        "field": field,
        "name": name,
        "type": kind,
        "length": length,
        "personal": personal,
        "level": "3" if personal and openness == "closed" else None,
        "openness": "closed" if personal and openness != "closed" else None,
    }


def _sheet(rows: list[list[Any]]) -> io.BytesIO:
    """A duty list as the file a department sends."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["事项代码", "事项名称", "产生数据", "设定依据"])
    writer.writerows([[code, name, "是" if data else "否", basis] for code, name, data, basis in rows])
    return io.BytesIO(out.getvalue().encode("utf-8-sig"))
