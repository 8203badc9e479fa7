"""Shamir's sharing: enough shares give the secret, fewer tell nothing, wrong ones are named."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.pki import PkiError, PkiReason, Share, combine, split
from quancheng.core.pki.shares import _inverse, _times


@settings(max_examples=40, deadline=None)
@given(
    st.binary(min_size=1, max_size=48),
    st.integers(2, 6),
    st.integers(0, 4),
    st.randoms(use_true_random=False),
)
def test_any_threshold_shares_give_the_secret(secret: bytes, threshold: int, more: int, random) -> None:  # type: ignore[no-untyped-def]
    made = split(secret, threshold=threshold, count=threshold + more)
    chosen = random.sample(made.shares, threshold)
    assert combine(chosen, made.commitments) == secret
    assert combine(made.shares, made.commitments) == secret
    with pytest.raises(PkiError) as caught:
        combine(chosen[1:], made.commitments)
    assert caught.value.reason is PkiReason.SHARES


def test_one_share_of_two_fits_every_secret() -> None:
    """Perfect secrecy in small: for each byte a second share exists that gives it."""
    share = split(b"\x2a", threshold=2, count=2).shares[0]
    found = {combine([share, replace(share, index=2, value=bytes([byte]))]) for byte in range(256)}
    assert len(found) == 256


def test_wrong_shares_are_named() -> None:
    made = split(bytes(range(32)), threshold=3, count=5)
    shares = list(made.shares)
    shares[1] = replace(shares[1], value=bytes(32))
    shares[3] = replace(shares[3], salt=bytes(16))
    with pytest.raises(PkiError, match="wrong shares: 2, 4"):
        combine(shares, made.commitments)
    good = [shares[at] for at in (0, 2, 4)]
    assert combine(good, made.commitments) == bytes(range(32))
    other = split(bytes(32), threshold=3, count=5)
    with pytest.raises(PkiError, match="different ceremonies"):
        combine([*good[:2], other.shares[4]], made.commitments)
    with pytest.raises(PkiError):
        combine([replace(one, index=one.index + 5) for one in good], made.commitments)


def test_a_share_is_typed_from_paper() -> None:
    made = split(bytes(32), threshold=2, count=3)
    text = made.shares[0].text
    assert Share.from_text(f"  {text.lower()} \n") == made.shares[0]
    assert text not in repr(made.shares[0])
    letters = [at for at, letter in enumerate(text) if letter != "-" and at > 4]
    for at in letters:
        wrong = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        # the last letter holds padding bits; it may read as the same share, never as another
        with contextlib.suppress(PkiError):
            assert Share.from_text(wrong) == made.shares[0] and at == letters[-1]
    for rubbish in ("", "QSS1", "QSS1-0189", "hello", text[:40]):
        with pytest.raises(PkiError):
            Share.from_text(rubbish)


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (4, 3), (2, 256), (0, 0)])
def test_thresholds_that_make_no_sense(threshold: int, count: int) -> None:
    with pytest.raises(PkiError):
        split(b"x", threshold=threshold, count=count)


def test_the_field_is_that_of_aes() -> None:
    assert _times(0x57, 0x83) == 0xC1  # FIPS 197 section 4.2
    assert all(_times(one, _inverse(one)) == 1 for one in range(1, 256))
    assert {_times(3, one) for one in range(256)} == set(range(256))


def test_every_choice_of_three_from_five() -> None:
    made = split(b"quorum", threshold=3, count=5)
    assert {combine(chosen, made.commitments) for chosen in combinations(made.shares, 3)} == {b"quorum"}
