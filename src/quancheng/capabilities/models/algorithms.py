"""平台自带的算法: reading pictures, and vectors of texts."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from quancheng.capabilities.models.values import Algorithm, Refused
from quancheng.core.text import Text

WIDTH = 256
GRAMS = (1, 2, 3)
PIXELS = 24_000_000


@lru_cache(maxsize=1)
def _reader() -> Any:
    from rapidocr import RapidOCR

    engine = "EngineConfig.onnxruntime"
    return RapidOCR(
        params={
            "Global.log_level": "error",
            f"{engine}.intra_op_num_threads": 1,
            f"{engine}.inter_op_num_threads": 1,
            f"{engine}.enable_cpu_mem_arena": False,
        }
    )


def read_picture(image: str) -> Mapping[str, Any]:
    """文字识别: lines of a JPEG or PNG (base64), each with its corners in pixels and its score 0…1."""
    import cv2
    import numpy as np

    try:
        content = base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise Refused.of("image", "不是有效的 Base64", "is no valid base64") from wrong
    if not content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise Refused.of("image", "只接受 JPEG 或 PNG 图片", "must be a JPEG or PNG picture")
    if content.startswith(b"\x89PNG"):
        width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
        if width * height > PIXELS:
            raise Refused.of("image", "像素太多", "has too many pixels")
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise Refused.of("image", "图片已损坏", "is a damaged picture")
    if picture.shape[0] * picture.shape[1] > PIXELS:
        raise Refused.of("image", "像素太多", "has too many pixels")
    found: Any = _reader()(picture, use_det=True, use_cls=True, use_rec=True)
    if found.boxes is None or found.txts is None:
        return {"lines": []}
    lines = [
        {
            "text": str(text),
            "corners": [[round(float(x), 1), round(float(y), 1)] for x, y in box],
            "score": round(float(score), 4),
        }
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]
    return {"lines": sorted(lines, key=lambda one: (one["corners"][0][1], one["corners"][0][0]))}


def embed(texts: Sequence[str]) -> Mapping[str, Any]:
    """文本向量: signed hashing of character 1- to 3-grams into 256 places, of length one.

    Feature hashing (Weinberger et al., ICML 2009). It knows spelling, not meaning: texts that share words
    lie near, synonyms do not. Its merit is that it needs no model file of doubtful licence.
    """
    return {"vectors": [_vector(one) for one in texts], "dimensions": WIDTH}


def _vector(text: str) -> list[float]:
    import numpy as np

    found = np.zeros(WIDTH)
    plain = "".join(text.lower().split())
    for size in GRAMS:
        for start in range(len(plain) - size + 1):
            digest = hashlib.blake2b(plain[start : start + size].encode(), digest_size=8).digest()
            value = int.from_bytes(digest, "big")
            found[value % WIDTH] += 1.0 if value >> 63 else -1.0
    length = float(np.linalg.norm(found))
    return [round(float(one), 6) for one in (found / length if length else found)]


ALGORITHMS = (
    Algorithm(
        id="ocr",
        title=Text("图片文字识别", "Text in a picture"),
        summary=Text(
            "识别图片里的文字行、位置和可信度（PP-OCRv6，随安装包提供）。图片不保存。",
            "Lines of text in a picture, where they stand and how sure (PP-OCRv6 of the installed package). "
            "The picture is not kept.",
        ),
        inputs={
            "image": {
                "type": "string", "contentEncoding": "base64", "contentMediaType": "image/jpeg",
                "minLength": 100, "maxLength": 14_000_000,
            }
        },
        outputs={"lines": {"type": "array", "items": {"type": "object"}}},
        function=read_picture,
    ),
    Algorithm(
        id="embedding",
        title=Text("文本向量", "Vectors of texts"),
        summary=Text(
            "把文本变成 256 维向量，用字的写法而不是含义；相同用词的文本距离近。",
            "Turns texts into vectors of 256 numbers by spelling, not by meaning; texts that share words lie near.",
        ),
        inputs={
            "texts": {
                "type": "array", "minItems": 1, "maxItems": 64,
                "items": {"type": "string", "minLength": 1, "maxLength": 2000},
            }
        },
        outputs={
            "vectors": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            "dimensions": {"type": "integer"},
        },
        function=embed,
        public=True,
    ),
)  # fmt: skip
