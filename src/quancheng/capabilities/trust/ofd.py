"""OFD 读取: text and signatures of an OFD document (GB/T 33190—2016), within limits. Pure.

An OFD is a ZIP of XML. What comes from outside is read with suspicion: few entries, no more bytes than said, no
document types or entities, references only inside the package. Drawing is not attempted.
"""

from __future__ import annotations

import base64
import hashlib
import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from quancheng.core.sm import sm3
from quancheng.core.text import Text

__all__ = ["Document", "OfdFault", "OfdSignature", "read"]

ENTRIES, BYTES, PAGES, LETTERS, SIGNATURES = 2000, 60_000_000, 200, 20_000, 20
_DIGESTS = {"1.2.156.10197.1.401": "sm3", "SM3": "sm3", "SHA256": "sha256", "SHA1": "", "MD5": ""}
"""Check methods of references (section 18.2.2); those without a name here are too weak to say anything."""


class OfdFault(Exception):
    """The file cannot be read; ``text`` says why in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.zh)
        self.text = text


@dataclass(frozen=True, slots=True)
class OfdSignature:
    """签名: what one signature of the document covers, and whether that is unchanged."""

    provider: str
    method: str
    covered: tuple[str, ...]
    changed: tuple[str, ...]
    """Parts whose digest is not the one written down."""
    unknown: tuple[str, ...]
    """Parts whose digest method is unknown or too weak, or that lie outside the package."""
    signed: bytes
    """``Signature.xml``: what the seal's signature is over."""
    value: bytes
    """``SignedValue.dat``: the sealing of GB/T 38540, or empty."""


@dataclass(frozen=True, slots=True)
class Document:
    """文档: title, text page by page, signatures."""

    title: str
    pages: tuple[str, ...]
    signatures: tuple[OfdSignature, ...]
    uncovered: tuple[str, ...]
    """Content no signature covers."""


def read(raw: bytes) -> Document:
    """Read a document. Raises OfdFault."""
    package = _Package(raw)
    body = _one(package.xml("OFD.xml"), "DocBody")
    root = _text(body, "DocRoot")
    if not root:
        raise _fault("缺少文档入口", "it has no document")
    document = package.xml(root)
    folder = posixpath.dirname(package.inside(root))
    pages = [
        package.inside(one.get("BaseLoc", ""), folder) for one in _all(document, "Page") if one.get("BaseLoc")
    ]
    if len(pages) > PAGES:
        raise _fault("页数过多", "it has too many pages")
    text = tuple(_page(package, name) for name in pages)
    listed = _text(body, "Signatures")
    signatures = tuple(_signatures(package, listed)) if listed else ()
    covered = {name for one in signatures for name in one.covered}
    return Document(
        _text(body, "Title")[:200], text, signatures, tuple(name for name in pages if name not in covered)
    )


