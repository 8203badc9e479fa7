"""BB84 on simulated photons: two sides end with one secret, or with a reason why not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.qkd import (
    Channel,
    Eavesdropper,
    KeyHolder,
    Outcome,
    QkdError,
    Settings,
    binary_entropy,
    correct,
    distil,
    fluctuation,
    run_round,
    secret_length,
    shor_preskill_rate,
    toeplitz,
    transmit,
)
from quancheng.core.qkd.channel import Bits

QUIET = Channel(loss_db=2.0, efficiency=0.2, dark=1e-6, misalignment=0.015)


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_quiet_fibre_gives_both_sides_the_same_secret() -> None:
    done = run_round(QUIET, 600_000, rng())
    assert done.outcome is Outcome.KEY
    assert done.alice == done.bob
    assert done.secret_bits > 8_000
    assert done.simulated


def test_the_same_seed_gives_the_same_round_and_another_seed_another_key() -> None:
    one, again, other = (run_round(QUIET, 300_000, rng(seed)) for seed in (1, 1, 2))
    assert one == again
    assert one.alice != other.alice


def test_half_of_what_is_detected_is_sifted_and_detection_follows_the_loss() -> None:
    for loss in (0.0, 3.0, 10.0):
        raw = transmit(Channel(loss_db=loss, efficiency=0.5, dark=0), 400_000, rng())
        expected = 400_000 * 0.5 * 10 ** (-loss / 10)
        assert raw.detected == pytest.approx(expected, rel=0.03)
        assert len(raw) == pytest.approx(raw.detected / 2, rel=0.03)


def test_a_full_eavesdropper_errs_a_quarter_of_the_time_and_there_is_no_key() -> None:
    done = run_round(Channel(misalignment=0.0, dark=0), 600_000, rng(), eve=Eavesdropper())
    assert done.outcome is Outcome.TOO_NOISY
    assert done.qber == pytest.approx(0.25, abs=0.015)
    assert done.alice == done.bob == b""


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_a_cautious_eavesdropper_errs_in_proportion(share: float) -> None:
    done = run_round(Channel(misalignment=0.0, dark=0), 1_000_000, rng(), eve=Eavesdropper(share))
    assert done.qber == pytest.approx(share / 4, abs=0.01)


def test_what_a_cautious_eavesdropper_learnt_is_shortened_away() -> None:
    """She knows more than her errors suggest; amplification must take at least what she holds."""
    raw = transmit(Channel(misalignment=0.0, dark=0), 2_000_000, rng(), Eavesdropper(0.2))
    known = raw.eve != 2
    hers = int((raw.eve[known] == raw.alice[known]).sum())
    assert 0.70 < hers / known.sum() < 0.80  # three quarters right: half by basis, half by luck
    done = distil(raw, rng(3), Settings())
    assert done.outcome is Outcome.KEY
    taken = done.sifted - done.sampled - done.secret_bits - done.leaked
    shannon = known.mean() / 2 * (done.sifted - done.sampled)  # she is sure of half of what she caught
    assert taken > shannon


def test_dark_counts_alone_make_noise_and_no_key() -> None:
    done = run_round(Channel(loss_db=60.0, dark=1e-3), 2_000_000, rng())
    assert done.outcome is Outcome.TOO_NOISY
    assert done.qber == pytest.approx(0.5, abs=0.08)


def test_too_few_photons_give_no_key_and_say_so() -> None:
    assert run_round(QUIET, 5_000, rng()).outcome is Outcome.TOO_SHORT
    assert run_round(Channel(loss_db=80.0, dark=0), 1_000, rng()).outcome is Outcome.TOO_SHORT


def test_errors_that_correction_leaves_are_found_and_nothing_is_used() -> None:
    """One pass of Cascade leaves pairs of errors; the hash must notice."""
    done = run_round(Channel(misalignment=0.06), 600_000, rng(), Settings(passes=1))
    assert done.outcome is Outcome.NOT_EQUAL
    assert done.alice == done.bob == b""


def test_the_length_of_the_key_pays_for_every_parity_and_hash_bit_told() -> None:
    done = run_round(QUIET, 600_000, rng())
    limit = (done.sifted - done.sampled) * binary_entropy(done.qber)
    assert done.leaked > limit + 64  # nobody corrects for less than Shannon's limit
    kept = done.sifted - done.sampled
    assert done.secret_bits == secret_length(kept, done.sampled, done.qber, done.leaked, 1e-10) // 8 * 8
    assert 1.0 < done.efficiency < 1.3


def test_threshold_and_settings_are_checked() -> None:
    assert run_round(QUIET, 300_000, rng(), Settings(qber_most=0.005)).outcome is Outcome.TOO_NOISY
    for wrong in ({"qber_most": 0.0}, {"qber_most": 0.5}, {"sample": 1.0}, {"epsilon": 0.0}, {"passes": 0}):
        with pytest.raises(QkdError):
            Settings(**wrong)
    for bad in ({"loss_db": -1.0}, {"efficiency": 1.1}, {"dark": -0.1}, {"misalignment": 2.0}):
        with pytest.raises(QkdError):
            Channel(**bad)
    with pytest.raises(QkdError):
        Eavesdropper(1.5)
    with pytest.raises(QkdError):
        transmit(QUIET, 0, rng())


def test_keys_are_never_shown() -> None:
    done = run_round(QUIET, 300_000, rng())
    assert done.alice.hex()[:16] not in repr(done)
    assert repr(done.alice)[:12] not in repr(done)


# -- Cascade


def _noisy(length: int, rate: float, seed: int) -> tuple[Bits, Bits]:
    random = rng(seed)
    key = random.integers(0, 2, length, dtype=np.uint8)
    return key, key ^ (random.random(length) < rate).astype(np.uint8)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4000), st.floats(0.0, 0.1), st.integers(0, 2**20))
def test_cascade_corrects_or_the_difference_is_even(length: int, rate: float, seed: int) -> None:
    key, noisy = _noisy(length, rate, seed)
    fixed = correct(noisy, KeyHolder(key), rate, rng(seed + 1)).key
    assert int((fixed != key).sum()) % 2 == 0  # whole-key parity always agrees


@pytest.mark.parametrize("rate", [0.005, 0.02, 0.05, 0.1])
def test_cascade_corrects_everything_at_a_known_price(rate: float) -> None:
    """Efficiency of the original protocol: about 1.05–1.25 of Shannon (Martinez-Mateo et al. 2015)."""
    key, noisy = _noisy(50_000, rate, 5)
    teller = KeyHolder(key)
    fixed = correct(noisy, teller, rate, rng(6))
    assert np.array_equal(fixed.key, key)
    assert fixed.flipped >= int((noisy != key).sum())
    price = teller.leaked / (50_000 * binary_entropy(rate))
    assert 1.0 < price < 1.35


def test_every_parity_told_is_counted() -> None:
    key, noisy = _noisy(2_000, 0.05, 9)
    told = 0

    class Counting(KeyHolder):
        def parities(self, number: int, starts: np.ndarray, stops: np.ndarray) -> Bits:
            nonlocal told
            told += len(starts)
            return super().parities(number, starts, stops)

    teller = Counting(key)
    correct(noisy, teller, 0.05, rng())
    assert teller.leaked == told > 0
    assert teller.requests < told  # asked in batches


def test_an_error_rate_of_a_half_cannot_be_corrected() -> None:
    with pytest.raises(QkdError):
        correct(np.zeros(8, dtype=np.uint8), KeyHolder(np.zeros(8, dtype=np.uint8)), 0.5, rng())


# -- amplification


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**20))
def test_the_fast_product_is_the_matrix_product(size: int, length: int, seed: int) -> None:
    random = rng(seed)
    bits = random.integers(0, 2, size, dtype=np.uint8)
    diagonals = random.integers(0, 2, size + length - 1, dtype=np.uint8)
    matrix = np.array(
        [[diagonals[row - column + size - 1] for column in range(size)] for row in range(length)]
    )
    assert np.array_equal(toeplitz(bits, length, diagonals), matrix @ bits % 2)


def test_one_bit_of_difference_changes_half_of_the_hash() -> None:
    random = rng()
    bits = random.integers(0, 2, 100_000, dtype=np.uint8)
    seed = random.integers(0, 2, 120_000 - 1, dtype=np.uint8)
    other = bits.copy()
    other[77] ^= 1
    changed = (toeplitz(bits, 20_000, seed) != toeplitz(other, 20_000, seed)).mean()
    assert 0.45 < changed < 0.55


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(QkdError):
        toeplitz(np.zeros(8, dtype=np.uint8), 4, np.zeros(10, dtype=np.uint8))


def test_the_rate_reaches_zero_at_eleven_percent() -> None:
    """Shor and Preskill 2000: 11.0 %."""
    assert shor_preskill_rate(0.0) == 1.0
    assert shor_preskill_rate(0.1100) > 0
    assert shor_preskill_rate(0.1101) == 0
    assert shor_preskill_rate(0.5) == 0


def test_finite_keys_are_shorter_and_tend_to_the_limit() -> None:
    lengths = []
    for kept in (10_000, 100_000, 1_000_000, 100_000_000):
        leaked = int(kept * binary_entropy(0.02))
        lengths.append(secret_length(kept, kept, 0.02, leaked, 1e-10) / kept)
    assert lengths == sorted(lengths)
    assert lengths[-1] == pytest.approx(shor_preskill_rate(0.02), abs=0.005)
    assert lengths[0] < lengths[-1] / 1.2


def test_each_bit_leaked_is_a_bit_less_and_half_the_errors_none_at_all() -> None:
    base = secret_length(100_000, 20_000, 0.02, 10_000, 1e-10)
    assert secret_length(100_000, 20_000, 0.02, 10_100, 1e-10) == base - 100
    assert secret_length(100_000, 20_000, 0.49, 0, 1e-10) == 0
    assert secret_length(100, 20, 0.02, 10, 1e-10) == 0


def test_the_fluctuation_is_the_formula_of_tomamichel() -> None:
    n, k, eps = 9_000, 1_000, 1e-10
    assert fluctuation(n, k, eps) == pytest.approx(
        math.sqrt((n + k) / (n * k) * (k + 1) / k * math.log(4 / eps))
    )
    with pytest.raises(QkdError):
        fluctuation(0, 1, eps)
    with pytest.raises(QkdError):
        binary_entropy(1.5)
