"""登记文件: the CSV of a batch of devices: its columns, its template, and what is wrong with each row."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from quancheng.capabilities.things.facts import wrong_fields
from quancheng.capabilities.things.models import Kind, Maintainer, Station
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, TooLarge

BYTES_LIMIT = 8 * 1024 * 1024
ROWS_LIMIT = 20_000
COLUMNS: dict[str, Text] = {
    "code": Text("站码", "Code"),
    "zh": Text("名称", "Name (Chinese)"),
    "en": Text("英文名称", "Name (English)"),
    "kind": Text("类别", "Kind"),
    "lon": Text("经度", "Longitude"),
    "lat": Text("纬度", "Latitude"),
    "region": Text("区划代码", "District code"),
    "department": Text("管理单位", "Department"),
    "protocol": Text("规约", "Protocol"),
    "address": Text("设备地址", "Address"),
    "maker": Text("厂商", "Maker"),
    "model": Text("型号", "Model"),
    "serial": Text("序列号", "Serial number"),
    "maintainer": Text("运维单位", "Maintainer"),
    "host": Text("搭载于", "Mounted on"),
    "installed_on": Text("安装日期", "Installed on"),
    "calibrated_on": Text("上次检定", "Calibrated on"),
    "note": Text("备注", "Note"),
}
"""Columns by name; a file may be headed by the names or by their Chinese or English labels."""
NEEDED = ("code", "zh", "en", "kind", "lon", "lat", "region", "department")
_DATES = ("installed_on", "calibrated_on")
_EXAMPLE = (
    "JN-A-901", "经十路空气微站", "Jingshi Road air station", "air", "117.0205", "36.6510", "370102",
    "jn-environment", "MQTT", "", "示例厂商", "AQ-100", "SN0001", "", "", "2026-01-15", "2026-01-15", "",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file: its facts, or what is wrong with it by column."""

    number: int
    """As a spreadsheet counts: the heading is 1."""
    facts: dict[str, Any]
    wrong: dict[str, Text]

    @property
    def code(self) -> str:
        return str(self.facts.get("code", ""))


def template(language: str) -> str:
    """The file to fill in: headings and one example row, with the mark spreadsheets need for Chinese."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([text.pick(language) for text in COLUMNS.values()])
    writer.writerow(_EXAMPLE)
    return "\ufeff" + out.getvalue()


def read(raw: bytes) -> list[Line]:
    """Every row, checked for itself, against the other rows and against the register.

    UTF-8 or GB 18030, comma or tab. Raises InvalidInput (no CSV, columns missing, empty), TooLarge.
    """
    if len(raw) > BYTES_LIMIT:
        raise TooLarge(Text("文件不能超过8 MB。", "A file may have at most 8 MB."))
    rows = _rows(text_of(raw))
    names = _names(rows[0])
    if len(rows) - 1 > ROWS_LIMIT:
        raise TooLarge(Text(f"一次最多{ROWS_LIMIT}行。", f"At most {ROWS_LIMIT} rows at once."))
    lines = [
        _line(number, names, row)
        for number, row in enumerate(rows[1:], 2)
        if any(cell.strip() for cell in row)
    ]
    if not lines:
        raise InvalidInput(Text("文件没有数据行。", "The file has no rows."))
    return _compared(lines)


def text_of(raw: bytes) -> str:
    """The text of a file in UTF-8 or GB 18030, with plain line ends; raises InvalidInput."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise InvalidInput(Text("文件不是CSV文本。", "The file is not CSV text."))


def _rows(text: str) -> list[list[str]]:
    first = text.split("\n", 1)[0]
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter="\t" if "\t" in first else ",", strict=True))
    except csv.Error as wrong:
        raise InvalidInput(Text(f"不是CSV文件：{wrong}。", f"Not a CSV file: {wrong}.")) from wrong
    if not rows or not rows[0]:
        raise InvalidInput(Text("文件是空的。", "The file is empty."))
    return rows


def _names(heading: list[str]) -> list[str]:
    known = {name: name for name in COLUMNS}
    for name, text in COLUMNS.items():
        known[text.zh] = known[text.en.lower()] = name
    names = [known.get(cell.strip().lower(), known.get(cell.strip(), "")) for cell in heading]
    missing = [COLUMNS[name] for name in NEEDED if name not in names]
    if missing:
        zh, en = "、".join(one.zh for one in missing), ", ".join(one.en for one in missing)
        raise InvalidInput(Text(f"缺少列：{zh}。", f"Columns are missing: {en}."))
    return names


def _line(number: int, names: list[str], row: list[str]) -> Line:
    facts: dict[str, Any] = {name: cell.strip() for name, cell in zip(names, row, strict=False) if name}
    wrong: dict[str, Text] = {}
    facts["kind"] = _kind(facts.get("kind", ""))
    for name in _DATES:
        raw, facts[name] = facts.get(name, ""), None
        if raw:
            try:
                facts[name] = date.fromisoformat(raw.replace("/", "-"))
            except ValueError:
                wrong[name] = Text("日期应写作2026-01-15", "Write a date as 2026-01-15")
    facts["protocol"] = (facts.get("protocol") or "SL651").upper()
    return Line(number, facts, wrong_fields(facts) | wrong)


def _kind(raw: str) -> str:
    labels = {str(kind.label): kind.value for kind in Kind} | {kind.name.lower(): kind.value for kind in Kind}
    return str(labels.get(raw) or labels.get(raw.lower()) or raw)


def _compared(lines: list[Line]) -> list[Line]:
    """Duplicates inside the file and in the register; maintainers, hosts and departments that do not exist."""
    codes = _taken(Station, "code", [line.code for line in lines])
    addresses = [str(line.facts.get("address") or "").upper() for line in lines]
    used = _taken(Station, "address", [one for one in addresses if one])
    offices = _departments({str(line.facts.get("department", "")) for line in lines})
    hosts = _taken(Station, "code", [str(line.facts.get("host") or "") for line in lines])
    firms = _taken(Maintainer, "code", [str(line.facts.get("maintainer") or "") for line in lines])
    seen: set[str] = set()
    for line, address in zip(lines, addresses, strict=True):
        wrong = line.wrong
        if line.code in codes or line.code in seen:
            wrong.setdefault("code", Text("站码已被使用", "The code is taken"))
        if address and (address in used or f"@{address}" in seen):
            wrong.setdefault("address", Text("设备地址已被使用", "The address is taken"))
        for name, known in (("department", offices), ("host", hosts), ("maintainer", firms)):
            value = str(line.facts.get(name) or "")
            if value and value not in known:
                wrong.setdefault(name, Text("查无此项", "There is no such thing"))
        seen |= {line.code, f"@{address}"}
    return lines


def _taken(model: Any, name: str, values: list[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(values), 500):
        rows = model.objects.filter(**{f"{name}__in": values[start : start + 500]})
        found |= set(rows.values_list(name, flat=True))
    return found


def _departments(codes: set[str]) -> set[str]:
    from quancheng.capabilities.people import queries as people
    from quancheng.kernel.errors import NotFound

    known = set()
    for code in codes:
        try:
            known.add(people.department(code).code)
        except NotFound:
            continue
    return known


def preview(lines: list[Line]) -> Mapping[str, int]:
    """How many rows could be registered and how many could not."""
    bad = sum(bool(line.wrong) for line in lines)
    return {"rows": len(lines), "good": len(lines) - bad, "bad": bad}
