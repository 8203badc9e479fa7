# ruff: noqa: PT017 - refused or bounded: both are fine, each is then looked at
"""坏模型和坏文件: refused with a reason that names the place, nothing written, the matter in force unharmed."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.capabilities.services.bad_models import (
    ALL,
    BOMBS,
    ENDS,
    OFFICE,
    Bad,
    bpmn,
    dmn,
    form,
    gated,
    literal,
)
from tests.capabilities.services.conftest import picture
from tests.capabilities.services.form_matter import CODE, content, pdf

from quancheng.capabilities.services import actions, files
from quancheng.capabilities.services.models import Case, CaseTask, Matter, MatterVersion
from quancheng.capabilities.trust.queries import blob_path
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, InvalidInput, QuanchengError, TooLarge, Unsupported

SECONDS = 30.0
"""Of this process's CPU. Unbounded, the bombs run for hours; bounded, for a second or two, or six under
a line tracer on a busy machine: the limit tells hours from seconds and leaves speed to the benchmarks."""
PLAIN = {"form_json": "", "material": [], "condition": []}
"""The matter without its long form, so that a case is one call."""
BIG = "(for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]])[60]"


@contextmanager
def quickly() -> Iterator[None]:
    began = time.process_time()
    yield
    spent = time.process_time() - began
    assert spent < SECONDS, f"{spent:.1f} s"


def publish(**change: object) -> Matter:
    return actions.publish_matter(Call.system("services"), content=content() | change, module="services")


def apply(person: Actor) -> Case:
    answers = {"confirmed": True}
    return actions.submit_case(Call(person), matter_code=CODE, form=answers, insist=True)


def answer(person: Actor, phone: str) -> Case:
    """The long form, with a telephone number and little else."""
    given = {"phone": phone, "married": "no", "truthful": True}
    return actions.submit_case(Call(person), matter_code=CODE, form=given, insist=True)


def decide(case: Case, verb: str) -> Case:
    case = Case.objects.select_related("version", "matter", "department").get(pk=case.pk)
    grant = RoleGrant("services.clerk", frozenset({case.department_id}))
    clerk = Actor(ActorKind.OFFICIAL, "王审批", case.submitted_by_id, grants=(grant,))
    return getattr(actions, f"{verb}_case")(Call(clerk), case=case)


@pytest.fixture
def applicant(person) -> Actor:
    return person(age_from=30, age_to=60)


def told(wrong: QuanchengError) -> Text:
    """Both languages say something, and neither is the machine's own voice."""
    said = wrong.detail
    assert said.zh
    assert said.en
    assert said.zh != said.en
    assert "Traceback" not in said.zh + said.en
    return said


# -- publishing ----------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("bad", ALL, ids=lambda bad: bad.name)
def test_refused_with_the_place_and_nothing_written(bad: Bad):
    good = publish()
    before = (MatterVersion.objects.count(), AuditEntry.objects.count())
    with quickly(), pytest.raises(InvalidInput) as wrong:
        publish(**bad.change)
    said = told(wrong.value)
    assert bad.words in said.zh
    assert bad.element in said.zh
    assert bad.element in said.en
    faults = wrong.value.extra["faults"]
    assert any(bad.element in (one["element"] or one["part"]) for one in faults)
    assert all(one["text"]["zh"] and one["text"]["en"] for one in faults)
    assert (MatterVersion.objects.count(), AuditEntry.objects.count()) == before
    assert Matter.objects.get(code=CODE).current_id == good.current_id


def test_the_matter_in_force_works_after_all_of_them(applicant):
    good = publish(**PLAIN)
    for bad in ALL:
        with pytest.raises(InvalidInput):
            publish(**{**PLAIN, **bad.change})
    case = apply(applicant)
    assert case.version_id == good.current_id
    assert case.version.number == 1
    assert decide(case, "approve").state == "completed"


