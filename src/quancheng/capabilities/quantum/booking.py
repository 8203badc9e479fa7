"""How reports become rows: which kind of event a new session is, what a link's state says then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from quancheng.capabilities.quantum.models import Link, LinkEvent, QkdLap
from quancheng.capabilities.quantum.values import Lap, SessionOpened
from quancheng.core.linkkey import Strength
from quancheng.core.text import Text
from quancheng.kernel import rulebook
from quancheng.kernel.errors import InvalidInput

__all__ = ["add_laps", "address_of", "check_addresses", "establish", "kind_of", "note"]


def note(
    row: Link,
    kind: LinkEvent.Kind,
    at: datetime,
    strength: str = "",
    reason: str = "",
    session: str = "",
) -> LinkEvent:
    """One event of a link."""
    made: LinkEvent = LinkEvent.objects.create(
        link=row, kind=kind, at=at, strength=strength, reason=reason[:200], session=session
    )
    return made


def kind_of(row: Link, opened: SessionOpened) -> LinkEvent.Kind:
    """A fallback is told once, as is coming back; between them sessions of one strength are rekeyings."""
    full = opened.strength is Strength.FULL
    if not full:
        return LinkEvent.Kind.REKEYED if row.state == Link.State.FALLBACK else LinkEvent.Kind.FALLBACK
    if row.state == Link.State.OPEN:
        return LinkEvent.Kind.REKEYED
    return LinkEvent.Kind.RESTORED if row.state == Link.State.FALLBACK else LinkEvent.Kind.OPENED


def establish(row: Link, opened: SessionOpened) -> None:
    """The link as the session makes it."""
    full = opened.strength is Strength.FULL
    if row.state not in (Link.State.OPEN, Link.State.FALLBACK):
        row.opened_at = opened.at
    row.state = Link.State.OPEN if full else Link.State.FALLBACK
    row.strength, row.away, row.session = str(opened.strength), opened.away[:40], opened.session
    row.rekeyed_at = opened.at
    row.save()


def add_laps(row: Link, laps: Sequence[Lap]) -> None:
    """New rounds only; the oldest go when there are more than the rule keeps."""
    QkdLap.objects.bulk_create(
        [
            QkdLap(
                link=row,
                number=lap.number,
                at=lap.at,
                qber=lap.qber,
                outcome=lap.outcome,
                secret_bits=lap.secret_bits,
            )
            for lap in laps
        ],
        ignore_conflicts=True,
    )
    most = rulebook.find("quantum.laps_kept").integer()
    rows = QkdLap.objects.filter(link=row).order_by("-at", "-pk")
    edge = rows.values_list("at", flat=True)[most : most + 1].first()
    if edge is not None:
        QkdLap.objects.filter(link=row, at__lte=edge).delete()


def address_of(text: str) -> tuple[str, int]:
    """``host:port``. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(text)
    return host.strip("[]"), int(port)


def check_addresses(address: str, kme_url: str, identity: str, peer: str) -> None:
    """Raises InvalidInput that says what to write where."""
    fields: dict[str, Text] = {}
    try:
        if address:
            address_of(address)
    except ValueError:
        fields["address"] = Text(
            "请写成 主机:端口，例如 10.1.2.3:8472。", "Write host:port, such as 10.1.2.3:8472."
        )
    if kme_url and urlsplit(kme_url).scheme != "https":
        fields["kme_url"] = Text(
            "密钥管理机地址须以 https:// 开头。", "A key manager's address begins with https://."
        )
    if kme_url and not (identity and peer):
        said = Text(
            "接入量子密钥须填写两端的应用标识。", "With a key manager both application IDs are needed."
        )
        fields["kme_identity" if not identity else "kme_peer"] = said
    if fields:
        raise InvalidInput(fields=fields)
