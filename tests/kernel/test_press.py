"""The press prints Chinese, fetches nothing from outside, and leaves uploads as strict as before."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageFile
from pypdf import PdfReader

from quancheng.kernel.press import pdf_of


def test_chinese_is_printed_and_can_be_read_back():
    pdf = pdf_of('<html lang="zh"><body><p>不予办理决定书</p></body></html>')
    assert "不予办理决定书" in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_nothing_is_fetched_from_outside(caplog):
    pdf = pdf_of('<body><img src="http://127.0.0.1:9/x.png"><img src="file:///etc/hostname">文</body>')
    assert not PdfReader(io.BytesIO(pdf)).pages[0].images


def test_a_truncated_picture_is_still_refused_after_printing():
    pdf_of("<p>文</p>")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    kept = io.BytesIO()
    Image.new("RGB", (300, 300), "#eef").save(kept, "JPEG")
    with Image.open(io.BytesIO(kept.getvalue()[:900])) as broken, pytest.raises(OSError, match="truncated"):
        broken.load()
