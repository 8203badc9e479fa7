"""Services: time stamps, signatures for departments' programs, seals on documents; quotas and callers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from quancheng.capabilities.security import authority, keeping, metering, terms
from quancheng.capabilities.security.actions.certificates import certify_key, department_of
from quancheng.capabilities.security.actions.keys import count_use, ensure_key
from quancheng.capabilities.security.models import (
    Certificate,
    Client,
    ElectronicSeal,
    Key,
    KeyPurpose,
    Quota,
    Sealing,
    Signature,
    Stamp,
)
from quancheng.core.keys import Algorithm
from quancheng.core.pki import (
    Issuer,
    PkiError,
    Purpose,
    SealFacts,
    StampRequest,
    apply_seal,
    make_seal,
    make_stamp,
    stamped_digest,
    with_stamp,
)
from quancheng.core.pki.suites import SM3_OID
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, registry
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "add_client",
    "make_electronic_seal",
    "new_secret",
    "seal_document",
    "set_quota",
    "sign",
    "stamp",
    "stop_client",
    "stop_seal",
]

SIGNING = {"es256": "security.service", "sm2": "security.service-sm2"}
MOST_BYTES = 64 * 1024
PICTURE_BYTES = 512 * 1024
PLACE = 200


# -- time stamps ----------------------------------------------------------------------------
@action("security.stamp")
def stamp(
    call: Call,
    *,
    digest: str,
    digest_oid: str = SM3_OID,
    caller: str,
    nonce: int | None = None,
    certificates: bool = True,
) -> Stamp:
    """时间戳 over a digest (hexadecimal); SM3 digests are stamped with SM2, others with ES256.

    Raises TooMany (the caller's quota), InvalidInput.
    """
    access.require(call.actor, "ask", Stamp)
    imprint = _hex(digest, "digest")
    metering.take(caller, "stamp", metering.day_of(call.at))
    family = "sm2" if digest_oid == SM3_OID else "es256"
    certificate = _stamping(call, family)
    number = secrets.randbits(62) | 1 << 62
    request = StampRequest(digest_oid, imprint, nonce, certificates=certificates)
    try:
        token = make_stamp(
            request,
            Issuer(keeping.open_key(certificate.key), certificate.x509),
            serial=number,
            at=call.at,
            policy=authority.POLICY,
            accuracy_seconds=terms.amount("security.stamp_accuracy_seconds"),
            above=[certificate.issuer.x509],
        )
    except PkiError as wrong:
        raise authority.refused(wrong, "digest") from None
    row: Stamp = Stamp.objects.create(
        serial=number, digest_oid=digest_oid, digest=imprint.hex(), at=call.at, requester=caller,
        certificate=certificate, token=token,
    )  # fmt: skip
    count_use(certificate.key)
    audit.note(serial=str(number), caller=caller, key=certificate.key.kid)
    return row


def _stamping(call: Call, family: str) -> Certificate:
    """The certificate of the active stamping key; a new one after a rotation."""
    system = authority.by_rule(call)
    key = ensure_key(system, purpose=f"tsa.{family}")
    rows = key.certificates.filter(purpose=Purpose.STAMPING, revoked_at=None)
    found: Certificate | None = rows.select_related("key", "issuer").order_by("-pk").first()
    if found is not None:
        return found
    name = f"{authority.CITY}时间戳服务 {family.upper()}"
    return certify_key(system, key_id=key.pk, purpose=str(Purpose.STAMPING), subject=name)


# -- signatures -----------------------------------------------------------------------------
@action("security.sign")
def sign(call: Call, *, client_code: str, family: str, data: str, reference: str = "") -> Signature:
    """签名服务: a signature over ``data`` (base64, 64 KiB at most) for a department's program.

    Raises Forbidden, InvalidInput, TooMany.
    """
    client = _client(client_code)
    access.require(call.actor, "sign", client)
    if family not in SIGNING:
        raise InvalidInput(fields={"family": Text("请填es256或sm2。", "Write es256 or sm2.")})
    message = _base64(data)
    metering.take(client.code, "sign", metering.day_of(call.at))
    key = ensure_key(authority.by_rule(call), purpose=SIGNING[family])
    count_use(key)
    row: Signature = Signature.objects.create(
        client=client,
        key=key,
        digest=hashlib.sha256(message).hexdigest(),
        signature=keeping.open_key(key).sign(message),
        reference=reference[:120],
        at=call.at,
    )
    audit.note(client=client.code, key=key.kid, digest=row.digest, reference=row.reference)
    return row


# -- seals ----------------------------------------------------------------------------------
@action("security.seal.make")
def make_electronic_seal(
    call: Call,
    *,
    department: str,
    name: str,
    picture: str,
    picture_type: str = "png",
    size_mm: int = 42,
    simulated: bool = False,
) -> ElectronicSeal:
    """制章 for a department: an SM2 key, its certificate and a seal signed by the city's maker.

    ``picture`` is base64. Raises InvalidInput.
    """
    access.require(call.actor, "make", ElectronicSeal)
    organ = department_of(department)
    image = _base64(picture, PICTURE_BYTES, "picture")
    number = f"370100{secrets.randbelow(10**8):08d}"
    system = authority.by_rule(call)
    purpose = f"seal.{number}"
    KeyPurpose.objects.create(
        code=purpose, name=Text(f"{name}印章", f"Seal of {name}").to_dict(), algorithm=str(Algorithm.SM2),
        life="security.seal_days",
    )  # fmt: skip
    key = ensure_key(system, purpose=purpose)
    certificate = certify_key(
        system, key_id=key.pk, purpose=str(Purpose.SEAL), subject=name.strip(), department=organ.code
    )
    facts = SealFacts(
        number,
        name.strip(),
        1,
        call.at,
        call.at,
        certificate.not_after,
        picture_type,
        image,
        size_mm,
        size_mm,
    )
    try:
        maker, issuer = _maker(call)
        der = make_seal(facts, [certificate.x509], issuer)
    except PkiError as wrong:
        raise authority.refused(wrong, "picture") from None
    row: ElectronicSeal = ElectronicSeal.objects.create(
        number=number, name=name.strip(), department=organ, der=der, certificate=certificate,
        valid_until=certificate.not_after, created_at=call.at, simulated=simulated,
    )  # fmt: skip
    count_use(maker)
    audit.note(seal=number, name=row.name, department=organ.code)
    events.emit("security.seal.made", f"seal:{number}", {"department": organ.code})
    return row


@action("security.seal.stop")
def stop_seal(call: Call, *, number: str) -> ElectronicSeal:
    """停用印章. Raises NotFound, Conflict."""
    row = ElectronicSeal.objects.select_for_update().filter(number=number).first()
    if row is None:
        raise NotFound
    access.require(call.actor, "stop", row)
    if row.stopped_at is not None:
        raise Conflict(Text("印章已停用。", "The seal is stopped already."))
    row.stopped_at = call.at
    row.save(update_fields=["stopped_at"])
    audit.note(seal=number)
    events.emit("security.seal.stopped", f"seal:{number}", {})
    return row  # type: ignore[no-any-return]


@action("security.seal.use")
def seal_document(
    call: Call, *, number: str, digest: str, place: str, caller: str, reference: str = ""
) -> Sealing:
    """用章: the seal on a document given by its SM3 digest (hexadecimal), time-stamped at once.

    ``place`` says where the document is, in ASCII. Raises Forbidden, Conflict, InvalidInput, TooMany.
    """
    seal = ElectronicSeal.objects.filter(number=number).select_related("certificate__key").first()
    if seal is None:
        raise NotFound(Text("没有这枚印章。", "There is no such seal."))
    access.require(call.actor, "use", seal)
    if seal.stopped_at is not None or seal.certificate.revoked_at is not None:
        raise Conflict(Text("印章已停用。", "The seal is stopped."))
    key: Key = seal.certificate.key
    if key.state != Key.State.ACTIVE:
        raise Conflict(
            Text(
                "印章的密钥已轮换，请重新制章。", "The key of the seal was rotated; have the seal made anew."
            )
        )
    document = _hex(digest, "digest")
    if not 0 < len(place) <= PLACE:
        said = Text(f"文件位置须有1至{PLACE}个字符。", f"The place has 1 to {PLACE} characters.")
        raise InvalidInput(fields={"place": said})
    metering.take(caller, "seal", metering.day_of(call.at))
    sealer = Issuer(keeping.open_key(key), seal.certificate.x509)
    try:
        plain = apply_seal(bytes(seal.der), document, sealer, at=call.at, property_info=place)
    except PkiError as wrong:
        raise authority.refused(wrong, "digest") from None
    token = stamp(call.with_key(None), digest=stamped_digest(plain).hex(), caller=caller)
    count_use(key)
    row: Sealing = Sealing.objects.create(
        seal=seal, digest=document.hex(), place=place, reference=reference[:120], by=str(call.actor), at=call.at,
        der=with_stamp(plain, bytes(token.token)),
    )  # fmt: skip
    audit.note(seal=number, key=key.kid, digest=row.digest, place=place, reference=row.reference)
    return row


def _maker(call: Call) -> tuple[Key, Issuer]:
    system = authority.by_rule(call)
    key = ensure_key(system, purpose="seal.maker")
    found: Certificate | None = key.certificates.filter(revoked_at=None).order_by("-pk").first()
    row = found or certify_key(
        system, key_id=key.pk, purpose=str(Purpose.SEAL), subject=f"{authority.CITY}制章机构"
    )
    return key, Issuer(keeping.open_key(key), row.x509)


# -- callers and quotas ---------------------------------------------------------------------
@action("security.client.add", idempotent=False)
def add_client(
    call: Call, *, code: str, name: str, department: str, simulated: bool = False
) -> tuple[Client, str]:
    """登记调用方: a department's program; the secret in the answer is shown this once. Raises InvalidInput."""
    access.require(call.actor, "manage", Client)
    modules = {one.name for one in registry.modules()}
    if Client.objects.filter(code=code).exists() or code in modules | {metering.PUBLIC}:
        raise InvalidInput(fields={"code": Text("编码已被使用。", "This code is taken.")})
    secret = secrets.token_urlsafe(32)
    row: Client = Client.objects.create(
        code=code, name=name.strip()[:80], department=department_of(department), secret_hash=digest_of(secret),
        created_at=call.at, simulated=simulated,
    )  # fmt: skip
    audit.note(client=code, name=row.name)
    events.emit("security.client.added", f"client:{code}", {})
    return row, secret


@action("security.client.renew", idempotent=False)
def new_secret(call: Call, *, code: str) -> tuple[Client, str]:
    """更换凭据: the old secret is refused from now on. Raises NotFound."""
    row = _client(code)
    access.require(call.actor, "manage", row)
    secret = secrets.token_urlsafe(32)
    row.secret_hash = digest_of(secret)
    row.save(update_fields=["secret_hash"])
    audit.note(client=code)
    return row, secret


@action("security.client.stop")
def stop_client(call: Call, *, code: str, active: bool = False) -> Client:
    """停用或恢复调用方. Raises NotFound."""
    row = _client(code)
    access.require(call.actor, "manage", row)
    row.active = active
    row.save(update_fields=["active"])
    audit.note(client=code, active=active)
    return row


@action("security.quota.set")
def set_quota(call: Call, *, caller: str, service: str, per_day: int) -> Quota:
    """设定配额. Raises InvalidInput."""
    access.require(call.actor, "manage", Quota)
    if service not in metering.SERVICES or not caller:
        raise InvalidInput(fields={"service": Text("没有这项服务。", "There is no such service.")})
    if not _known(caller):
        said = Text(
            "没有这个调用方：填模块名、已登记的编码或public。",
            "No such caller: a module, a registered code or public.",
        )
        raise InvalidInput(fields={"caller": said})
    if not 0 <= per_day <= 10**12:
        raise InvalidInput(fields={"per_day": Text("请填0以上的整数。", "Write a whole number from 0.")})
    row: Quota
    row, _ = Quota.objects.update_or_create(caller=caller, service=service, defaults={"per_day": per_day})
    audit.note(caller=caller, service=service, per_day=per_day)
    return row


def _known(caller: str) -> bool:
    if caller == metering.PUBLIC or caller in {one.name for one in registry.modules()}:
        return True
    return bool(Client.objects.filter(code=caller).exists())


def digest_of(secret: str) -> str:
    """What is kept of a secret of 256 random bits; it needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _client(code: str) -> Client:
    row: Client | None = Client.objects.filter(code=code).first()
    if row is None:
        raise NotFound
    return row


def _hex(text: str, field: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        said = Text("请填十六进制的杂凑值。", "Write the digest in hexadecimal.")
        raise InvalidInput(fields={field: said}) from None


def _base64(text: str, most: int = MOST_BYTES, field: str = "data") -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(fields={field: Text("不是有效的base64。", "This is not base64.")}) from None
    if not 0 < len(data) <= most:
        said = Text(f"须有1至{most}字节。", f"It has 1 to {most} bytes.")
        raise InvalidInput(fields={field: said})
    return data
