"""An officer and a second one, custodians with their shares, uploads: in a browser. Every page passes axe."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from tests.capabilities.live_page import DESK, MARKS, PHONE, live_page, sound

from quancheng.capabilities.people import actions as people
from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.security import actions, simulate
from quancheng.capabilities.security.models import Certificate, Key, KeyCeremony
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.pki import StampRequest, make_request, make_stamp_request
from quancheng.kernel import keyring
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

pytestmark = MARKS
SHOTS = os.environ.get("QUANCHENG_SCREENSHOTS", "")


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/security-{name}.png", full_page=True)


def grants(*roles: str) -> list[RoleGrant]:
    department = Department.objects.get(code="jn-data").pk
    return [RoleGrant(role, frozenset({department})) for role in roles or ("security.officer",)]


@contextmanager
def as_actor(live_server: Any, patch: pytest.MonkeyPatch, actor: Actor) -> Iterator[Any]:
    """A page signed in as somebody who exists already: rights by user id are theirs."""
    with live_page(live_server, patch, name=f"{actor.name}-{uuid4().hex[:6]}") as page:
        patch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
        )
        yield page


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_sound(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, city: None, size: tuple[int, int], tmp_path: Path
) -> None:
    simulate.seed(None, None)
    keyring.signer("chain-log", Algorithm.EDDSA)
    Browser().post("/tsa", make_stamp_request(StampRequest("2.16.840.1.101.3.4.2.1", bytes(32))),
                   content_type="application/timestamp-query")  # fmt: skip
    call = Call.system("security")
    figures = {"files": 12, "bytes": 7053544, "rows": 2392, "restore_seconds": 0.06}
    actions.record_drill(
        call, number="20261123T134444-9b3397", good=True, figures=figures, findings=[], seconds=15.8
    )
    made = {"number": "20261123T134444-9b3397", "manifest": "0" * 64, "bytes": 7053544, "files": 12,
            "audit_size": 166, "audit_head": "0" * 64, "seconds": 0.2}  # fmt: skip
    actions.record_backup(call, place="/mnt/elsewhere/city", made=made)
    key = Key.objects.get(purpose="security.service")
    leaf = Certificate.objects.filter(purpose="device").first()
    assert leaf is not None
    width = "phone" if size == PHONE else "desk"
    with live_page(live_server, monkeypatch, *grants(), name="王安全", size=size) as page:
        for path in (
            "keys/", f"keys/{key.kid}/", "certificates/", "certificates/issue/", f"certificates/{leaf.serial}/",
            "stamps/", "stamps/verify/", "seals/", "quotas/", "quotas/clients/", "ceremonies/", "ceremonies/start/",
            "backups/",
        ):  # fmt: skip
            sound(page, f"/sec/{path}")
            shot(page, f"{width}-{path.strip('/').replace('/', '-')[:24]}")


def test_a_rotation_takes_two_officers(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, city: None, officer: Callable[..., Actor]
) -> None:
    key = keyring.signer("code-issuer").public
    with live_page(live_server, monkeypatch, *grants(), name="王安全", size=DESK) as page:
        sound(page, "/sec/keys/?q=code")
        page.get_by_role("link", name="市民码签发", exact=True).click()
        page.get_by_role("button", name="提交复核").click()
        page.get_by_role("alert").first.wait_for()
        page.get_by_label("轮换").check()
        page.get_by_label("理由").fill("年度轮换")
        page.get_by_role("button", name="提交复核").click()
        page.get_by_text("您提出的变更须由另一位安全管理员复核").wait_for()
        assert page.get_by_role("button", name="同意并执行").count() == 0
        sound(page)
    with live_page(live_server, monkeypatch, *grants(), name="李复核", size=DESK) as page:
        sound(page, "/sec/keys/")
        page.get_by_role("link", name="轮换").click()
        page.get_by_role("button", name="同意并执行").click()
        page.get_by_text("已执行。").wait_for()
        sound(page)
    assert Key.objects.get(kid=key.kid.hex()).state == Key.State.RETIRING
    assert keyring.signer("code-issuer").public != key in keyring.trusted("code-issuer")


def test_a_certificate_is_issued_from_an_upload_and_revoked(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, city: None, tmp_path: Path
) -> None:
    from asn1crypto import pem

    good, bad = tmp_path / "good.csr", tmp_path / "bad.csr"
    request = make_request(MemoryKey.generate(Algorithm.ES256), "闸机七号", names=("gate-7.example",))
    good.write_bytes(pem.armor("CERTIFICATE REQUEST", request))
    bad.write_text("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")
    with live_page(live_server, monkeypatch, *grants(), name="王安全", size=DESK) as page:
        sound(page, "/sec/certificates/issue/")
        page.get_by_label("用途").select_option("device")
        page.get_by_label("部门").select_option("jn-data")
        page.get_by_label("持有者").fill("济南地铁")
        page.get_by_label("证书申请文件").set_input_files(bad)
        page.get_by_role("button", name="确认签发").click()
        page.get_by_text("数据格式不正确").first.wait_for()
        assert page.get_by_label("持有者").input_value() == "济南地铁"
        sound(page)
        page.get_by_label("证书申请文件").set_input_files(good)
        page.get_by_role("button", name="确认签发").click()
        page.get_by_text("证书已签发。").wait_for()
        sound(page)
        page.get_by_label("吊销原因").select_option("superseded")
        page.get_by_role("button", name="吊销", exact=True).click()
        page.get_by_text("证书已吊销，吊销列表已更新。").wait_for()
        sound(page)
    assert Certificate.objects.get(subject="闸机七号").revoked_reason == "superseded"


def test_an_uploaded_stamp_is_verified_with_its_document(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, city: None, tmp_path: Path
) -> None:
    import hashlib

    document, token = tmp_path / "a.pdf", tmp_path / "a.tsr"
    document.write_bytes(b"document")
    request = StampRequest("2.16.840.1.101.3.4.2.1", hashlib.sha256(b"document").digest(), certificates=True)
    answer = Browser().post("/tsa", make_stamp_request(request), content_type="application/timestamp-query")
    token.write_bytes(answer.content)
    with live_page(live_server, monkeypatch, *grants(), name="王安全") as page:
        sound(page, "/sec/stamps/verify/")
        page.get_by_label("时间戳文件").set_input_files(token)
        page.get_by_label("原文件").set_input_files(document)
        page.get_by_role("button", name="核验").click()
        page.get_by_text("签名、证书和原文件都相符。").wait_for()
        sound(page)
        shot(page, "phone-verified")
        document.write_bytes(b"another")
        page.get_by_label("时间戳文件").set_input_files(token)
        page.get_by_label("原文件").set_input_files(document)
        page.get_by_role("button", name="核验").click()
        page.get_by_text("与所核对的内容不符").first.wait_for()


def test_custodians_take_their_shares_and_prove_the_quorum(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, city: None
) -> None:
    names = ("保管甲", "保管乙")
    shares: dict[str, str] = {}

    for name in names:
        user = User.objects.create_user(f"{name}-号", password="x" * 12)
        User.objects.filter(pk=user.pk).update(kind=User.Kind.OFFICIAL, display_name=name)
        user.refresh_from_db()
        people.grant_role(
            Call.system("people"), user=user, role="security.custodian",
            department=Department.objects.get(code="jn-data"), region_code="370100", reason="测试",
        )  # fmt: skip
    with live_page(live_server, monkeypatch, *grants(), name="王安全", size=DESK) as page:
        sound(page, "/sec/ceremonies/")
        page.get_by_role("link", name="发起仪式").click()
        page.get_by_label("名称").fill("年度仪式")
        for name in names:
            page.get_by_label(name).check()
        page.get_by_label("门限").fill("2")
        page.get_by_role("button", name="发起").click()
        page.get_by_text("仪式已发起").wait_for()
        sound(page)
        shot(page, "desk-ceremony")
    row = KeyCeremony.objects.get()
    for name in names:
        slot = row.slots.get(name=name)
        actor = Actor(ActorKind.OFFICIAL, name, slot.user_id, grants=tuple(grants("security.custodian")))
        with as_actor(live_server, monkeypatch, actor) as page:
            sound(page, f"/sec/ceremonies/{row.pk}/")
            page.get_by_role("button", name="显示我的份额").click()
            shares[name] = page.locator("p.mono", has_text="QSS1").inner_text()
            sound(page)
            shot(page, "phone-share")
            page.get_by_role("link", name="已抄好").click()
            page.get_by_text("已领取").first.wait_for()
            assert page.get_by_role("button", name="显示我的份额").count() == 0
    assert row.refresh().state == KeyCeremony.State.DONE
    actions.open_gathering(
        Call(Actor(ActorKind.OFFICIAL, "王安全", 0, grants=tuple(grants()))), ceremony_id=row.pk, kind="drill"
    )
    for name in names:
        slot = row.slots.get(name=name)
        actor = Actor(ActorKind.OFFICIAL, name, slot.user_id, grants=tuple(grants("security.custodian")))
        with as_actor(live_server, monkeypatch, actor) as page:
            page.goto(f"/sec/ceremonies/{row.pk}/")
            page.get_by_label("我的份额").fill("QSS1-AAAA")
            page.get_by_role("button", name="交份额").click()
            page.get_by_text("数据格式不正确").first.wait_for()
            page.get_by_label("我的份额").fill(shares[name])
            page.get_by_role("button", name="交份额").click()
            page.get_by_text("份额已交。").wait_for()
            sound(page)
    assert row.gatherings.get().state == "done"
