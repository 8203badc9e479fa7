"""Files people send: lying names, bombs, empty, broken, sideways; and drawn licences that say they are simulated."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from quancheng.capabilities.assistant import drawing
from quancheng.capabilities.assistant.drawing import FACES, PHOTO, POOR, fonts
from quancheng.capabilities.assistant.kinds import kinds
from quancheng.capabilities.assistant.picture import crop_jpeg, opened
from quancheng.core.identity import is_resident_id, is_uscc
from quancheng.core.seal import find_seals
from quancheng.kernel.errors import InvalidInput, QuanchengError, Unavailable, Unsupported

LIMITS = {"max_pixels": 50_000_000, "working_side": 1800}


def png(width: int, height: int) -> bytes:
    """A PNG that says it is so large and holds almost nothing."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", head)
        + part(b"IDAT", zlib.compress(b"\0" * 99))
        + part(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", InvalidInput, "空的"),
        (b"%PDF-1.7 and so on", Unsupported, "不是 JPEG"),
        (b"MZ\x90\x00" + bytes(200), Unsupported, "不是 JPEG"),
        (b"GIF89a" + bytes(50), Unsupported, "不是 JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Unsupported, "不是 JPEG"),
        (png(60_000, 60_000), InvalidInput, "像素"),
        (png(9_000, 9_000), InvalidInput, "像素"),
        (png(500, 500), InvalidInput, "损坏"),
        (b"\xff\xd8\xff\xe0" + bytes(300), QuanchengError, ""),
    ],
)
def test_what_cannot_be_read_says_why(content, error, words):
    with pytest.raises(error) as caught:
        opened(content, **LIMITS)
    assert words in caught.value.detail.zh
    assert caught.value.detail.en


def test_large_and_sideways_pictures_are_made_upright_and_smaller():
    kept = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter
    Image.new("RGB", (4000, 3000), "white").save(kept, "JPEG", exif=exif)
    found = opened(kept.getvalue(), **LIMITS)
    assert (found.width, found.height) == (3000, 4000)
    assert found.pixels.shape == (1800, 1350, 3)
    assert found.scale == pytest.approx(0.45)


def test_palette_and_transparent_pictures_open():
    for mode in ("P", "L", "RGBA", "1"):
        kept = io.BytesIO()
        Image.new(mode, (60, 40)).save(kept, "PNG")
        assert opened(kept.getvalue(), **LIMITS).pixels.shape == (40, 60, 3)


def test_cut_outs_stay_inside():
    pixels = np.full((100, 200, 3), 200, np.uint8)
    part = Image.open(io.BytesIO(crop_jpeg(pixels, (-50, -50, 60, 30))))
    assert part.width <= 200
    assert crop_jpeg(pixels, (500, 500, 600, 600)) is None


def test_every_type_can_be_drawn_and_is_the_same_for_a_seed(drawn):
    assert set(FACES) == {one.code for one in kinds()}
    for code in FACES:
        one, again, other = drawn(code, 7), drawn(code, 7), drawn(code, 8)
        assert (one.picture == again.picture).all()
        assert one.fields == again.fields != other.fields
        assert "模拟" in "".join(fonts.__doc__ + drawing.__doc__)
        assert bool(one.issuer) == (FACES[code].seal is not None)
        assert len(find_seals(one.picture)) == bool(one.issuer), code


def test_drawn_numbers_are_valid(drawn):
    for seed in range(20):
        assert is_uscc(drawn("business-licence", seed).fields["code"], require_organisation_check=True)
        card = drawn("id-card-front", seed).fields
        assert is_resident_id(card["id_number"])
        assert (
            card["birth_date"].replace("年", "").replace("月", "").replace("日", "")
            == card["id_number"][6:14]
        )
        assert (int(card["id_number"][16]) % 2 == 1) == (card["sex"] == "男")


@pytest.mark.parametrize("how", [PHOTO, POOR])
def test_photographed_seals_are_found_and_unsealed_pages_have_none(drawn, how):
    sealed = [code for code, face in FACES.items() if face.seal]
    assert all(len(find_seals(drawn(code, 11, how=how).picture)) == 1 for code in sealed)
    assert all(not find_seals(drawn(code, 11, how=how, sealed=False).picture) for code in FACES)


def test_without_a_chinese_font_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(fonts.shutil, "which", lambda name: None)
    fonts._place.cache_clear()
    with pytest.raises(Unavailable) as caught:
        drawing.draw("id-card-back", 1)
    fonts._place.cache_clear()
    assert "fonts-noto-cjk" in caught.value.todo.zh
    assert "fonts-noto-cjk" in caught.value.todo.en