# -- FEEL bombs ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb[:30])
def test_a_bomb_behind_a_gateway_is_refused_or_bounded(applicant, person, bomb):
    with quickly():
        publish(**PLAIN, bpmn=gated(bomb))
    with quickly():
        case = apply(applicant)
    before = case.flow
    with quickly():
        try:
            assert decide(case, "approve").state in {"completed", "refused"}, (
                "null and false take the default"
            )
        except Conflict as stuck:
            assert "流程走不下去" in told(stuck).zh
            case.refresh_from_db()
            assert (case.state, case.flow) == ("submitted", before), "nothing half-done"
    publish(**PLAIN)
    assert decide(apply(person(age_from=30, age_to=60)), "approve").state == "completed", (
        "mended for the next"
    )


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb[:30])
def test_a_bomb_in_a_table_goes_to_a_person(applicant, bomb):
    checked = {**content()["condition"][0], "check": "decision", "options": {"decision": "amount"}}
    with quickly():
        publish(**PLAIN | {"condition": [checked], "dmn": dmn(literal("amount", bomb))})
    with quickly():
        case = apply(applicant)
    assert case.findings.get().outcome == "person-decides"
    assert decide(case, "approve").state == "completed"


@pytest.mark.parametrize("bomb", [*BOMBS[:7], BIG], ids=lambda bomb: bomb[:30])
def test_a_bomb_in_a_rule_task_leaves_the_case_where_it_was(applicant, bomb):
    rule = '<businessRuleTask id="rule" qc:decision="amount" qc:result="amount"/>'
    model = bpmn(ENDS + OFFICE + rule, "start -> ask -> rule -> end")
    with quickly():
        publish(**PLAIN | {"bpmn": model, "dmn": dmn(literal("amount", bomb))})
    case = apply(applicant)
    with quickly():
        try:
            assert decide(case, "approve").state == "completed"
        except QuanchengError as refused:
            assert "amount" in told(refused).zh or "流程走不下去" in told(refused).zh
            case.refresh_from_db()
            assert case.state == "submitted"
            assert not CaseTask.objects.filter(case=case).exists()


def test_a_bomb_in_a_script_task(applicant):
    script = '<scriptTask id="sum" qc:result="sum"><script>' + BIG + "</script></scriptTask>"
    publish(**PLAIN, bpmn=bpmn(ENDS + OFFICE + script, "start -> ask -> sum -> end"))
    case = apply(applicant)
    with quickly(), pytest.raises(Conflict, match="流程走不下去"):
        decide(case, "approve")
    case.refresh_from_db()
    assert case.state == "submitted"


def test_no_branch_after_a_service_is_told_not_broken(applicant):
    """The office's step fits; what follows it by itself does not: the reason is the model's."""
    body = (
        ENDS + OFFICE + '<serviceTask id="tell" qc:service="services.notify"/><exclusiveGateway id="gate"/>'
        '<endEvent id="other"/>'
    )
    path = "start -> ask -> tell -> gate; gate -> end [form.weather = 1]; gate -> other [form.weather = 2]"
    publish(**PLAIN, bpmn=bpmn(body, path))
    case = apply(applicant)
    with pytest.raises(Conflict, match="流程走不下去") as stuck:
        decide(case, "approve")
    assert "gate" in told(stuck.value).zh
    case.refresh_from_db()
    assert case.state == "submitted"
    assert not case.history.filter(kind="notified").exists()


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb[:30])
def test_a_bomb_in_a_form_rule_is_refused_or_cheap(applicant, bomb):
    rule = {"target": "phone", "kind": "valid", "feel": bomb, "message": {"zh": "不对", "en": "Wrong"}}
    text = form(rules=(rule,))
    with quickly():
        try:
            publish(form_json=text)
        except InvalidInput as wrong:
            assert "rules." in told(wrong).zh or "phone" in told(wrong).zh
            return
    with quickly(), pytest.raises(QuanchengError) as refused:
        answer(applicant, "13900001111")
    assert told(refused.value)


