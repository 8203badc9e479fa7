"""签发与停用: makes credentials of people, and marks them stopped. Called by actions only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from django.db.models import QuerySet
from django.utils.safestring import SafeString, mark_safe

from quancheng.capabilities.code import issuers
from quancheng.capabilities.code.models import Credential, Device
from quancheng.capabilities.code.statuses import fresh_index
from quancheng.capabilities.code.vocabulary import Entitlement, Scene, entitlements, mask_for
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.trust import queries as trust
from quancheng.core import citycode
from quancheng.core.keys import from_jwk
from quancheng.kernel import clock, rulebook
from quancheng.kernel.secrets import load_or_make_secret


def mint_for_phone(
    device: Device, wanted: Sequence[Scene], at: datetime, until: datetime
) -> tuple[bytes, ...]:
    """A credential for each scene, each with its own name and status index, so that scenes cannot be joined."""
    person, key, rights = device.person, from_jwk(device.public), rights_of(device.person)
    signer, rows, tokens = issuers.signer(), [], []
    for scene, index in zip(wanted, _indexes(len(wanted), at), strict=True):
        facts = citycode.Facts(
            subject=_name(person.pk, scene.code, at),
            issued=int(at.timestamp()),
            expires=int(until.timestamp()),
            level=device.level,
            entitlements=mask_for(scene, rights),
            scenes=scene.mask,
            status_index=index,
            device=key,
        )
        token = citycode.issue(facts, signer)
        rows.append(_row(person.pk, device.pk, facts, token, at, until))
        tokens.append(token)
    Credential.objects.bulk_create(rows)
    return tuple(tokens)


def mint_printed(person: Any, mask: int, at: datetime, until: datetime) -> tuple[Credential, bytes]:
    """A printed code's credential: its scenes in one, and only the rights a printed code may carry."""
    carried = sum(1 << one.bit for one in entitlements() if one.printed)
    facts = citycode.Facts(
        subject=_name(person.pk, "printed", at),
        issued=int(at.timestamp()),
        expires=int(until.timestamp()),
        level=1,
        entitlements=rights_of(person) & carried,
        scenes=mask,
        status_index=_indexes(1, at)[0],
        kind=citycode.Kind.PRINTED,
    )
    token = citycode.issue(facts, issuers.signer())
    row = _row(person.pk, None, facts, token, at, until)
    row.save()
    return row, token


def stop(rows: QuerySet[Any], at: datetime, why: str) -> int:
    """停用: these credentials are in the next status list. Returns how many were live."""
    live = rows.filter(revoked_at=None, expires_at__gt=at)
    return live.update(revoked_at=at, why=why)


def rights_of(person: Any) -> int:
    """The entitlement bits of a person today."""
    held = trust.held_types(person_id=person.pk)
    return sum(1 << one.bit for one in entitlements() if _has(one, person, held))


def _has(one: Entitlement, person: Any, held: Any) -> bool:
    match one.source:
        case "age_from":
            return people.age_of(person.birth_date) >= rulebook.find(one.value).integer()
        case "age_below":
            return people.age_of(person.birth_date) < rulebook.find(one.value).integer()
        case "licence":
            return one.value in held
        case "region":
            return str(person.region_code).startswith(one.value)
    raise ValueError(f"entitlement {one.code} has no source {one.source!r}")


def code_text(token: bytes) -> SafeString:
    """The QR code of a printed token, as SVG."""
    drawn = segno.make(citycode.printed(token), error="m", mode="alphanumeric", boost_error=False)
    svg = drawn.svg_inline(border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(svg)  # noqa: S308 - drawn by segno from our own token


def _row(
    person: int, device: int | None, facts: citycode.Facts, token: bytes, at: datetime, until: datetime
) -> Credential:
    return Credential(
        person_id=person,
        device_id=device,
        subject=facts.subject,
        scenes=facts.scenes,
        entitlements=facts.entitlements,
        status_index=facts.status_index,
        digest=citycode.digest(token).hex(),
        issued_at=at,
        expires_at=until,
    )


def _indexes(count: int, at: datetime) -> list[int]:
    """Free places of the status lists. The unique column refuses the rare clash of two at once."""
    found: set[int] = set()
    while len(found) < count:
        tried = {fresh_index(at) for _one in range(count - len(found))}
        tried -= set(Credential.objects.filter(status_index__in=tried).values_list("status_index", flat=True))
        found |= tried
    return list(found)


def _name(person: int, scene: str, at: datetime) -> bytes:
    """The person's name in a scene for a week."""
    secret = load_or_make_secret(Path(settings.HOME) / "keys" / "code-pseudonyms")
    week = f"{at.astimezone(clock.LOCAL):%G-W%V}"
    key = hashlib.sha256(secret.encode()).digest()
    return citycode.pseudonym(key, str(person), scene, week)
