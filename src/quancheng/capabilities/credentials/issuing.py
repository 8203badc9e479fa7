"""本市作为签发者和查验者: its names, keys, certificate, and what a licence becomes as credential."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.capabilities.credentials.models import Issued
from quancheng.capabilities.trust import queries as trust
from quancheng.core import pki
from quancheng.core.keys import Algorithm, PublicKey, SigningKey, thumbprint
from quancheng.core.openid4vc import CredentialConfiguration
from quancheng.core.sdjwt import Sd, issue
from quancheng.core.statuslist import StatusList
from quancheng.core.text import Text
from quancheng.kernel import clock, keyring

PURPOSE, VERIFIER, ROOT = "credentials-issuer", "credentials-verifier", "credentials-root"
SIZE = 1 << 20
ISSUER_CLAIM = "issuing_authority"


def issuer() -> str:
    """This city as credential issuer: its public address."""
    return str(settings.PUBLIC_URL).rstrip("/")


def base() -> str:
    """Where the protocol's endpoints begin."""
    return f"{issuer()}/openid4vc"


def signer() -> SigningKey:
    """Signs credentials."""
    return keyring.signer(PURPOSE, Algorithm.ES256)


def trusted() -> dict[str, PublicKey]:
    """Keys of credentials by kid."""
    return {thumbprint(key).hex(): key for key in (keyring.trusted(PURPOSE) or (signer().public,))}


def vct(type_code: str) -> str:
    """Type of a licence's credential."""
    return f"{base()}/types/{type_code}"


def type_of(name: str) -> str:
    """The licence type of a vct; empty when it is none of ours."""
    before, _slash, code = name.rpartition("/")
    return code if before == f"{base()}/types" else ""


def configuration(kind: Any) -> CredentialConfiguration:
    """What wallets read about a licence type."""
    claims = [(row["key"], Text.of(row["name"])) for row in kind.items]
    claims += [("holder", Text("持证主体", "Holder")), ("number", Text("证号", "Number"))]
    return CredentialConfiguration(kind.code, vct(kind.code), kind.text, tuple(claims))


def credential(licence: Any, holder: dict[str, str], index: int, at: datetime, until: datetime) -> str:
    """The SD-JWT VC of a licence: every fact is the holder's to show or to keep."""
    hidden = {**licence.items, "holder": licence.holder_name, "number": licence.number}
    claims: dict[Any, Any] = {
        "iss": issuer(),
        "vct": vct(licence.type.code),
        "iat": int(at.timestamp()) // 86400 * 86400,  # the day only: an exact time would join presentations
        "exp": int(until.timestamp()),
        "status": {"status_list": {"idx": index, "uri": f"{base()}/status/1"}},
        ISSUER_CLAIM: licence.issued_by.zh,
        **{Sd(name): value for name, value in hidden.items()},
    }
    if licence.simulated:
        claims["simulated"] = True
    kid = thumbprint(signer().public).hex()
    return issue(claims, signer(), holder=holder, header={"kid": kid}, decoys=3).text()


def statuses() -> StatusList:
    """The status list: 1 for every credential that was stopped or whose licence no longer holds."""
    now = clock.now()
    rows = Issued.objects.filter(expires_at__gt=now).select_related("licence")
    bad = {
        row.status_index: 1 for row in rows.iterator() if row.stopped_at is not None or not row.licence.good
    }
    return StatusList.of(1, SIZE, bad)


def good_now(index: int) -> bool:
    """Whether the credential at an index holds now, asked of the register itself."""
    row = Issued.objects.filter(status_index=index).select_related("licence").first()
    return row is not None and row.stopped_at is None and bool(row.licence.good)


def verifier() -> tuple[SigningKey, bytes]:
    """The key this city asks wallets with, and its certificate (DER), made once."""
    key = keyring.signer(VERIFIER, Algorithm.ES256)
    path = Path(settings.HOME) / "keys" / VERIFIER / f"{thumbprint(key.public).hex()[:16]}.crt"
    if not path.exists():
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(_certificate(key))
        try:
            os.link(temporary, path)  # two processes at once keep one certificate
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return key, path.read_bytes()


def _certificate(key: SigningKey) -> bytes:
    root, now = keyring.signer(ROOT, Algorithm.ES256), clock.now().replace(microsecond=0)
    until = now + timedelta(days=3650)
    top = pki.self_signed(
        pki.Order(pki.Purpose.ROOT, root.public, 1, "泉城凭证查验根 (模拟)", now, until + timedelta(days=1)),
        root,
    )
    name = settings.PUBLIC_URL.rpartition("//")[2].partition(":")[0]
    order = pki.Order(pki.Purpose.DEPARTMENT, key.public, 2, "泉城凭证查验 (模拟)", now, until, names=(name,))
    return pki.issue(order, pki.Issuer(root, top)).der


def types() -> list[Any]:
    """Licence types that are issued."""
    return trust.licence_types()