def test_a_pattern_that_could_take_for_ever(applicant):
    text = form(phone={"type": "string", "pattern": "^(a+)+$"})
    with quickly():
        try:
            publish(form_json=text)
        except InvalidInput as wrong:
            assert "phone" in told(wrong).zh
            return
    with quickly(), pytest.raises(InvalidInput) as refused:
        answer(applicant, "a" * 5_000 + "!")
    assert "phone" in refused.value.fields


# -- uploads -------------------------------------------------------------------------------------------
def upload(data: bytes, name: str, kind: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, kind)


def bomb(width: int, height: int) -> bytes:
    """A tiny PNG whose header promises very many pixels."""
    import struct

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = zlib.compress(b"\0" * 1_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


ANY = ("image/jpeg", "image/png", "application/pdf")
HTML = b"<!DOCTYPE html><script>alert(document.cookie)</script>"


@pytest.mark.parametrize(
    ("data", "name", "kind", "accept", "error", "words"),
    [
        (HTML, "photo.jpg", "image/jpeg", files.PICTURES, Unsupported, "JPEG 或 PNG"),
        (HTML, "photo.jpg", "image/jpeg", ANY, Unsupported, "不看文件名"),
        (b"\xff\xd8\xff\xe0" + HTML, "photo.jpg", "image/jpeg", files.PICTURES, QuanchengError, "图片"),
        (b"MZ\x90\0" + b"\0" * 100, "plan.pdf", "application/pdf", ANY, Unsupported, "不看文件名"),
        (pdf(), "photo.jpg", "image/jpeg", files.PICTURES, Unsupported, "JPEG 或 PNG"),
        (picture(10, 10), "plan.pdf", "application/pdf", ("application/pdf",), Unsupported, "PDF"),
        (pdf(script=True), "plan.pdf", "application/pdf", ANY, InvalidInput, "脚本"),
        (pdf(attachment=True), "plan.pdf", "application/pdf", ANY, InvalidInput, "嵌入的文件"),
        (bomb(60_000, 60_000), "photo.png", "image/png", files.PICTURES, InvalidInput, "像素太多"),
        (bomb(7_100, 7_100), "photo.png", "image/png", files.PICTURES, InvalidInput, "像素太多"),
        (bomb(7_000, 7_000), "photo.png", "image/png", files.PICTURES, InvalidInput, "不完整"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", "image/png", ANY, Unsupported, "不看文件名"),
        (b"", "photo.jpg", "image/jpeg", files.PICTURES, InvalidInput, "空"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_file_that_is_not_what_it_says(town, data, name, kind, accept, error, words):
    with quickly(), pytest.raises(error) as refused:
        files.keep(upload(data, name, kind), accept)
    assert words in told(refused.value).zh + (refused.value.todo.zh if refused.value.todo else "")
    assert not data or not _is_kept(data), "and nothing of it is stored"


def test_a_picture_that_hides_a_page_is_only_ever_shown_as_a_picture(town):
    """A JPEG with HTML in its tail is a JPEG: kept, and never answered as anything else."""
    fact = files.keep(upload(picture() + HTML, "photo.html", "text/html"))
    assert fact.media_type == "image/jpeg"
    answer = files.blob_answer(fact.digest, fact.media_type)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_file_above_the_limit(town):
    with pytest.raises(TooLarge) as refused:
        files.keep(upload(picture() + b"\0" * files.max_bytes(), "photo.jpg", "image/jpeg"))
    assert "MB" in told(refused.value).zh


def test_a_picture_of_many_frames_is_no_bomb(town):
    """An animated PNG of two thousand frames costs one frame."""
    from PIL import Image

    kept = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), (n % 256, 0, 0)) for n in range(300)]
    frames[0].save(kept, "PNG", save_all=True, append_images=frames[1:])
    with quickly():
        assert files.keep(upload(kept.getvalue(), "photo.png", "image/png")).width == 64


def _is_kept(data: bytes) -> bool:
    import hashlib

    return blob_path(hashlib.sha256(data).hexdigest()).is_file()
