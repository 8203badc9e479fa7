"""Claim 169 both ways against the ``claim169`` package, and no changed byte taken."""

from __future__ import annotations

import time

import claim169
import pytest

from quancheng.core.cose import CoseFault, base45_decode, base45_encode
from quancheng.core.cose.claim169 import Identity, read_claim169, write_claim169
from quancheng.core.keys import Algorithm, MemoryKey

NOW = int(time.time())
MEMBERS = {
    "id": "370102199001011234", "full_name": "李静", "date_of_birth": "1990-01-15", "gender": 2,
    "address": "济南市历下区", "nationality": "CHN", "secondary_full_name": "Li Jing", "secondary_language": "en",
}  # fmt: skip
IDENTITY = Identity("quancheng.jinan", NOW - 60, NOW + 86400, MEMBERS)
EDDSA, ES256 = MemoryKey.generate(Algorithm.EDDSA), MemoryKey.generate(Algorithm.ES256)


@pytest.mark.parametrize("key", [EDDSA, ES256], ids=["EdDSA", "ES256"])
def test_the_package_reads_what_we_write(key: MemoryKey) -> None:
    text = write_claim169(IDENTITY, key)
    if key is EDDSA:
        read = claim169.decode(text, verify_with_ed25519=key.public.data)
    else:
        read = claim169.decode(text, verify_with_ecdsa_p256=key.public.data)
    assert read.verification_status == "verified"
    assert {name: getattr(read.claim169, name) for name in MEMBERS} == MEMBERS
    assert read.cwt_meta.issuer == "quancheng.jinan"


@pytest.mark.parametrize("key", [EDDSA, ES256], ids=["EdDSA", "ES256"])
def test_we_read_what_the_package_writes(key: MemoryKey) -> None:
    claim = claim169.Claim169Input()
    for name, value in MEMBERS.items():
        setattr(claim, name, value)
    meta = claim169.CwtMetaInput(issuer="quancheng.jinan", expires_at=NOW + 100)
    how = {"sign_with_ed25519" if key is EDDSA else "sign_with_ecdsa_p256": key.private_bytes()}
    text = claim169.encode(claim, meta, **how)
    assert read_claim169(text, key.public, now=NOW).members == MEMBERS
    with pytest.raises(CoseFault):
        read_claim169(text, key.public, now=NOW + 100)
    with pytest.raises(CoseFault):
        read_claim169(text, MemoryKey.generate(key.algorithm).public, now=NOW)


def test_what_we_wrote_is_what_we_read_and_no_byte_can_change() -> None:
    text = write_claim169(IDENTITY, EDDSA)
    assert read_claim169(text, EDDSA.public, now=NOW) == IDENTITY
    data, taken = base45_decode(text), []
    for place in range(len(data)):
        for flip in (1, 0x80):
            changed = data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]
            try:
                found = read_claim169(base45_encode(changed), EDDSA.public, now=NOW)
            except CoseFault:
                continue
            if found != IDENTITY:  # zlib's own header has bits that mean nothing
                taken.append(place)
    assert taken == []


def test_members_that_are_none_are_not_written() -> None:
    for wrong in ({"shoe_size": "42"}, {"gender": "2"}, {"full_name": 5}):
        with pytest.raises(CoseFault):
            write_claim169(Identity("i", NOW, NOW + 1, wrong), EDDSA)
