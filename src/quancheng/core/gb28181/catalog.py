"""目录 Catalogue answers in many parts, and the items in them (GB/T 28181 A.2.6.2); recordings (A.2.6.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from . import ids
from .errors import BadMessage, Reason
from .manscdp import Document, Node, Root, read_time, write_time

__all__ = ["Collector", "Item", "Recording", "catalog_parts", "changes", "item", "recording"]

_NAME = 120


@dataclass(frozen=True, slots=True)
class Item:
    """目录项: a device, channel or organisation as its owner describes it."""

    code: str
    name: str
    online: bool = True
    parent: str = ""
    civil: str = ""
    """CivilCode 行政区划."""
    owner: str = ""
    address: str = ""
    maker: str = ""
    model: str = ""
    lon: float | None = None
    lat: float | None = None
    ptz: int = 0
    """PTZType: 1 dome 2 half dome 3 fixed 4 remote fixed."""
    event: str = ""
    """In a notify: ADD DEL UPDATE ON OFF VLOST DEFECT."""


@dataclass(frozen=True, slots=True)
class Recording:
    """录像 One recorded stretch on a device."""

    code: str
    name: str
    start: datetime
    end: datetime
    path: str = ""
    size: int = 0


_EVENTS = frozenset(("ADD", "DEL", "UPDATE", "ON", "OFF", "VLOST", "DEFECT"))


def item(row: Mapping[str, Any]) -> Item:
    """Read an Item; raises BadMessage when it has no code. Odd optional fields are left out."""
    code = _text(row, "DeviceID")
    if not ids.is_code(code):
        raise BadMessage(Reason.ID, code)
    event = _text(row, "Event").upper()
    inside = row.get("Info")
    ptz = _text(inside, "PTZType") if isinstance(inside, dict) else _text(row, "PTZType")
    lon, lat = _place(row)
    return Item(
        code=code, name=_text(row, "Name")[:_NAME], online=_text(row, "Status").upper() not in ("OFF", "OFFLINE"),
        parent=_text(row, "ParentID").rpartition("/")[2][:20], civil=_text(row, "CivilCode")[:20],
        owner=_text(row, "Owner")[:_NAME], address=_text(row, "Address")[:_NAME], maker=_text(row, "Manufacturer")[:60],
        model=_text(row, "Model")[:60], lon=lon, lat=lat, ptz=int(ptz) if ptz in ("1", "2", "3", "4") else 0,
        event=event if event in _EVENTS else "",
    )  # fmt: skip


def _place(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    try:
        lon, lat = float(_text(row, "Longitude")), float(_text(row, "Latitude"))
    except ValueError:
        return None, None
    inside = 73 <= lon <= 136 and 3 <= lat <= 54  # the country; 0, 0 means "not set" in the field
    return (lon, lat) if inside else (None, None)


def _text(row: Mapping[str, Any], name: str) -> str:
    found = row.get(name, "")
    return found.strip() if isinstance(found, str) else ""


def _row(one: Item) -> dict[str, Node]:
    row: dict[str, Node] = {
        "DeviceID": one.code, "Name": one.name, "Manufacturer": one.maker or "-", "Model": one.model or "-",
        "Owner": one.owner or "-", "CivilCode": one.civil or one.code[:6], "Address": one.address or "-",
        "Parental": "0", "ParentID": one.parent, "SafetyWay": "0", "RegisterWay": "1", "Secrecy": "0",
        "Status": "ON" if one.online else "OFF",
    }  # fmt: skip
    if one.lon is not None and one.lat is not None:
        row |= {"Longitude": f"{one.lon:.6f}", "Latitude": f"{one.lat:.6f}"}
    if one.ptz:
        row["Info"] = {"PTZType": str(one.ptz)}
    if one.event:
        row["Event"] = one.event
    return row


def catalog_parts(
    platform: str, serial: int, items: Sequence[Item], *, size: int = 2, root: Root = Root.RESPONSE
) -> Iterator[Document]:
    """The answer in parts of ``size`` items, each with the whole number in SumNum; one empty part for none.

    Two items keep a part below the 1,300 bytes that RFC 3261 §18.1.1 allows a datagram.
    """
    for at in range(0, max(len(items), 1), size):
        rows = [_row(one) for one in items[at : at + size]]
        listed: dict[str, Node] = {"@Num": str(len(rows))}
        if rows:
            listed["Item"] = list(rows)
        yield Document(root, "Catalog", serial, platform, {"SumNum": str(len(items)), "DeviceList": listed})


def changes(known: dict[str, tuple[bool, int]], items: Sequence[Item], *, complete: bool) -> list[Item]:
    """What a subscriber is to be told of, as items with their event (A.2.5.7: ADD DEL UPDATE ON OFF).

    ``known`` is what it was told before (code → online, mark of the rest) and is brought up to date.
    ``items`` are those that may have changed; one with event DEL is gone. ``complete``: all there are,
    what is missing among them is gone.
    """
    told = []
    for one in items:
        if one.event == "DEL":
            if known.pop(one.code, None) is not None:
                told.append(one)
            continue
        mark = (one.online, hash(replace(one, online=True, event="")))
        before = known.get(one.code)
        known[one.code] = mark
        if before is None:
            told.append(replace(one, event="ADD"))
        elif before[1] != mark[1]:
            told.append(replace(one, event="UPDATE"))
        elif before != mark:
            told.append(replace(one, event="ON" if one.online else "OFF"))
    if complete:
        gone = known.keys() - {one.code for one in items}
        for code in sorted(gone):
            del known[code]
            told.append(Item(code, code, online=False, event="DEL"))
    return told


def recording(row: Mapping[str, Any]) -> Recording:
    """Read a recording; raises BadMessage."""
    code, size = _text(row, "DeviceID"), _text(row, "FileSize")
    if not ids.is_code(code):
        raise BadMessage(Reason.ID, code)
    start, end = read_time(_text(row, "StartTime")), read_time(_text(row, "EndTime"))
    if end < start:
        raise BadMessage(Reason.FIELD, "EndTime")
    whole = int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0
    return Recording(code, _text(row, "Name")[:_NAME], start, end, _text(row, "FilePath")[:200], whole)


def recording_row(one: Recording) -> dict[str, Node]:
    """Write a recording."""
    return {
        "DeviceID": one.code, "Name": one.name, "FilePath": one.path, "StartTime": write_time(one.start),
        "EndTime": write_time(one.end), "Secrecy": "0", "Type": "time", "FileSize": str(one.size),
    }  # fmt: skip


@dataclass(slots=True)
class Collector:
    """Gathers the parts of one many-part answer. Parts may come twice, out of order, or not at all.

    ``now`` is seconds of any steady clock; the answer is over ``patience`` seconds after the last part.
    """

    serial: int
    patience: float
    last: float
    total: int | None = None
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    limit: int = 200_000

    def take(self, part: Document, now: float, *, holder: str = "DeviceList", key: str = "DeviceID") -> bool:
        """Add a part; True when everything announced is here. Raises BadMessage for a foreign or odd part."""
        announced = part.text("SumNum", "")
        if part.serial != self.serial:
            raise BadMessage(Reason.FIELD, "SN")
        if not announced.isascii() or not announced.isdigit() or not 0 <= int(announced[:9]) <= self.limit:
            raise BadMessage(Reason.FIELD, "SumNum")
        self.total = int(announced)
        self.last = now
        for row in part.rows(holder, "Item"):
            name = "|".join(_text(row, one) for one in key.split("|"))
            if len(self.rows) < self.limit:
                self.rows[name] = row
        return self.complete

    @property
    def complete(self) -> bool:
        """Everything announced has come."""
        return self.total is not None and len(self.rows) >= self.total

    def given_up(self, now: float) -> bool:
        """Nothing came for too long."""
        return now - self.last > self.patience
