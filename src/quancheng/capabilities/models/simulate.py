"""演示数据: the reading models that ship inside the installed package rapidocr, registered as drafts.

The files are real and were tried; nobody has measured them on data of the city, so none is in use here.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from quancheng.capabilities.models import actions, checking
from quancheng.capabilities.models.models import Model
from quancheng.capabilities.models.values import Risk
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

SHIPPED = (
    (
        "ocr-detection",
        "PP-OCRv6_det_small.onnx",
        Text("文字检测", "Detection of text"),
        Text("找出图片中的文字行", "Finds lines of text in a picture"),
    ),
    (
        "ocr-direction",
        "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
        Text("文字方向", "Direction of text"),
        Text("判断文字行是否倒置", "Tells whether a line stands upside down"),
    ),
)


def seed(city: Any, random: Any) -> str:
    """Once; by the same actions as people."""
    call = Call(Actor.system("models", simulated=True))
    package = find_spec("rapidocr")
    if Model.objects.exists() or package is None or package.origin is None:
        return "-"
    folder = Path(package.origin).parent / "models"
    organ = people.department("jn-data")
    for code, file, name, purpose in SHIPPED:
        actions.register_model(
            call,
            code=code,
            name=name,
            purpose=purpose,
            organ_id=organ.pk,
            licence="Apache-2.0",
            risk=Risk.LOW,
            uses=["ocr"],
            simulated=True,
        )
        kept = checking.keep((folder / file).read_bytes())
        actions.add_version(call, code=code, sha256=kept, provenance=f"rapidocr: {file}")
    return f"{Model.objects.count()}个模型"
