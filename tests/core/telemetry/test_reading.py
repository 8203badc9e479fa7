"""Readings, quality flags and refusals: the words all codecs share."""

from __future__ import annotations

import pickle
import re

import msgspec
import pytest

from quancheng.core.telemetry.reading import Quality, Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason, byte_count
from quancheng.core.text import Text

ASCII_MARK = re.compile(r"[一-鿿][,;:!?()]|[,;:!?()][一-鿿]")


def test_a_reading_is_a_value() -> None:
    reading = Reading("pm25", 35.5, "μg/m³", 1, Quality.SUSPECT | Quality.LATE)
    assert reading == Reading("pm25", 35.5, "μg/m³", 1, 8194)
    assert len({reading, pickle.loads(pickle.dumps(reading))}) == 1
    assert msgspec.structs.replace(reading, value=None).element == "pm25"
    with pytest.raises(AttributeError):
        reading.value = 1.0  # type: ignore[misc]


def test_quality_flags_are_single_bits_of_sixteen() -> None:
    bits = [int(flag) for flag in Quality if flag]
    assert len(bits) == len(set(bits)) == 16
    assert all(bit & (bit - 1) == 0 and bit < 1 << 16 for bit in bits)
    assert Quality.GOOD == 0


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_what_to_do_in_both_languages(reason: Reason) -> None:
    refused = FrameRefused(reason, Text("第 3 行", "line 3"))
    assert refused.message.zh.endswith("（第 3 行）") and "：" in refused.message.zh
    assert refused.message.en.endswith("(line 3)") and refused.message.en.isascii()
    assert not ASCII_MARK.search(refused.message.zh)
    assert FrameRefused(reason).message == refused.advice
    assert (refused.reason, refused.detail, str(refused)) == (reason, "line 3", f"{reason}: line 3")


def test_a_count_of_bytes_says_where() -> None:
    assert byte_count(3) == Text("3 字节", "3 bytes")
    assert byte_count(3, 5) == Text("应 5 字节，实 3 字节", "3 of 5 bytes")
    assert byte_count(3, at=7) == Text("第 7 字节起，3 字节", "3 bytes at 7")
    assert byte_count(3, 5, 7) == Text("第 7 字节起，应 5 字节，实 3 字节", "3 of 5 bytes at 7")
