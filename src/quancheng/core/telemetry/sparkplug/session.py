"""会话 (§5、§6.4.23 以后): what a host keeps of an edge node, as a pure function of what came.

A birth names every metric with its type and an alias; data may then send aliases only. The sequence
number runs 0–255 over everything a node sends. What this refuses, and asks a rebirth for: data of a
node or device that was not born, a gap in the sequence (a birth may have been lost with new aliases,
so aliases are not to be trusted), an alias nobody named. A death whose ``bdSeq`` is not that of the
present birth belongs to an older connection and is passed over (§6.4.25).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from quancheng.core.text import Text

from ..reading import Quality, Reading
from ..refusal import FrameRefused, Reason
from .payload import DataType, Metric, Payload, encode, typed

__all__ = [
    "REBIRTH",
    "Effect",
    "Kind",
    "Known",
    "Node",
    "Topic",
    "guess",
    "parse_topic",
    "readings",
    "rebirth_command",
    "receive",
]

NAMESPACE = "spBv1.0"
REBIRTH = "Node Control/Rebirth"
BD_SEQ = "bdSeq"
ONLINE = "online"
_CYCLE = 256
_MILLI = 1000
_FIRST, _LAST = 946_684_800_000, 4_102_444_800_000
_STALE_CODE, _GOOD_CODE = 500, 192
_MISSING, _STALE, _FAULT = int(Quality.MISSING), int(Quality.STALE), int(Quality.FAULT)


class Kind(StrEnum):
    """消息类型 (§4.1): who was born, sent data or died; N an edge node, D a device behind it."""

    NBIRTH = "NBIRTH"
    NDATA = "NDATA"
    NDEATH = "NDEATH"
    DBIRTH = "DBIRTH"
    DDATA = "DDATA"
    DDEATH = "DDEATH"

    @property
    def device(self) -> bool:
        """Whether it is about a device behind a node."""
        return self.value[0] == "D"


@dataclass(frozen=True, slots=True)
class Topic:
    """主题: ``spBv1.0/group/kind/node[/device]``."""

    group: str
    kind: Kind
    node: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What a birth said of a metric."""

    name: str
    datatype: int
    unit: str


_Book = Mapping[str, Known]


