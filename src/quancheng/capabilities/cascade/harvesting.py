"""采集外部目录: a round reads a portal page by page; what a whole round did not see is withdrawn.

Each page and the place after it are kept in one transaction: a round that is cut goes on where it stopped. A
round that would withdraw more than half is held: an empty portal is more often broken than empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from quancheng.capabilities.cascade.harvest_client import Dataset, HarvestFailed, Page, fetch_ckan, fetch_dcat
from quancheng.capabilities.cascade.hearing import publish
from quancheng.capabilities.cascade.models import Feed, FeedItem
from quancheng.capabilities.cascade.network import own_name
from quancheng.core.cascade import Edit, Remove, RowId, Stream, StreamKind, Upsert
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = ["add_feed", "harvest", "keep_page", "stream_of_feed", "switch_feed"]

FEW = 10
"""So many may always be withdrawn at once."""


def stream_of_feed(feed: Feed) -> Stream:
    """The stream that the datasets of a portal become."""
    return Stream(StreamKind.CATALOGUE, f"harvest.{feed.code}")


@action("cascade.feed.add")
def add_feed(
    call: Call, *, code: str, zh: str, kind: str, address: str, region: str = "", simulated: bool = False
) -> Feed:
    """登记目录来源. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "manage", Feed)
    wrong: dict[str, Text] = {}
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,59}", code):
        wrong["code"] = Text("代码为小写字母、数字和横线。", "A code has small letters, digits and dashes.")
    if not zh.strip():
        wrong["zh"] = Text("请填写中文名称。", "Give the Chinese name.")
    if kind not in Feed.Kind.values:
        wrong["kind"] = Text("请选择接口。", "Choose the interface.")
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
        wrong["address"] = Text("地址以 https:// 开头。", "An address begins with https://.")
    if wrong:
        raise InvalidInput(fields=wrong)
    if Feed.objects.filter(code=code).exists():
        raise Conflict(Text(f"来源 {code} 已登记。", f"The source {code} is registered."))
    feed: Feed = Feed.objects.create(
        code=code, zh=zh.strip(), kind=kind, address=address.strip(), region=region, simulated=simulated
    )
    audit.note(feed=code, address=address)
    return feed


@action("cascade.feed.switch", idempotent=False)
def switch_feed(call: Call, *, feed: Feed, active: bool) -> Feed:
    """启用或停用目录来源. Raises Forbidden."""
    access.require(call.actor, "manage", feed)
    feed.active = active
    feed.save(update_fields=["active"])
    audit.note(feed=feed.code, active=active)
    return feed


def harvest(feed: Feed, call: Callable[[], Call], alive: Callable[[], None] = lambda: None) -> Feed:
    """One round, or the rest of one that was cut; a fault is kept with the feed."""
    fetch = {Feed.Kind.CKAN: fetch_ckan, Feed.Kind.DCAT: fetch_dcat}[Feed.Kind(feed.kind)]
    while True:
        try:
            page = fetch(feed.address, feed.place.get("next"))
        except HarvestFailed as broken:
            return keep_page(call(), feed=feed, page=None, fault=str(broken))
        feed = keep_page(call(), feed=feed, page=page)
        alive()
        if page.next is None:
            return feed


@action("cascade.feed.page", idempotent=False)
def keep_page(call: Call, *, feed: Feed, page: Page | None, fault: str = "") -> Feed:
    """收下一页: new and changed datasets go into the stream; after the last page the unseen are withdrawn.

    ``page`` None keeps the fault only; the place stays, so the next try goes on there. Raises Forbidden.
    """
    access.require(call.actor, "manage", Feed)
    feed = Feed.objects.select_for_update().get(pk=feed.pk)
    feed.fault = fault[:300]
    if page is not None:
        if not feed.place:
            feed.run, feed.changed, feed.removed, feed.refused = feed.run + 1, 0, 0, 0
        _keep(call, feed, page)
        feed.place = (
            {"next": page.next, "seen": feed.place.get("seen", 0) + len(page.datasets)} if page.next else {}
        )
        if page.next is None:
            _finish(call, feed, page)
    feed.save()
    audit.note(feed=feed.code, run=feed.run, fault=fault[:100])
    return feed


def _keep(call: Call, feed: Feed, page: Page) -> None:
    feed.refused += page.refused
    keys = [one.key for one in page.datasets]
    known = dict(FeedItem.objects.filter(feed=feed, key__in=keys).values_list("key", "digest"))
    changed = [one for one in page.datasets if known.get(one.key) != one.digest()]
    edits: list[Edit] = [_upsert(feed, one) for one in changed]
    if edits:
        publish(call, stream=stream_of_feed(feed), edits=edits)
    FeedItem.objects.bulk_create(
        [FeedItem(feed=feed, key=one.key, digest=one.digest(), seen=feed.run) for one in page.datasets],
        update_conflicts=True, unique_fields=["feed", "key"], update_fields=["digest", "seen"],
    )  # fmt: skip
    feed.changed += len(changed)


def _upsert(feed: Feed, dataset: Dataset) -> Upsert:
    return Upsert(RowId(own_name(), f"{feed.code}:{dataset.key}"), feed.region, "", dataset.body())


def _finish(call: Call, feed: Feed, page: Page) -> None:
    items = FeedItem.objects.filter(feed=feed)
    gone = list(items.filter(seen__lt=feed.run).values_list("key", flat=True))
    known = items.count()
    seen = known - len(gone)
    feed.theirs = page.total if page.total is not None else seen + feed.refused
    if len(gone) > FEW and len(gone) * 2 > known:
        feed.fault = f"本轮将撤销 {len(gone)}/{known} 条，已暂缓，请核对 {len(gone)} of {known} would be withdrawn: held"
    elif gone:
        edits: list[Edit] = [Remove(RowId(own_name(), f"{feed.code}:{key}")) for key in gone]
        publish(call, stream=stream_of_feed(feed), edits=edits)
        items.filter(seen__lt=feed.run).delete()
        feed.removed = len(gone)
    feed.ours = items.count()
    feed.finished_at = call.at
    data = {"changed": feed.changed, "removed": feed.removed, "theirs": feed.theirs, "ours": feed.ours}
    events.emit("cascade.feed.harvested", feed.code, data)
