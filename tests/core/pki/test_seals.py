"""Electronic seals of GB/T 38540: made, applied, verified, tampered with; gmalg judges the signatures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import gmalg
import pytest
from asn1crypto.core import load

from quancheng.core.keys import Algorithm
from quancheng.core.pki import (
    Issuer,
    PkiError,
    PkiReason,
    Purpose,
    Revoked,
    SealFacts,
    StampRequest,
    Trust,
    apply_seal,
    make_revocation_list,
    make_seal,
    make_stamp,
    read_revocation_list,
    read_seal,
    seal_verify,
    stamped_digest,
    with_stamp,
)
from quancheng.core.sm import sm3
from tests.core.pki.world import DAY, NOW, World, world

DOCUMENT = "济南市住房和城乡建设局批复".encode()
SM3 = "1.2.156.10197.1.401"


@dataclass(frozen=True)
class Office:
    there: World
    maker: Issuer
    sealer: Issuer
    tsa: Issuer
    facts: SealFacts
    seal: bytes
    trust: Trust

    def sealing(self) -> bytes:
        plain = apply_seal(self.seal, sm3(DOCUMENT), self.sealer, at=NOW, property_info="/Doc_0/a.pdf")
        request = StampRequest(SM3, stamped_digest(plain))
        token = make_stamp(request, self.tsa, serial=1, at=NOW, policy="1.2.3", accuracy_seconds=1)
        return with_stamp(plain, token)


@pytest.fixture(scope="module")
def office() -> Office:
    there = world(Algorithm.SM2)
    maker = there.leaf(Purpose.SEAL, "制章人", serial=10)
    sealer = there.leaf(Purpose.SEAL, "市住建局", serial=11)
    tsa = there.leaf(Purpose.STAMPING, "时间戳", serial=12)
    facts = SealFacts(
        "37010000000001", "市住建局", 1, NOW, NOW, NOW + 30 * DAY, "png", b"\x89PNG" * 9, 42, 42
    )
    seal = make_seal(facts, [sealer.certificate], maker)
    trust = Trust(there.roots, (*there.between, tsa.certificate))
    return Office(there, maker, sealer, tsa, facts, seal, trust)


def test_a_sealed_document_names_seal_sealer_and_time(office: Office) -> None:
    assert read_seal(office.seal, office.trust, NOW)[0] == office.facts
    found = seal_verify(office.sealing(), DOCUMENT, office.trust)
    assert found.seal == office.facts
    assert (found.sealer, found.maker) == (office.sealer.certificate, office.maker.certificate)
    assert (found.at, found.property_info) == (NOW, "/Doc_0/a.pdf")
    assert found.stamp is not None and found.stamp.at == NOW


def test_no_byte_of_a_sealing_can_be_changed(office: Office) -> None:
    sealing = office.sealing()
    for at in range(len(sealing)):
        changed = bytearray(sealing)
        changed[at] ^= 1 << at % 8
        with pytest.raises(PkiError):
            seal_verify(bytes(changed), DOCUMENT, office.trust)


def test_another_document_another_seal_another_time(office: Office) -> None:
    def refused(sealing: bytes, document: bytes = DOCUMENT, trust: Trust = office.trust) -> PkiReason:
        with pytest.raises(PkiError) as caught:
            seal_verify(sealing, document, trust)
        return caught.value.reason

    assert refused(office.sealing(), DOCUMENT + b"!") is PkiReason.CONTENT
    assert refused(office.sealing(), trust=Trust(world(Algorithm.SM2).roots)) is PkiReason.ISSUER
    stranger = office.there.leaf(Purpose.SEAL, "别的局", serial=20)
    with pytest.raises(PkiError, match="may not use this seal"):
        apply_seal(office.seal, sm3(DOCUMENT), stranger, at=NOW, property_info="/a")
    with pytest.raises(PkiError) as caught:
        apply_seal(office.seal, sm3(DOCUMENT), office.sealer, at=NOW + 31 * DAY, property_info="/a")
    assert caught.value.reason is PkiReason.VALIDITY
    with pytest.raises(PkiError) as caught:
        read_seal(office.seal, office.trust, NOW + 31 * DAY)
    assert caught.value.reason is PkiReason.VALIDITY
    # a stamp of another sealing, put in afterwards
    other = make_stamp(
        StampRequest(SM3, bytes(32)), office.tsa, serial=2, at=NOW, policy="1.2", accuracy_seconds=1
    )
    assert refused(with_stamp(office.sealing(), other)) is PkiReason.CONTENT


def test_a_revoked_sealer_seals_no_more_but_has_sealed(office: Office) -> None:
    revoked = Revoked(office.sealer.certificate.serial, NOW + timedelta(hours=1))
    der = make_revocation_list(
        office.there.issuing, [revoked], number=1, this_update=NOW, next_update=NOW + DAY
    )
    trust = replace(office.trust, lists=(read_revocation_list(der, office.there.issuing.certificate),))
    assert seal_verify(office.sealing(), DOCUMENT, trust).at == NOW
    late = apply_seal(
        office.seal, sm3(DOCUMENT), office.sealer, at=NOW + timedelta(hours=2), property_info="/a"
    )
    with pytest.raises(PkiError) as caught:
        seal_verify(late, DOCUMENT, trust)
    assert caught.value.reason is PkiReason.REVOKED


def test_seals_are_sm2_only(office: Office) -> None:
    other = world(Algorithm.ES256).leaf(Purpose.SEAL)
    with pytest.raises(PkiError) as caught:
        make_seal(office.facts, [], other)
    assert caught.value.reason is PkiReason.ALGORITHM


def test_an_outside_library_verifies_the_two_signatures(office: Office) -> None:
    """gmalg, over bytes cut out of the DER by asn1crypto's untyped reader, not by our types."""
    whole = load(office.sealing())
    to_sign, signature = whole[0], whole[3].native
    _check_outside(office.sealer, to_sign.dump(), signature)
    seal = to_sign[1]
    _check_outside(office.maker, seal[0].dump(), seal[3].native)
    assert [len(whole), len(to_sign), len(seal), len(seal[0])] == [5, 5, 4, 4]
    assert seal[0][0][0].native == "ES" and seal[0][0][1].native == 4


def _check_outside(who: Issuer, message: bytes, bits: object) -> None:
    raw = bytes(int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8))  # type: ignore[index,arg-type]
    numbers = load(raw)
    sm2 = gmalg.SM2(uid=b"1234567812345678", pk=who.certificate.public.data)
    assert sm2.verify(message, *(numbers[at].native.to_bytes(32, "big") for at in (0, 1)))
