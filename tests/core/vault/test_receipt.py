"""Receipts: three hold the same bytes, anybody checks them, every flipped byte is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.vault import (
    Entry,
    Envelope,
    Mode,
    Reason,
    Receipt,
    VaultFault,
    ask,
    commit_holder,
    conflicting,
    countersign,
    digest,
    kid_of,
    open_facts,
    read_receipt,
    seal,
    sign_message,
    verify_allowed,
    verify_message,
    verify_receipt,
    withdraw,
    write_receipt,
)
from tests.core.vault.conftest import BANK, BANK_KEY, CITY_KEY, DAY, FACTS, HOUR, NOW, SALT, asked, used
from tests.core.vault.test_life import live, refused, take

CITY, BANKS = (CITY_KEY.public,), (BANK_KEY.public,)


def made() -> tuple[Receipt, list[Entry]]:
    thread, entries = live(Mode.PERIOD)
    _, entry = take(thread)
    return countersign(seal(entry, CITY_KEY), BANK_KEY), [*entries, entry]


def test_it_says_who_what_when_and_what_for() -> None:
    receipt, entries = made()
    data = write_receipt(receipt)
    said = verify_receipt(read_receipt(data), city=CITY, recipient=BANKS)
    assert (said.recipient, said.name, said.purpose) == (BANK.code, BANK.name, "个人住房贷款审查")
    assert [one.code for one in said.items] == ["name", "address"]
    assert (said.at, said.seq, said.grant) == (NOW + 2 * HOUR, 3, entries[1].hash)
    assert "李静" not in data.decode()
    open_facts(SALT, FACTS, said.data)
    refused(Reason.DATA, lambda: open_facts(SALT, {**FACTS, "name": "王静"}, said.data))
    refused(Reason.DATA, lambda: open_facts(bytes(16), FACTS, said.data))


def test_every_flipped_byte_is_refused() -> None:
    receipt, _ = made()
    data = write_receipt(receipt)
    for place in range(len(data)):
        for bit in (0x01, 0x20, 0x80):
            flipped = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
            with pytest.raises(VaultFault):
                verify_receipt(read_receipt(flipped), city=CITY, recipient=BANKS)


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.EDDSA, Algorithm.SM2, Algorithm.ML_DSA_44])
def test_any_algorithm_of_the_registry_signs(algorithm: Algorithm) -> None:
    city, bank = MemoryKey.generate(algorithm), MemoryKey.generate(algorithm)
    _, entries = made()
    receipt = countersign(seal(entries[-1], city), bank)
    again = read_receipt(write_receipt(receipt))
    assert verify_receipt(again, city=[city.public], recipient=[bank.public]).seq == 3
    refused(Reason.UNKNOWN_KEY, lambda: verify_receipt(again, city=CITY, recipient=[bank.public]))


def test_a_receipt_wants_both_signatures() -> None:
    receipt, entries = made()
    half = seal(entries[-1], CITY_KEY)
    assert verify_receipt(half, city=CITY).number == "U1"
    refused(Reason.COUNTERSIGNATURE, lambda: verify_receipt(half, city=CITY, recipient=BANKS))
    swapped = replace(receipt, recipient=countersign(seal(entries[-1], BANK_KEY), BANK_KEY).recipient)
    refused(Reason.COUNTERSIGNATURE, lambda: verify_receipt(swapped, city=CITY, recipient=BANKS))
    wrong = replace(receipt, city=replace(receipt.city, signature=bytes(64)))
    refused(Reason.SIGNATURE, lambda: verify_receipt(wrong, city=CITY, recipient=BANKS))


def test_other_spellings_are_refused() -> None:
    data = write_receipt(made()[0])
    for other in (
        data + b"\n",
        data.replace(b",", b", ", 1),
        b"",
        b"[]",
        b"{}",
        data.replace(b"-receipt/1", b"-receipt/2"),
    ):
        refused(Reason.MALFORMED, lambda other=other: read_receipt(other))


def test_the_history_proves_that_it_was_allowed() -> None:
    receipt, entries = made()
    thread = verify_allowed(receipt, entries)
    assert thread.asked.holder == commit_holder(SALT, "370102199001010001")
    refused(Reason.HISTORY, lambda: verify_allowed(receipt, entries[:-1]))
    refused(Reason.STALE, lambda: verify_allowed(receipt, [entries[0], entries[2]]))
    wider = replace(entries[0], body={**entries[0].body, "purpose": "什么都行"})
    refused(Reason.STALE, lambda: verify_allowed(receipt, [wider, *entries[1:]]))


def test_two_histories_signed_by_the_city_are_proof_against_it() -> None:
    thread, _ = live(Mode.PERIOD)
    stop = seal(withdraw(thread, reason="", at=NOW + 2 * HOUR)[1], CITY_KEY)
    one = seal(take(thread)[1], CITY_KEY)
    assert conflicting(stop, one, city=CITY)
    assert not conflicting(one, one, city=CITY)
    refused(Reason.MALFORMED, lambda: verify_receipt(stop, city=CITY))
    forged = seal(stop.entry, BANK_KEY)
    refused(Reason.UNKNOWN_KEY, lambda: conflicting(forged, one, city=CITY))


def test_a_request_is_ordered_in_time() -> None:
    refused(Reason.TERM, lambda: ask("jinan", "R1", asked(answer_by=NOW), NOW))
    refused(Reason.TERM, lambda: ask("jinan", "R1", asked(answer_by=NOW + 40 * DAY), NOW))
    refused(Reason.ITEMS, lambda: ask("jinan", "R1", asked(items=()), NOW))
    assert used().items


ENVELOPE = Envelope(1_700_000_000, "key-1", "POST", "/vault/v1/requests")


def test_a_signed_message_is_bound_to_body_address_and_time() -> None:
    body = '{"purpose":"贷款"}'.encode()
    header = sign_message(BANK_KEY, ENVELOPE, body)
    at = {"method": "POST", "path": "/vault/v1/requests", "now": 1_700_000_100, "drift": 300}
    assert kid_of(header) == BANK_KEY.public.kid.hex()
    assert verify_message(header, body, BANKS, **at) == ENVELOPE  # type: ignore[arg-type]
    for reason, change in (
        (Reason.ADDRESS, {"method": "GET"}),
        (Reason.ADDRESS, {"path": "/vault/v1/requests/R1/use"}),
        (Reason.CLOCK, {"now": 1_700_000_301}),
        (Reason.CLOCK, {"now": 1_699_999_699}),
    ):
        refused(reason, lambda change=change: verify_message(header, body, BANKS, **at | change))  # type: ignore[arg-type]
    refused(Reason.SIGNATURE, lambda: verify_message(header, body + b" ", BANKS, **at))  # type: ignore[arg-type]
    refused(Reason.UNKNOWN_KEY, lambda: verify_message(header, body, CITY, **at))  # type: ignore[arg-type]
    assert digest(header, body) != digest(header, body + b" ")


def test_every_flipped_byte_of_a_message_is_refused() -> None:
    body = b'{"a":1}'
    header = sign_message(BANK_KEY, ENVELOPE, body)
    for place in range(len(header)):
        flipped = header[:place] + chr(ord(header[place]) ^ 1) + header[place + 1 :]
        with pytest.raises(VaultFault):
            verify_message(
                flipped, body, BANKS, method="POST", path="/vault/v1/requests", now=1_700_000_000, drift=60
            )
    for wrong in ("", "a.b.c", "..", "é..", header * 50):
        with pytest.raises(VaultFault):
            kid_of(wrong)