class _Package:
    """The ZIP, opened with suspicion."""

    def __init__(self, raw: bytes) -> None:
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(raw))
            rows = self.zip.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as wrong:
            raise _fault("不是 OFD 文件或已损坏", "it is no OFD file, or broken") from wrong
        if len(rows) > ENTRIES or sum(row.file_size for row in rows) > BYTES:
            raise _fault("内容过大", "it is too large inside")
        self.names = {row.filename.lstrip("/"): row for row in rows}
        if len(self.names) != len(rows):
            raise _fault("有重名的内容", "two of its parts have one name")
        self.left = BYTES

    def inside(self, name: str, folder: str = "") -> str:
        """The name of a part, relative to a folder or to the root. Raises OfdFault."""
        path = name.strip().replace("\\", "/")
        joined = (
            path.lstrip("/") if path.startswith("/") or path in self.names else posixpath.join(folder, path)
        )
        kept = posixpath.normpath(joined)
        if kept.startswith("../") or kept == "..":
            raise _fault("引用指向文件之外", "it refers to something outside itself")
        return kept

    def bytes(self, name: str) -> bytes:
        """One part. Raises OfdFault."""
        row = self.names.get(self.inside(name))
        if row is None:
            raise _fault(f"缺少 {name[:60]}", f"{name[:60]} is missing")
        try:
            with self.zip.open(row) as stream:
                found = stream.read(self.left + 1)
        except (
            zipfile.BadZipFile,
            RuntimeError,
            NotImplementedError,
            EOFError,
            OSError,
            ValueError,
        ) as wrong:
            raise _fault(f"{name[:60]} 已损坏", f"{name[:60]} is broken") from wrong
        self.left -= len(found)
        if self.left < 0:
            raise _fault("内容过大", "it is too large inside")
        return found

    def xml(self, name: str) -> ElementTree.Element:
        """One part as XML; no document types, hence no entities. Raises OfdFault."""
        raw = self.bytes(name)
        if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw or b"\x00" in raw:
            raise _fault(f"{name[:60]} 含有不允许的声明", f"{name[:60]} declares what is not allowed")
        try:
            return ElementTree.fromstring(raw)  # noqa: S314 - document types are refused above
        except (ElementTree.ParseError, ValueError, LookupError) as wrong:
            raise _fault(f"{name[:60]} 不是有效的 XML", f"{name[:60]} is no XML") from wrong


def _page(package: _Package, name: str) -> str:
    codes = [one.text or "" for one in _all(package.xml(name), "TextCode")]
    return "\n".join(code.strip() for code in codes if code.strip())[:LETTERS]


def _signatures(package: _Package, listed: str) -> Iterator[OfdSignature]:
    folder = posixpath.dirname(package.inside(listed))
    rows = [one for one in _all(package.xml(listed), "Signature") if one.get("BaseLoc")]
    if len(rows) > SIGNATURES:
        raise _fault("签名过多", "it has too many signatures")
    for one in rows:
        yield _signature(package, package.inside(one.get("BaseLoc", ""), folder))


def _signature(package: _Package, name: str) -> OfdSignature:
    signed = package.bytes(name)
    root = package.xml(name)
    method = next((one.get("CheckMethod", "") for one in _all(root, "References")), "")
    covered, changed, unknown = [], [], []
    for row in _all(root, "Reference"):
        part = package.inside(row.get("FileRef", ""))
        covered.append(part)
        same = _same(package, part, method, _text(row, "CheckValue"))
        if same is None:
            unknown.append(part)
        elif not same:
            changed.append(part)
    where = _text(root, "SignedValue")
    value = package.bytes(package.inside(where, posixpath.dirname(name))) if where else b""
    provider = next((one.get("ProviderName", "") for one in _all(root, "Provider")), "")
    return OfdSignature(
        provider[:80], _text(root, "SignatureMethod")[:60], tuple(covered), tuple(changed), tuple(unknown), signed,
        value,
    )  # fmt: skip


def _same(package: _Package, part: str, method: str, written: str) -> bool | None:
    kind = _DIGESTS.get(method.strip().upper() if "." not in method else method.strip(), "")
    if not kind:
        return None
    if part not in package.names:
        return False
    content = package.bytes(part)
    digest = sm3(content) if kind == "sm3" else hashlib.sha256(content).digest()
    try:
        return base64.b64decode(written, validate=True) == digest
    except ValueError:
        return False


def _all(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (one for one in root.iter() if one.tag.rpartition("}")[2] == name)


def _one(root: ElementTree.Element, name: str) -> ElementTree.Element:
    found = next(_all(root, name), None)
    if found is None:
        raise _fault(f"缺少 {name}", f"{name} is missing")
    return found


def _text(root: ElementTree.Element, name: str) -> str:
    found = next(_all(root, name), None)
    return (found.text or "").strip() if found is not None else ""


def _fault(zh: str, en: str) -> OfdFault:
    return OfdFault(Text(f"无法读取 OFD：{zh}。", f"The OFD cannot be read: {en}."))
