"""A paper is uploaded: what holds, what was changed, what of OFD can be told; hostile files are refused."""

# ruff: noqa: E501, F811 - documents in one line; a fixture that comes from another file

from __future__ import annotations

import base64
import io
import random
import zipfile
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.core.pki.test_seals import Office, office  # noqa: F401 - a fixture
from tests.core.pki.world import NOW

from quancheng.capabilities.trust import actions, blobs, checking, ofd, simulate
from quancheng.capabilities.trust.models import Licence, LicenceLook
from quancheng.core.pki import apply_seal
from quancheng.core.sm import sm3
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput

SYSTEM = Call.system("tests")
ANYBODY = Actor.anonymous()


@pytest.fixture
def card(user):
    simulate.seed(SimpleNamespace(), None)
    return Licence.objects.get(person=user("citizen-elder").person)


@pytest.fixture
def paper(card) -> bytes:
    return blobs.path_of(actions.print_paper(SYSTEM, licence=card).paper).read_bytes()


def test_a_paper_holds_and_follows_its_licence(card, paper):
    found = checking.check(ANYBODY, paper)
    assert found.holds, found.findings
    assert found.signer == card.issued_by.zh
    assert found.verdict.outcome == "genuine"
    actions.revoke_licence(SYSTEM, licence=card.refresh(), reason="遗失")
    again = checking.check(ANYBODY, paper)
    assert again.holds  # the paper is what was sealed …
    assert again.verdict.outcome == "revoked"  # … and no longer good


def test_no_byte_of_a_paper_can_be_changed(card, paper):
    lucky = random.Random(7)
    where = lucky.sample(range(1200, len(paper) - 40), 40)
    for place in where:
        bad = bytearray(paper)
        bad[place] ^= 1 << lucky.randrange(8)
        found = checking.check(ANYBODY, bytes(bad))
        assert not found.holds, place
        assert found.verdict is None
    body = bytearray(paper)
    body[1500] ^= 1
    said = " ".join(one.text.zh for one in checking.check(ANYBODY, bytes(body)).findings)
    assert "改动" in said
    assert "有1个字节不同" in said


def test_what_is_added_later_is_told(paper):
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(paper))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = __import__("pyhanko").pdf_utils.generic.NumberObject(90)
    writer.update_container(page)
    target = io.BytesIO()
    writer.write(target)
    found = checking.check(ANYBODY, target.getvalue())
    assert not found.holds
    assert any("追加" in one.text.zh for one in found.findings)


def test_a_seal_of_another_authority_proves_nobody(card, paper, settings, tmp_path):
    settings.HOME = str(tmp_path)  # another city's keys
    found = checking.check(ANYBODY, paper)
    assert not found.holds
    assert found.verdict is None
    assert any("证书不是本市签发" in one.text.zh for one in found.findings)


def test_the_page_of_verification(card, paper):
    def send(raw: bytes, name: str = "证.pdf"):
        return Client().post("/verify/", {"file": SimpleUploadedFile(name, raw)})

    page = send(paper).content.decode()
    assert "印章成立" in page
    assert "真实有效" in page
    assert card.holder_name not in page  # anybody still learns little
    assert LicenceLook.objects.get(licence=card, way="paper").count == 1
    assert send(b"GIF89a").status_code == 422
    assert Client().post("/verify/").status_code == 422
    assert send(b"%PDF-1.7 rubbish").status_code == 200
    assert "没有电子印章" in send(_plain_pdf()).content.decode()


def _plain_pdf() -> bytes:
    from quancheng.kernel.press import pdf_of

    return pdf_of("<p>x</p>")


NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
CONTENT = f"<ofd:Page {NS}><ofd:Content><ofd:Layer><ofd:TextObject><ofd:TextCode>济南市医师执业证书</ofd:TextCode></ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>"


def _package(parts: dict[str, bytes | str]) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return kept.getvalue()


