"""Reads of video, always from what the asker may see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Substr

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.video.models import (
    Camera,
    Conflict,
    Kind,
    Platform,
    PlayRequest,
    PlaySession,
    Status,
    StatusChange,
    VideoEvent,
)
from quancheng.capabilities.video.values import Coverage
from quancheng.core.gb28181.catalog import Item
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

LAYER_LIMIT = 5000
_PTZ = {Kind.DOME: 1, Kind.HALF_DOME: 2, Kind.FIXED: 3, Kind.TOWER: 1, Kind.OTHER: 0}


def cameras(
    actor: Actor,
    *,
    text: str = "",
    region: str = "",
    status: str = "",
    kind: str = "",
    smart: str = "",
    platform: str = "",
) -> QuerySet[Camera]:
    """Cameras the actor may see, narrowed; removed ones only when asked for."""
    found = access.visible(actor, Camera)
    found = found.filter(status=status) if status else found.exclude(status=Status.REMOVED)
    if kind:
        found = found.filter(kind=kind)
    if region:
        found = found.filter(people.in_region(region, "region"))
    if smart:
        found = found.filter(smart=smart == "yes")
    if platform:
        found = found.filter(platform__code=platform)
    if words := text.strip():
        found = found.filter(
            Q(name__icontains=words) | Q(code__startswith=words) | Q(address__icontains=words)
        )
    return found


def camera(actor: Actor, code: str) -> Camera:
    """One camera; raises NotFound when there is none or the actor may not see it."""
    found = access.visible(actor, Camera).filter(code=code).select_related("platform", "owner").first()
    if found is None:
        raise NotFound(Text(f"没有摄像机{code[:20]}。", f"There is no camera {code[:20]}."))
    return found


def counts(found: QuerySet[Camera]) -> dict[str, int]:
    """How many cameras of each state."""
    numbers = dict(found.order_by().values_list("status").annotate(number=Count("pk")))
    return {status: numbers.get(status, 0) for status in Status.values}


def stamp() -> tuple[int, datetime | None, datetime | None]:
    """What changes whenever a map of cameras would."""
    row = Camera.objects.aggregate(number=Count("pk"), status=Max("status_at"), changed=Max("changed_at"))
    return row["number"], row["status"], row["changed"]


def layer(
    actor: Actor, *, box: tuple[float, float, float, float] | None = None, region: str = ""
) -> dict[str, Any]:
    """Cameras of a window of the map as GeoJSON, at most 5,000; ``truncated`` says when there are more."""
    found = cameras(actor, region=region).exclude(lon=None)
    if box is not None:
        found = found.filter(lon__gte=box[0], lat__gte=box[1], lon__lte=box[2], lat__lte=box[3])
    rows = list(found.order_by("code")[: LAYER_LIMIT + 1])
    features = [
        {
            "type": "Feature", "id": one.pk,
            "geometry": {"type": "Point", "coordinates": [one.lon, one.lat]},
            "properties": {
                "code": one.code, "name": one.name, "kind": one.kind, "kind_label": str(Kind(one.kind).label),
                "status": one.status, "status_label": str(Status(one.status).label), "region": one.region,
                "smart": one.smart, "level": 2 if one.status == Status.OFFLINE else None,
                "simulated": one.simulated, "url": one.get_absolute_url(),
            },
        }
        for one in rows[:LAYER_LIMIT]
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features, "truncated": len(rows) > LAYER_LIMIT}


def history(found: Camera, limit: int = 20) -> QuerySet[StatusChange]:
    """When a visible camera went on and off, newest first."""
    return StatusChange.objects.filter(camera=found).order_by("-at", "-pk")[:limit]


def requests(actor: Actor, *, state: str = "", camera: str = "") -> QuerySet[PlayRequest]:
    """Requests the actor may see."""
    found = access.visible(actor, PlayRequest).select_related("camera")
    if state:
        found = found.filter(state=state)
    return found.filter(camera__code=camera) if camera else found


def request(actor: Actor, pk: int) -> PlayRequest:
    """One request; raises NotFound."""
    found = requests(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound(Text(f"没有申请{pk}。", f"There is no request {pk}."))
    return found


def sessions(actor: Actor, *, live: bool = False, camera: str = "") -> QuerySet[PlaySession]:
    """Plays the actor may see; ``live``: those that run."""
    found = access.visible(actor, PlaySession).select_related("camera", "platform")
    if live:
        found = found.filter(state__in=[PlaySession.State.STARTING, PlaySession.State.PLAYING])
    return found.filter(camera__code=camera) if camera else found


def session(actor: Actor, pk: int) -> PlaySession:
    """One play; raises NotFound."""
    found = sessions(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound(Text(f"没有播放会话{pk}。", f"There is no session {pk}."))
    return found


def platforms(actor: Actor, *, direction: str = "", text: str = "") -> QuerySet[Platform]:
    """Peers the actor may see."""
    found = access.visible(actor, Platform)
    if direction:
        found = found.filter(direction=direction)
    if words := text.strip():
        found = found.filter(Q(name__icontains=words) | Q(code__startswith=words))
    return found


def platform(actor: Actor, code: str) -> Platform:
    """One peer; raises NotFound."""
    found = access.visible(actor, Platform).filter(code=code).select_related("owner").first()
    if found is None:
        raise NotFound(Text(f"没有对端{code[:20]}。", f"There is no peer {code[:20]}."))
    return found


def conflicts(actor: Actor) -> QuerySet[Conflict]:
    """Codes that two claim."""
    return access.visible(actor, Conflict)


def events(actor: Actor, *, camera: str = "", kind: str = "") -> QuerySet[VideoEvent]:
    """Sightings the actor may see."""
    found = access.visible(actor, VideoEvent).select_related("camera")
    if camera:
        found = found.filter(camera__code=camera)
    return found.filter(kind=kind) if kind else found


# -- the platform's own reads -----------------------------------------------------------------
def coverage() -> list[Coverage]:
    """覆盖指标 by district: networked (joined by signalling), online, smart, and key public areas."""
    joined = ~Q(status=Status.PLANNED)
    rows = (
        Camera.objects.exclude(status=Status.REMOVED)
        .annotate(district=Substr("region", 1, 6))
        .order_by("district")
        .values("district")
        .annotate(
            total=Count("pk"),
            networked=Count("pk", filter=joined),
            online=Count("pk", filter=Q(status=Status.ONLINE)),
            smart=Count("pk", filter=joined & Q(smart=True)),
            key_total=Count("pk", filter=Q(key_area=True)),
            key_networked=Count("pk", filter=joined & Q(key_area=True)),
        )
    )
    return [
        Coverage(row["district"], row["total"], row["networked"], row["online"], row["smart"], row["key_total"],
                 row["key_networked"])
        for row in rows
    ]  # fmt: skip


def peer_of(camera: str) -> str:
    """The code of the peer that speaks for a camera; raises NotFound."""
    found = (
        Camera.objects.filter(code=camera)
        .exclude(platform=None)
        .values_list("platform__code", flat=True)
        .first()
    )
    if found is None:
        raise NotFound(Text(f"没有摄像机{camera[:20]}。", f"There is no camera {camera[:20]}."))
    return str(found)


def shared_items(upper: str) -> list[Item]:
    """What an upper platform is told of: the cameras of its region, joined ones only."""
    peer = Platform.objects.filter(code=upper, enabled=True).first()
    if peer is None or not peer.share_region:
        return []
    rows = Camera.objects.filter(region__startswith=peer.share_region, platform__isnull=False)
    rows = rows.exclude(status__in=[Status.REMOVED, Status.PLANNED]).order_by("code")
    return [_item(one) for one in rows.iterator(chunk_size=2000)]


def shared_since(upper: str, since: datetime | None) -> tuple[list[Item], datetime | None]:
    """What an upper platform may know and that changed since a moment (event DEL: gone); None: all there is.

    With the newest change of all cameras, to begin from the next time.
    """
    _, status, changed = stamp()
    newest = max((one for one in (status, changed) if one is not None), default=None)
    if since is None:
        return shared_items(upper), newest
    peer = Platform.objects.filter(code=upper, enabled=True).first()
    if peer is None or not peer.share_region:
        return [], newest
    rows = Camera.objects.filter(region__startswith=peer.share_region, platform__isnull=False)
    rows = rows.filter(Q(status_at__gte=since) | Q(changed_at__gte=since)).exclude(status=Status.PLANNED)
    return [_item(one) for one in rows.order_by("code").iterator(chunk_size=2000)], newest


def _item(one: Camera) -> Item:
    return Item(
        code=one.code, name=one.name, online=one.status == Status.ONLINE, civil=one.region, address=one.address,
        lon=one.lon, lat=one.lat, ptz=_PTZ[Kind(one.kind)], event="DEL" if one.status == Status.REMOVED else "",
    )  # fmt: skip
