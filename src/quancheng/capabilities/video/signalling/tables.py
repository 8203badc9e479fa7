"""The city's tables as the signalling sees them: actions and queries as the platform itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from quancheng.capabilities.video import actions, queries, secrets
from quancheng.capabilities.video.models import Direction, Platform
from quancheng.capabilities.video.values import CatalogReport, Change, Peer
from quancheng.core.gb28181 import presence
from quancheng.core.gb28181.catalog import Item
from quancheng.core.gb28181.manscdp import Alarm, Position
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Forbidden, NotFound, Unavailable

_CHUNK = 2000
_SETTLING = timedelta(minutes=1)
"""Longer than any transaction that writes configuration may take."""


class CityTables:
    """Implements ``recorder.Tables``."""

    def __init__(self) -> None:
        self._settled: datetime | None = None
        """The newest moment of configuration, read again after whoever wrote at that moment must have
        committed: a city brings in 150,000 peers at one, and they are not read every few seconds for ever."""

    def peers(self, since: datetime | None) -> tuple[list[Peer], datetime | None]:
        """Peers configured since a moment (the moment included: two changes may share it)."""
        rows = Platform.objects.exclude(direction=Direction.ANALYSER)
        if since is not None:
            again = since != self._settled
            rows = rows.filter(configured_at__gte=since) if again else rows.filter(configured_at__gt=since)
            if clock.now() - since > _SETTLING:
                self._settled = since
        found, newest = [], since
        for row in rows.iterator(chunk_size=_CHUNK):
            newest = row.configured_at if newest is None else max(newest, row.configured_at)
            found.append(_peer(row))
        return found, newest

    def settings(self) -> presence.Settings:
        """Dated parameters of today."""
        number = {name: rulebook.find(f"video.{name}").number() for name in (
            "keepalive_seconds", "missed_limit", "flap_window_seconds", "flap_limit", "flap_hold_seconds")}  # fmt: skip
        return presence.Settings(
            number["keepalive_seconds"], int(number["missed_limit"]), number["flap_window_seconds"],
            int(number["flap_limit"]), number["flap_hold_seconds"],
        )  # fmt: skip

    def changes(self, changes: Sequence[Change]) -> int:
        return sum(
            actions.record_changes(Call.system("video"), changes=changes[at : at + _CHUNK])
            for at in range(0, len(changes), _CHUNK)
        )

    def catalog(self, platform: str, items: Sequence[Item], complete: bool) -> CatalogReport:
        return actions.apply_catalog(Call.system("video"), platform=platform, items=items, complete=complete)

    def alarm(self, peer: str, alarm: Alarm) -> None:
        actions.receive_alarm(Call.system("video"), peer=peer, alarm=alarm)

    def conflict(self, code: str, holder: str, claimant: str) -> None:
        actions.note_conflict(Call.system("video"), code=code, holder=holder, claimant=claimant)

    def shared(self, platform: str) -> list[Item]:
        return queries.shared_items(platform)

    def open_upper(self, platform: str, camera: str, kind: str) -> tuple[int, str, float]:
        made = actions.open_upper_session(Call.system("video"), platform=platform, camera=camera, kind=kind)
        return made.pk, queries.peer_of(made.camera.code), made.until.timestamp()

    def upper_may(self, platform: str, camera: str) -> str:
        """The peer of a camera an upper platform may watch now; raises NotFound, Forbidden."""
        if not any(one.code == camera for one in queries.shared_items(platform)):
            raise NotFound()
        row = Platform.objects.get(code=platform)
        if row.may_play_until is None or row.may_play_until <= clock.now():
            raise Forbidden()
        return queries.peer_of(camera)

    def started(self, session: int, urls: dict[str, str]) -> None:
        actions.session_started(Call.system("video"), session=session, urls=urls)

    def ended(self, session: int, reason: str, failed: bool) -> None:
        actions.end_session(Call.system("video"), session=session, reason=reason, failed=failed)

    def online(self) -> list[str]:
        """Who the city believes to be there; simulated peers never speak and are left as they are."""
        rows = Platform.objects.filter(online=True, simulated=False).exclude(direction=Direction.ANALYSER)
        return list(rows.values_list("code", flat=True))

    def position(self, peer: str, position: Position) -> None:
        actions.receive_position(Call.system("video"), peer=peer, position=position)

    def shared_since(self, platform: str, since: datetime | None) -> tuple[list[Item], datetime | None]:
        return queries.shared_since(platform, since)

    def restarted(self) -> int:
        return actions.end_stale_sessions(Call.system("video"), everything=True)


def _peer(row: Platform) -> Peer:
    password, enabled = "", row.enabled
    if row.direction == Direction.UPPER:
        try:
            password = secrets.unseal(row.sealed)
        except Unavailable:
            enabled = False
    return Peer(
        row.code, row.direction, {"MD5": row.key_md5, "SHA-256": row.key_sha256}, row.host, row.port, row.transport,
        row.realm, password, enabled,
    )  # fmt: skip
