"""预警订阅源: an Atom 1.0 feed (RFC 4287) whose entries link to CAP messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from quancheng.core.text import Text

from .model import Alert, Info
from .rules import CapError, Problem
from .xml import NAMESPACE, format_time

__all__ = ["FeedInfo", "build_feed"]

_ATOM = "http://www.w3.org/2005/Atom"
_PREFIXES: dict[Any, str] = {None: _ATOM, "cap": NAMESPACE}
_CAP_TYPE = "application/cap+xml"
_NO_ZONE = Text("更新时间须带时区", "the time of update needs a time zone")


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """The feed's own identity: a permanent IRI, its address, title, author and time."""

    id: str
    url: str
    title: str
    author: str
    updated: datetime


def _atom_time(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def _put(parent: etree._Element, name: str, text: str, namespace: str = _ATOM) -> None:
    etree.SubElement(parent, f"{{{namespace}}}{name}").text = text


def _link(parent: etree._Element, rel: str, url: str, kind: str) -> None:
    etree.SubElement(parent, f"{{{_ATOM}}}link", rel=rel, href=url, type=kind)


def build_feed(
    feed: FeedInfo,
    alerts: Iterable[Alert],
    link: Callable[[Alert], str],
    language: str = "zh",
) -> bytes:
    """Write a feed of messages, the latest first; ``link`` gives a message's address.

    Titles come from the info in the reader's language, else from the first; a message without one
    is titled by its type and identifier.
    """
    if feed.updated.utcoffset() is None:
        raise CapError((Problem("feed.updated", _NO_ZONE),))
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap=_PREFIXES)
    root.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    for name, text in (("id", feed.id), ("title", feed.title)):
        _put(root, name, text)
    _put(root, "updated", _atom_time(feed.updated))
    _author(root, feed.author)
    _link(root, "self", feed.url, "application/atom+xml")
    ordered = sorted(alerts, key=lambda a: (a.sent, a.identifier), reverse=True)
    for alert in ordered:
        _entry(root, alert, link(alert), language)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _author(parent: etree._Element, name: str) -> None:
    author = etree.SubElement(parent, f"{{{_ATOM}}}author")
    _put(author, "name", name)


def _chosen(alert: Alert, language: str) -> Info | None:
    wanted = [i for i in alert.infos if (i.language or "en-US").lower().startswith(language)]
    return next(iter([*wanted, *alert.infos]), None)


def _entry(root: etree._Element, alert: Alert, url: str, language: str) -> None:
    info = _chosen(alert, language)
    entry = etree.SubElement(root, f"{{{_ATOM}}}entry")
    _put(entry, "id", url)
    title = f"{alert.msg_type} {alert.identifier}"
    _put(entry, "title", (info.headline or info.event) if info else title)
    _put(entry, "updated", _atom_time(alert.sent))
    _put(entry, "published", _atom_time(alert.sent))
    _author(entry, (info.sender_name if info else None) or alert.sender)
    _link(entry, "alternate", url, _CAP_TYPE)
    if info:
        _put(entry, "summary", info.description or info.event)
        for category in info.categories:
            etree.SubElement(entry, f"{{{_ATOM}}}category", term=category.value)
    _put(entry, "identifier", alert.identifier, NAMESPACE)
    _put(entry, "status", alert.status, NAMESPACE)
    _put(entry, "msgType", alert.msg_type, NAMESPACE)
    if info:
        _cap_info(entry, info)


def _cap_info(entry: etree._Element, info: Info) -> None:
    _put(entry, "event", info.event, NAMESPACE)
    _put(entry, "urgency", info.urgency, NAMESPACE)
    _put(entry, "severity", info.severity, NAMESPACE)
    _put(entry, "certainty", info.certainty, NAMESPACE)
    if info.expires:
        _put(entry, "expires", format_time(info.expires), NAMESPACE)
    for area in info.areas:
        _put(entry, "areaDesc", area.description, NAMESPACE)