@dataclass(frozen=True, slots=True)
class Node:
    """节点状态: born or not, its session's ``bdSeq``, the last sequence number and who was named.

    ``books`` holds, for the node ("") and each device that was born, its metrics by name; ``aliases``
    the names by alias, which are unique over the whole node (§6.4.7).
    """

    born: bool = False
    bd_seq: int | None = None
    seq: int | None = None
    books: Mapping[str, _Book] = field(default_factory=dict)
    aliases: Mapping[int, tuple[str, Known]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect:
    """结果: readings to keep, whether to ask for a rebirth, and why the message was not taken."""

    readings: tuple[Reading, ...] = ()
    rebirth: bool = False
    refused: Text | None = None
    reason: Reason = Reason.SEQUENCE


def parse_topic(topic: str) -> Topic:
    """Read a Sparkplug topic of data; commands and STATE are not for a host to receive."""
    parts = topic.split("/")
    try:
        kind = Kind(parts[2])
    except (IndexError, ValueError) as error:
        raise FrameRefused(Reason.ADDRESS, topic[:80]) from error
    if parts[0] != NAMESPACE or not all(parts) or len(parts) != (5 if kind.device else 4):
        raise FrameRefused(Reason.ADDRESS, topic[:80])
    return Topic(parts[1], kind, parts[3], parts[4] if kind.device else "")


def guess(payload: Payload) -> Kind:
    """The kind of a node's own message whose topic is not known: bdSeq and seq tell."""
    if any(metric.name == BD_SEQ for metric in payload.metrics):
        return Kind.NBIRTH if payload.seq is not None else Kind.NDEATH
    return Kind.NDATA


def receive(node: Node, kind: Kind, payload: Payload, device: str = "") -> tuple[Node, Effect]:
    """Take one message of a node; raises :class:`FrameRefused` only for one that makes no sense alone."""
    if kind is Kind.NBIRTH:
        return _node_birth(payload)
    if kind is Kind.NDEATH:
        return _node_death(node, payload)
    if payload.seq is None or not 0 <= payload.seq < _CYCLE:
        raise FrameRefused(Reason.SEQUENCE, f"seq {payload.seq}")
    if not node.born or node.seq is None:
        return node, Effect(rebirth=True, refused=Text("节点未上线", "the node was not born"))
    if payload.seq != (node.seq + 1) % _CYCLE:
        # until the next birth: a birth that was lost may have given the aliases new names
        lost = replace(node, born=False, seq=None)
        gap = Text(f"序号 {node.seq} 之后是 {payload.seq}", f"seq {payload.seq} after {node.seq}")
        return lost, Effect(rebirth=True, refused=gap)
    node = replace(node, seq=payload.seq)
    if kind is Kind.DBIRTH:
        return _device_birth(node, payload, device)
    if device not in node.books:
        unborn = Text(f"设备 {device[:40]} 未上线", f"device {device[:40]} was not born")
        return node, Effect(rebirth=True, refused=unborn)
    if kind is Kind.DDEATH:
        return _device_death(node, payload, device)
    return _data(node, payload, device)


def _bd_seq(payload: Payload) -> int:
    for metric in payload.metrics:
        if metric.name == BD_SEQ and isinstance(metric.value, int):
            return metric.value
    raise FrameRefused(Reason.SEQUENCE, Text("缺 bdSeq", "no bdSeq"))


def _prefix(device: str) -> str:
    return f"{device}/" if device else ""


def _online(device: str, online: bool, timestamp: int | None) -> Reading:
    return Reading(_prefix(device) + ONLINE, online, "", _micros(timestamp, None))


def _book(payload: Payload) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for metric in payload.metrics:
        if metric.name is None or not metric.datatype:
            raise FrameRefused(
                Reason.FIELD,
                Text(
                    f"上线消息须写明每个测点的名称和类型：{metric.name}",
                    f"a birth names every metric and its type: {metric.name}",
                ),
            )
        if metric.name in found:
            raise FrameRefused(Reason.FIELD, Text(f"{metric.name[:60]} 重复", f"{metric.name[:60]} twice"))
        found[metric.name] = Known(metric.name, metric.datatype, metric.unit or "")
    return found


def _aliases(payload: Payload, device: str, book: _Book) -> dict[int, tuple[str, Known]]:
    named = [metric for metric in payload.metrics if metric.alias is not None and metric.name is not None]
    found = {m.alias: (device, book[m.name]) for m in named if m.alias is not None and m.name is not None}
    if len(found) != len(named):
        raise FrameRefused(Reason.FIELD, Text("一个别名对应两个测点", "an alias stands for two metrics"))
    return found


def _node_birth(payload: Payload) -> tuple[Node, Effect]:
    if payload.seq is None or not 0 <= payload.seq < _CYCLE:
        raise FrameRefused(Reason.SEQUENCE, f"seq {payload.seq}")
    book = _book(payload)
    aliases = _aliases(payload, "", book)
    node = Node(True, _bd_seq(payload), payload.seq, {"": book}, aliases)
    found = _readings(payload, "", node)
    return node, Effect((_online("", True, payload.timestamp), *found))


def _device_birth(node: Node, payload: Payload, device: str) -> tuple[Node, Effect]:
    if not device:
        raise FrameRefused(Reason.ADDRESS, Text("设备上线消息缺设备名", "a device birth without device"))
    book = _book(payload)
    kept = {alias: row for alias, row in node.aliases.items() if row[0] != device}
    new = _aliases(payload, device, book)
    if kept.keys() & new.keys():
        raise FrameRefused(
            Reason.FIELD, Text("别名已属节点的另一设备", "an alias of another device of the node")
        )
    node = replace(node, books={**node.books, device: book}, aliases={**kept, **new})
    found = _readings(payload, device, node)
    return node, Effect((_online(device, True, payload.timestamp), *found))


def _device_death(node: Node, payload: Payload, device: str) -> tuple[Node, Effect]:
    books = {name: book for name, book in node.books.items() if name != device}
    aliases = {alias: row for alias, row in node.aliases.items() if row[0] != device}
    found = _online(device, False, payload.timestamp)
    return replace(node, books=books, aliases=aliases), Effect((found,))


def _node_death(node: Node, payload: Payload) -> tuple[Node, Effect]:
    if _bd_seq(payload) != node.bd_seq:
        return node, Effect()
    devices = sorted(name for name in node.books if name)
    found = [_online(name, False, payload.timestamp) for name in ("", *devices)]
    return Node(bd_seq=node.bd_seq), Effect(tuple(found))


def _data(node: Node, payload: Payload, device: str) -> tuple[Node, Effect]:
    """Data that cannot be read are refused, but their number counts: the next one makes no gap."""
    try:
        return node, Effect(_readings(payload, device, node))
    except FrameRefused as refused:
        unborn = refused.reason is Reason.SEQUENCE
        return node, Effect(rebirth=unborn, refused=refused.found, reason=refused.reason)


def _known(metric: Metric, device: str, node: Node) -> Known:
    """What was said of the metric at birth; one that tells its own name and type needs none."""
    if metric.name is not None:
        known = node.books.get(device, {}).get(metric.name)
        if known is None and metric.datatype:
            return Known(metric.name, metric.datatype, metric.unit or "")
    else:
        owner, known = node.aliases.get(metric.alias if metric.alias is not None else -1, ("", None))
        known = known if owner == device else None
    if known is None:
        raise FrameRefused(
            Reason.SEQUENCE,
            Text(
                f"测点 {metric.name or metric.alias} 未曾上线",
                f"metric {metric.name or metric.alias} was not born",
            ),
        )
    return known


def _readings(payload: Payload, device: str, node: Node) -> tuple[Reading, ...]:
    found = []
    for metric in payload.metrics:
        known = _known(metric, device, node)
        if known.name == BD_SEQ or (not device and known.name.startswith("Node Control/")):
            continue
        reading = _reading(metric, known, device, payload.timestamp)
        if reading is not None:
            found.append(reading)
    return tuple(found)


def _reading(metric: Metric, known: Known, device: str, timestamp: int | None) -> Reading | None:
    name, unit = _prefix(device) + known.name, metric.unit or known.unit
    time = _micros(metric.timestamp, timestamp)
    quality = _quality(metric)
    value = typed(metric.datatype or known.datatype, metric.carrier, metric.value)
    if metric.null or (value is None and isinstance(metric.value, float)):
        return Reading(name, None, unit, time, quality | _MISSING)
    if value is None or isinstance(value, bytes):
        # data sets, templates, arrays and files hold no single reading
        return None
    if (metric.datatype or known.datatype) == DataType.DATETIME:
        value = _moment(int(value))
    return Reading(name, float(value) if type(value) is int else value, unit, time, quality)


def _quality(metric: Metric) -> int:
    if metric.quality is None or metric.quality == _GOOD_CODE:
        return 0
    return _STALE if metric.quality == _STALE_CODE else _FAULT


def _moment(milliseconds: int) -> str:
    if not 0 <= milliseconds < _LAST:
        raise FrameRefused(Reason.TIME, f"{milliseconds}")
    return datetime.fromtimestamp(milliseconds / _MILLI, UTC).isoformat()


def _micros(metric: int | None, payload: int | None) -> int | None:
    milliseconds = metric if metric is not None else payload
    if milliseconds is None:
        return None
    if not _FIRST <= milliseconds < _LAST:
        raise FrameRefused(Reason.TIME, f"{milliseconds}")
    return milliseconds * _MILLI


def readings(payload: Payload) -> tuple[Reading, ...]:
    """The readings of a payload that explains itself: every metric with name and type."""
    return _readings(payload, "", Node(books=MappingProxyType({})))


def rebirth_command(group: str, node: str, timestamp: int) -> tuple[str, bytes]:
    """Topic and payload of the command that asks a node to be born again (§6.4.17); ms since 1970."""
    metric = Metric(REBIRTH, timestamp=timestamp, datatype=DataType.BOOLEAN, value=True)
    return f"{NAMESPACE}/{group}/NCMD/{node}", encode(Payload(timestamp, (metric,)))
