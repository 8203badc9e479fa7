"""上传与签名: several files for one material, taking one back, and the signatures of the applicant.

Beside ``actions.attach_file``, which programs use for a material's one file. The second and further
files of a material are kept under ``material#2``, ``material#3`` …
"""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import files
from quancheng.capabilities.services.checks import FileFact
from quancheng.capabilities.services.definitions import definition_of, material_of, sign_key, spec_of
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.models import Case, CaseFile, Draft
from quancheng.capabilities.trust import queries as trust
from quancheng.core.forms import Field, Kind
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import Assurance
from quancheng.kernel.errors import Conflict, InvalidInput, Unsupported

__all__ = ["add_file", "remove_file", "sign"]

_MOST_DRAWN = 400_000
_LEAST_INK = 60
"""Dark pixels below which a drawing is no signature."""
_CANVAS = (60, 20, 2400, 1200)


@action("services.file.add", idempotent=False)
def add_file(
    call: Call, *, field: str, fact: FileFact, name: str, draft: Draft | None = None, case: Case | None = None
) -> CaseFile:
    """添加材料 to a file field of one's draft, or of a case that waits for correction.

    A field for one file replaces it; a field for several takes them up to its number.
    Raises Forbidden, InvalidInput (no such field, too many), Conflict.
    """
    asked = _field(_target(call, draft, case), field, Kind.FILE)
    material = material_of(asked)
    mine = [one for one in _current(draft, case) if one.material.split("#")[0] == material]
    if asked.most == 1:
        slot = material
        CaseFile.objects.filter(pk__in=[one.pk for one in mine]).update(current=False)
    elif len(mine) >= asked.most:
        wrong = Text(
            f"{asked.label.zh}最多{asked.most}个文件", f"{asked.label.en}: at most {asked.most} files"
        )
        raise InvalidInput(wrong, fields={field: wrong})
    else:
        taken = {one.material for one in mine}
        slots = (material if n == 1 else f"{material}#{n}" for n in range(1, asked.most + 1))
        slot = next(one for one in slots if one not in taken)
    return _kept(call, slot, fact, name, draft, case)


@action("services.file.remove", idempotent=False)
def remove_file(call: Call, *, file: CaseFile) -> int:
    """删除材料 of one's draft or of a case in correction; the bytes stay under their hash. Raises Forbidden."""
    _target(call, file.draft, file.case)
    audit.note(material=file.material, sha256=file.digest)
    return CaseFile.objects.filter(pk=file.pk).update(current=False)


@action("services.sign", idempotent=False)
def sign(
    call: Call,
    *,
    field: str,
    drawn: str = "",
    typed: str = "",
    draft: Draft | None = None,
    case: Case | None = None,
) -> CaseFile:
    """签名: drawn (a PNG as data address) or by typing one's name after a strong sign-in.

    Raises Forbidden, NeedsStepUp (typed with a password only), InvalidInput (blank, not a picture,
    another name).
    """
    asked = _field(_target(call, draft, case), field, Kind.SIGNATURE)
    if drawn:
        fact, name = _drawing(asked, drawn), _signer(call)
    else:
        people.require_assurance(call.actor, Assurance.STRONG)
        fact, name = _declared(call, asked, typed)
    CaseFile.objects.filter(draft=draft, case=case, material=sign_key(asked)).update(current=False)
    return _kept(call, sign_key(asked), fact, name, draft, case)


def _target(call: Call, draft: Draft | None, case: Case | None) -> Any:
    """The definition's owner, after asking for the right. Raises Forbidden, InvalidInput, Conflict."""
    if draft is not None:
        access.require(call.actor, "save", draft)
        return spec_of(draft.matter)
    if case is None:
        raise InvalidInput(Text("没有指明草稿或办件。", "Neither a draft nor a case was named."))
    access.require(call.actor, "correct", case)
    if case.state != State.CORRECTION:
        raise Conflict(
            Text(
                "只有待补正的办件可以更换材料。", "Files can be replaced only while a correction is awaited."
            )
        )
    return case.version.spec


def _field(spec: Any, key: str, kind: Kind) -> Field:
    for one in definition_of(spec).fields:
        if one.kind is kind and key in {one.key, f"file_{material_of(one)}"}:
            return one
    raise InvalidInput(Text(f"表单里没有 {key}。", f"The form has no {key}."))


def _current(draft: Draft | None, case: Case | None) -> list[CaseFile]:
    return list(CaseFile.objects.filter(draft=draft, case=case, current=True))


def _kept(
    call: Call, material: str, fact: FileFact, name: str, draft: Draft | None, case: Case | None
) -> CaseFile:
    kept: CaseFile = CaseFile.objects.create(
        draft=draft, case=case, material=material, digest=fact.digest, media_type=fact.media_type,
        size=fact.size, width=fact.width, height=fact.height, name=name[-120:], added_at=call.at,
        added_by_id=call.actor.user_id or 0,
    )  # fmt: skip
    audit.note(material=material, sha256=fact.digest, size=fact.size)
    return kept


def _signer(call: Call) -> str:
    mine = people.me(call.actor)
    return mine.name if mine is not None else str(call.actor)


def _declared(call: Call, asked: Field, typed: str) -> tuple[FileFact, str]:
    """A signature by name: what is kept is the declaration itself."""
    name = _signer(call)
    if "".join(typed.split()) != "".join(name.split()):
        wrong = Text("签名应与您的实名一致", "Type your own name as it is registered")
        raise InvalidInput(wrong, fields={asked.key: wrong})
    words = f"{asked.label.zh}\n{name}\n{call.at.isoformat()}\n".encode()
    digest, size = trust.store_blob(iter([words]), files.max_bytes())
    return FileFact(digest, "text/plain", size, 0, 0), name


def _drawing(asked: Field, drawn: str) -> FileFact:
    """The PNG of a drawn signature: small, really a picture, and not blank."""
    blank = Text(f"请签名：{asked.label.zh}", f"Sign: {asked.label.en}")
    head, _, body = drawn.partition(",")
    if head != "data:image/png;base64" or len(body) > _MOST_DRAWN:
        raise InvalidInput(blank, fields={asked.key: blank})
    try:
        content = base64.b64decode(body, validate=True)
        fact = files.keep(SimpleUploadedFile("signature.png", content, "image/png"), ("image/png",))
    except (binascii.Error, ValueError, InvalidInput, Unsupported) as wrong:
        raise InvalidInput(blank, fields={asked.key: blank}) from wrong
    low_w, low_h, high_w, high_h = _CANVAS
    if not (low_w <= fact.width <= high_w and low_h <= fact.height <= high_h) or _ink(content) < _LEAST_INK:
        raise InvalidInput(blank, fields={asked.key: blank})
    return fact


def _ink(content: bytes) -> int:
    """How many pixels are dark on white."""
    with Image.open(io.BytesIO(content)) as image:
        drawn = image.convert("RGBA")
        paper = Image.new("RGBA", drawn.size, "white")
        grey = Image.alpha_composite(paper, drawn).convert("L")
    return sum(grey.histogram()[:128])