def _parts(office: Office | None = None) -> dict[str, bytes | str]:
    listed = "<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>" if office else ""
    parts: dict[str, bytes | str] = {
        "OFD.xml": f"<ofd:OFD {NS}><ofd:DocBody><ofd:DocInfo><ofd:Title>证书</ofd:Title></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>{listed}</ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f'<ofd:Document {NS}><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>',
        "Doc_0/Pages/Page_0/Content.xml": CONTENT,
    }
    if office is None:
        return parts
    name = "Doc_0/Pages/Page_0/Content.xml"
    check = base64.b64encode(sm3(CONTENT.encode())).decode()
    signed = (
        f'<ofd:Signature {NS}><ofd:SignedInfo><ofd:Provider ProviderName="泉城"/><ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod>'
        f'<ofd:References CheckMethod="1.2.156.10197.1.401"><ofd:Reference FileRef="/{name}"><ofd:CheckValue>{check}</ofd:CheckValue></ofd:Reference></ofd:References>'
        "</ofd:SignedInfo><ofd:SignedValue>/Doc_0/Signs/Sign_0/SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    ).encode()
    parts["Doc_0/Signs/Signatures.xml"] = (
        f'<ofd:Signatures {NS}><ofd:Signature ID="1" Type="Seal" BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>'
    )
    parts["Doc_0/Signs/Sign_0/Signature.xml"] = signed
    parts["Doc_0/Signs/Sign_0/SignedValue.dat"] = apply_seal(
        office.seal, sm3(signed), office.sealer, at=NOW, property_info="/Doc_0/Signs/Sign_0/Signature.xml"
    )
    return parts


@pytest.fixture
def trusted(office, monkeypatch):
    monkeypatch.setattr("quancheng.capabilities.security.authority.trust", lambda: office.trust)


def test_an_ofd_sealed_by_the_national_standard(office, trusted):
    found = checking.check(ANYBODY, _package(_parts(office)))
    assert found.holds, found.findings
    assert found.pages == ("济南市医师执业证书",)
    assert found.signer == "市住建局"


def test_an_ofd_whose_page_or_list_was_changed(office, trusted):
    parts = _parts(office)
    parts["Doc_0/Pages/Page_0/Content.xml"] = CONTENT.replace("医师", "护士")
    found = checking.check(ANYBODY, _package(parts))
    assert not found.holds
    assert "Content.xml" in found.findings[0].text.zh
    parts = _parts(office)
    signed = bytes(parts["Doc_0/Signs/Sign_0/Signature.xml"])  # type: ignore[arg-type]
    parts["Doc_0/Signs/Sign_0/Signature.xml"] = signed.replace("泉城".encode(), "全城".encode())
    assert not checking.check(ANYBODY, _package(parts)).holds
    parts = _parts(office)
    parts["Doc_0/Document.xml"] = str(parts["Doc_0/Document.xml"]).replace(
        "</ofd:Pages>", '<ofd:Page ID="2" BaseLoc="Pages/Page_1/Content.xml"/></ofd:Pages>'
    )
    parts["Doc_0/Pages/Page_1/Content.xml"] = CONTENT
    found = checking.check(ANYBODY, _package(parts))
    assert not found.holds
    assert any("不在印章保护范围" in one.text.zh for one in found.findings)


def test_an_ofd_without_seal_says_so():
    found = checking.check(ANYBODY, _package(_parts()))
    assert not found.holds
    assert found.pages == ("济南市医师执业证书",)
    assert "没有电子印章" in found.findings[0].text.zh


@pytest.mark.parametrize(
    "change",
    [
        {"OFD.xml": "<x/>"},
        {"OFD.xml": "<x"},
        {"Doc_0/Document.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'},
        {
            "OFD.xml": f"<ofd:OFD {NS}><ofd:DocBody><ofd:DocRoot>../../etc/passwd</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
        },
        {"big": b"\0" * 61_000_000},
    ],
)
def test_hostile_packages_are_refused(change):
    with pytest.raises(ofd.OfdFault) as refused:
        ofd.read(_package(_parts() | change))
    assert refused.value.text.en


def test_what_is_neither_is_refused():
    with pytest.raises(InvalidInput):
        checking.check(ANYBODY, b"hello")
    with pytest.raises(ofd.OfdFault):
        ofd.read(b"PK\x03\x04 broken")
