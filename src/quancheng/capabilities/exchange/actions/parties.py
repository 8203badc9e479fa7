"""The writers of parties, their keys and their services."""

from __future__ import annotations

from datetime import timedelta

from quancheng.capabilities.exchange import keyring
from quancheng.capabilities.exchange.models import Backend, Party, PartyKey
from quancheng.capabilities.people import queries as people
from quancheng.core.exchange import key_name
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

KEY_DAYS = 730
"""How long a new key is valid unless told otherwise."""


@action("exchange.register_party", idempotent=False)
def register_party(call: Call, *, department: str, simulated: bool = False) -> Party:
    """登记交换单位: a department becomes a party with a key the platform keeps; again: the same party."""
    access.require(call.actor, "register", Party)
    return party_for(call, department, simulated)


def party_for(call: Call, department: str, simulated: bool = False) -> Party:
    """The party of a department, made when it is not there. Call it inside an action that asked its right."""
    unit = people.department(department)
    party, made = Party.objects.get_or_create(
        code=unit.code,
        defaults={
            "zh": unit.zh,
            "en": unit.en,
            "department": unit,
            "region_code": unit.region_code,
            "created_at": call.at,
            "simulated": simulated,
        },
    )
    if made:
        _new_platform_key(call, party)
        events.emit("exchange.party.registered", party.code, {"party": party.code})
    found: Party = party
    return found


def _new_platform_key(call: Call, party: Party) -> PartyKey:
    signer = keyring.new_private()
    row: PartyKey = PartyKey.objects.create(
        party=party,
        name=key_name(signer.public_der),
        algorithm=signer.algorithm,
        public=signer.public_der,
        custody=PartyKey.Custody.PLATFORM,
        valid_from=call.at,
        valid_until=call.at + timedelta(days=KEY_DAYS),
        registered_at=call.at,
        registered_by=str(call.actor)[:100],
    )
    return row


@action("exchange.register_key")
def register_key(call: Call, *, party: str, public: str, days: int = KEY_DAYS) -> PartyKey:
    """登记公钥: the party keeps the private key itself. PEM or base64 DER.

    Raises InvalidInput at ``public`` or ``days``, Conflict when the key is known already (a key proves one party).
    """
    row = _party(call, party)
    algorithm, der = keyring.read_public(public)
    _sound(days)
    name = key_name(der)
    if PartyKey.objects.filter(name=name).exists():
        raise Conflict(
            Text("该公钥已经登记过。", "This key is registered already."),
            todo=Text("请生成新的密钥对。", "Make a new pair of keys."),
        )
    key: PartyKey = PartyKey.objects.create(
        party=row,
        name=name,
        algorithm=algorithm,
        public=der,
        custody=PartyKey.Custody.OWN,
        valid_from=call.at,
        valid_until=call.at + timedelta(days=days),
        registered_at=call.at,
        registered_by=str(call.actor)[:100],
    )
    audit.note(party=row.code, key=name, algorithm=algorithm)
    events.emit("exchange.key.registered", name, {"party": row.code, "key": name})
    return key


@action("exchange.rotate_key")
def rotate_key(call: Call, *, party: str) -> PartyKey:
    """更换平台代管密钥: a new key signs from now on; older ones stay valid for what they signed."""
    row = _party(call, party)
    key = _new_platform_key(call, row)
    audit.note(party=row.code, key=key.name)
    events.emit("exchange.key.registered", key.name, {"party": row.code, "key": key.name})
    return key


@action("exchange.revoke_key")
def revoke_key(call: Call, *, party: str, key: str, reason: str) -> PartyKey:
    """撤销密钥: signatures made from now on do not count. Raises InvalidInput without a reason, NotFound, Conflict."""
    row = _party(call, party)
    found = PartyKey.objects.select_for_update().filter(party=row, name=key).first()
    if found is None:
        raise NotFound(Text("没有这个密钥。", "There is no such key."))
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请写明撤销原因", "Give the reason")})
    if found.revoked_at is not None:
        raise Conflict(Text("该密钥已经撤销。", "The key is revoked already."))
    found.revoked_at, found.revoked_reason = call.at, reason.strip()[:200]
    found.save(update_fields=["revoked_at", "revoked_reason"])
    audit.note(party=row.code, key=key, reason=reason[:200])
    events.emit("exchange.key.revoked", key, {"party": row.code, "key": key})
    revoked: PartyKey = found
    return revoked


@action("exchange.register_backend")
def register_backend(
    call: Call, *, party: str, resource: str, url: str, timeout_seconds: float = 5.0
) -> Backend:
    """登记提供方服务: the gateway asks this address for the rows of a resource. Raises InvalidInput."""
    row = _party(call, party)
    wrong: dict[str, Text] = {}
    if not url.startswith(("http://", "https://")) or len(url) > 300:
        wrong["url"] = Text("应为 http 或 https 地址", "An http or https address")
    if not 0.1 <= timeout_seconds <= 60:
        wrong["timeout_seconds"] = Text("应为0.1至60秒", "0.1 to 60 seconds")
    if wrong:
        raise InvalidInput(fields=wrong)
    taken = Backend.objects.filter(resource=resource).exclude(party=row).exists()
    if taken:
        raise Conflict(Text("该资源由其他单位提供。", "Another party provides this resource."))
    backend, _ = Backend.objects.update_or_create(
        resource=resource,
        defaults={
            "party": row, "url": url, "timeout_seconds": timeout_seconds, "circuit": {}, "changed_at": call.at,
        },
    )  # fmt: skip
    audit.note(resource=resource, url=url)
    found: Backend = backend
    return found


def _party(call: Call, code: str) -> Party:
    found: Party | None = access.visible(call.actor, Party).filter(code=code).first()
    if found is None:
        access.require(call.actor, "manage", Party)
        raise NotFound(Text("没有这个交换单位。", "There is no such party."))
    access.require(call.actor, "manage", found)
    return found


def _sound(days: int) -> None:
    if not 1 <= days <= 3650:
        raise InvalidInput(fields={"days": Text("应为1至3650天", "1 to 3650 days")})
