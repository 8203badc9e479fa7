"""A matter whose form has everything: pages, rules, a repeating group, files, a signature, a second applicant."""

from __future__ import annotations

import io
import json
from typing import Any

from quancheng.capabilities.services import actions
from quancheng.capabilities.services.models import Matter
from quancheng.kernel.actions import Call

CODE = "family-subsidy"


def both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


FORM: dict[str, Any] = {
    "schema": {
        "type": "object",
        "required": ["name", "phone", "married", "children", "proof", "signed", "truthful"],
        "properties": {
            "name": {"type": "string"},
            "phone": {"type": "string"},
            "married": {"type": "string", "enum": ["yes", "no"]},
            "spouse": {"type": "object"},
            "children": {
                "type": "array", "minItems": 1, "maxItems": 3,
                "items": {
                    "type": "object", "required": ["name", "born"],
                    "properties": {
                        "name": {"type": "string", "maxLength": 20},
                        "born": {"type": "string", "format": "date"},
                        "school": {"type": "string", "maxLength": 40},
                    },
                },
            },
            "how_many": {"type": "integer"},
            "proof": {"minItems": 1, "maxItems": 2},
            "signed": {},
            "truthful": {"type": "boolean"},
        },
    },
    "pages": [
        {"key": "you", "title": both("您和家人", "You"), "fields": ["name", "phone", "married", "spouse"]},
        {"key": "children", "title": both("孩子", "Children"), "fields": ["children", "how_many"]},
        {"key": "papers", "title": both("材料和签名", "Papers"), "fields": ["proof", "signed", "truthful"]},
    ],
    "ui": {
        "name": {"label": both("申请人姓名", "Applicant"), "prefill": "name", "locked": True},
        "phone": {"label": both("联系电话", "Telephone"), "prefill": "phone", "widget": "phone"},
        "married": {"label": both("是否结婚", "Married"),
                    "options": {"yes": both("是", "Yes"), "no": both("否", "No")}},
        "spouse": {"label": both("配偶", "Spouse"), "widget": "cosigner"},
        "children": {"label": both("孩子", "Children")},
        "children[].name": {"label": both("姓名", "Name")},
        "children[].born": {"label": both("出生日期", "Born"), "past": True},
        "children[].school": {"label": both("学校", "School")},
        "how_many": {"label": both("孩子数", "How many")},
        "proof": {"label": both("证明材料", "Proof"), "widget": "file", "accept": ["jpeg", "png", "pdf"]},
        "signed": {"label": both("申请人签名", "Signature"), "widget": "signature"},
        "truthful": {"label": both("我承诺属实", "I declare it is true")},
    },
    "rules": [
        {"target": "spouse", "kind": "visible", "feel": 'married = "yes"'},
        {"target": "spouse", "kind": "required", "feel": 'married = "yes"'},
        {"target": "children[].school", "kind": "visible", "feel": "years and months duration(born, today).years >= 6"},
        {"target": "children[].school", "kind": "required", "feel": "born != null"},
        {"target": "how_many", "kind": "value", "feel": "count(children)"},
    ],
}  # fmt: skip


def content(form: dict[str, Any] | None = None) -> dict[str, Any]:
    basis = both("育儿补贴办法（模拟）", "Childcare subsidy rules (simulated)")
    return {
        "code": CODE,
        "name": both("育儿补贴", "Family subsidy"),
        "summary": both("给有孩子的家庭（模拟）。", "For families with children (simulated)."),
        "kind": "public-service",
        "zones": ["newborn"],
        "simulated": True,
        "department": {"follows": "jn-health", "level": "district"},
        "period": {"legal": "services.birth_registration.legal_days"},
        "basis": [basis],
        "condition": [
            {"id": "adult", "text": both("年满18周岁", "Adult"), "check": "age_at_least",
             "options": {"parameter": "services.adult_age"}, "basis": basis},
        ],
        "material": [
            {"key": "proof", "name": both("证明材料", "Proof"), "source": "upload", "how": both("上传", "Upload")},
        ],
        "result": {"name": both("补贴决定", "Decision")},
        "form_json": json.dumps(form or FORM, ensure_ascii=False),
    }  # fmt: skip


def published(form: dict[str, Any] | None = None) -> Matter:
    """The matter in force, as its author would publish it."""
    return actions.publish_matter(Call.system("services"), content=content(form), module="services")  # type: ignore[no-any-return]


def pdf(*, script: bool = False, attachment: bool = False) -> bytes:
    """A small PDF; with a script or a file inside if wanted."""
    from pypdf import PdfWriter
    from pypdf.generic import DictionaryObject, NameObject, TextStringObject

    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    if script:
        act = {
            NameObject("/S"): NameObject("/JavaScript"),
            NameObject("/JS"): TextStringObject("app.alert(1)"),
        }
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(act)
    if attachment:
        writer.add_attachment("x.txt", b"x")
    kept = io.BytesIO()
    writer.write(kept)
    return kept.getvalue()


def signature(*, blank: bool = False) -> str:
    """What the canvas sends."""
    import base64

    from PIL import Image, ImageDraw

    image = Image.new("RGB", (640, 240), "white")
    if not blank:
        ImageDraw.Draw(image).line([(50, 200), (300, 40), (500, 180)], fill="black", width=5)
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return "data:image/png;base64," + base64.b64encode(kept.getvalue()).decode()
