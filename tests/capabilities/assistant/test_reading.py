"""The shipped model on drawn licences. A few stay in the fast set; the long rows are slow."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from quancheng.capabilities.assistant import normal, reading
from quancheng.capabilities.assistant.drawing import FACES, PHOTO, POOR, SCAN
from quancheng.capabilities.assistant.kinds import kind
from quancheng.capabilities.assistant.ocr import recogniser
from quancheng.capabilities.assistant.picture import opened
from quancheng.capabilities.assistant.values import PageRead


def read(content: bytes, expected: tuple[str, ...] = ()) -> PageRead:
    picture = opened(content, max_pixels=50_000_000, working_side=1800)
    return reading.read_page(picture, recogniser(1), expected)


def wrong(one, page: PageRead) -> list[str]:
    """Fields that were not read exactly."""
    spec = kind(one.type)
    wanted = {key: normal.normal(spec.field(key).kind, value) for key, value in one.fields.items()}
    return [f"{key}: {wanted[key]} / {page.value(key)}" for key in wanted if wanted[key] != page.value(key)]


def test_a_photographed_licence_with_its_seal(drawn):
    one = drawn("food-business", 3, how=PHOTO)
    page = read(one.jpeg())
    assert page.type == "food-business"
    assert wrong(one, page) == []
    (seal,) = page.seals
    assert normal.alike(seal.ring, one.issuer) >= 0.75
    assert page.quality.score > 0.9
    left, top, right, bottom = page.fields["number"].box
    assert 0 <= left < right <= page.width
    assert 0 <= top < bottom <= page.height


def test_a_cat_on_a_sofa_reads_as_nothing():
    rng = np.random.default_rng(4)
    cat = np.full((600, 800, 3), (120, 150, 170), np.uint8)
    cv2.ellipse(cat, (400, 360), (190, 150), 0, 0, 360, (60, 90, 140), -1)
    for x in (290, 510):
        cv2.fillPoly(cat, [np.array([[x - 50, 250], [x + 50, 250], [x, 130]])], (60, 90, 140))
        cv2.circle(cat, (x + (400 - x) // 3, 330), 26, (60, 200, 210), -1)
    cat = np.clip(cat + rng.normal(0, 8, cat.shape), 0, 255).astype(np.uint8)
    page = read(cv2.imencode(".jpg", cat)[1].tobytes(), ("business-licence",))
    assert page.type == ""
    assert page.fields == {}
    assert page.seals == ()


def test_a_number_misread_at_first_is_read_again_enlarged(drawn):
    """The model's first answer loses the last digit, as measured before; the check digit notices."""
    one = drawn("social-security-card", 5, how=SCAN)

    class Forgetful:
        def __init__(self):
            self.strips = 0

        def page(self, picture):
            from dataclasses import replace

            return [
                replace(line, text=line.text[:-1] if len(line.text) == 18 else line.text)
                for line in recogniser(1).page(picture)
            ]

        def strip(self, picture):
            self.strips += 1
            return recogniser(1).strip(picture)

    reader = Forgetful()
    picture = opened(one.jpeg(), max_pixels=50_000_000, working_side=1800)
    page = reading.read_page(picture, reader)
    assert page.value("id_number") == one.fields["id_number"]
    assert page.fields["id_number"].again
    assert page.fields["id_number"].ok
    assert reader.strips >= 1


@pytest.mark.slow
@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_a_page_on_its_side_or_head(drawn, quarter):
    one = drawn("household-page", 21, how=SCAN)
    picture = np.ascontiguousarray(np.rot90(one.picture, quarter))
    page = read(cv2.imencode(".jpg", picture)[1].tobytes())
    assert page.type == one.type
    assert wrong(one, page) == []


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(FACES))
def test_every_type_scanned_and_photographed(drawn, code):
    for seed, how in ((31, SCAN), (32, PHOTO)):
        one = drawn(code, seed, how=how)
        page = read(one.jpeg())
        assert page.type == code
        assert wrong(one, page) == []
        assert len(page.seals) == bool(one.issuer)


@pytest.mark.slow
def test_poor_pictures_lose_nothing_in_silence(drawn):
    """What is read wrongly on a poor picture of a number must not pass its check."""
    for code in ("business-licence", "id-card-front", "disability-certificate"):
        one = drawn(code, 33, how=POOR)
        page = read(one.jpeg())
        spec = kind(code)
        for key, found in page.fields.items():
            if spec.field(key).kind in {"uscc", "resident", "disability"} and found.ok:
                assert found.value == normal.normal(spec.field(key).kind, one.fields[key])
