"""DCAT-AP 3: the catalogue as JSON-LD for portals of the world.

Profile: DCAT-AP 3.0.1 (SEMIC), on W3C DCAT 3. The document is one flat ``@graph`` with its context
inside, so nobody has to fetch anything to read it. Every node that the profile's shapes want typed
carries its type, code lists of the EU included: frequencies, languages, access rights, file types.
Themes are the city's own class tree, because the EU list knows neither 三农 nor 政务服务.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from quancheng.core.catalogue.checking import is_address
from quancheng.core.catalogue.findings import CatalogueError, Finding, Reason
from quancheng.core.catalogue.terms import DistributionKind, Openness, UpdateCycle
from quancheng.core.catalogue.tree import ClassTree
from quancheng.core.catalogue.values import Distribution, Organ, Resource
from quancheng.core.text import Text

__all__ = ["CONTEXT", "Contact", "Portal", "encoded", "to_dcat"]

Node = dict[str, Any]

CONTEXT: dict[str, str] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_EU = "http://publications.europa.eu/resource/authority/"
_FREQUENCY: dict[UpdateCycle, str] = {
    UpdateCycle.REALTIME: "UPDATE_CONT",
    UpdateCycle.DAILY: "DAILY",
    UpdateCycle.WEEKLY: "WEEKLY",
    UpdateCycle.TEN_DAYS: "MONTHLY_3",
    UpdateCycle.MONTHLY: "MONTHLY",
    UpdateCycle.QUARTERLY: "QUARTERLY",
    UpdateCycle.HALF_YEARLY: "ANNUAL_2",
    UpdateCycle.YEARLY: "ANNUAL",
    UpdateCycle.IRREGULAR: "IRREG",
    UpdateCycle.ONCE: "NEVER",
}
_ACCESS: dict[Openness, str] = {
    Openness.OPEN: "PUBLIC",
    Openness.CONDITIONAL: "RESTRICTED",
    Openness.CLOSED: "NON_PUBLIC",
}
# format name: (EU file type, IANA media type)
_FORMATS: dict[str, tuple[str, str]] = {
    "CSV": ("CSV", "text/csv"),
    "JSON": ("JSON", "application/json"),
    "GEOJSON": ("GEOJSON", "application/geo+json"),
    "XML": ("XML", "application/xml"),
    "XLS": ("XLS", "application/vnd.ms-excel"),
    "XLSX": ("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ODS": ("ODS", "application/vnd.oasis.opendocument.spreadsheet"),
    "PDF": ("PDF", "application/pdf"),
    "HTML": ("HTML", "text/html"),
    "TXT": ("TXT", "text/plain"),
    "DOCX": ("DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "SHP": ("SHP", ""),
    "ZIP": ("ZIP", "application/zip"),
    "JPG": ("JPEG", "image/jpeg"),
    "PNG": ("PNG", "image/png"),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """联系方式 for questions about the data."""

    name: Text
    email: str = ""


@dataclass(frozen=True, slots=True)
class Portal:
    """开放门户: what the catalogue itself says. ``base`` is an address ending in "/", below which every
    node gets its own; ``licence`` and ``region`` are addresses."""

    base: str
    name: Text
    description: Text
    publisher: Organ
    issued: date
    modified: date
    licence: str = ""
    region: str = ""
    contact: Contact | None = None


def to_dcat(resources: Iterable[Resource], portal: Portal, tree: ClassTree | None = None) -> Node:
    """The catalogue as a JSON-LD document (导出).

    Which entries the world may see is the caller's choice; closed ones are exported as NON_PUBLIC.
    Raises :class:`CatalogueError` naming every address that cannot stand in RDF.
    """
    entries = list(resources)
    _require_addresses(entries, portal)
    graph = _Graph(portal, tree)
    graph.catalogue(entries)
    for entry in entries:
        graph.dataset(entry)
    return {"@context": dict(CONTEXT), "@graph": list(graph.nodes.values())}


def encoded(part: str) -> str:
    """A text as one segment of an address (百分号编码), RFC 3986 2.1 over UTF-8."""
    safe = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~"
    data = part.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in data)


class _Graph:
    """Nodes by address: each is written once, however often it is named."""

    def __init__(self, portal: Portal, tree: ClassTree | None) -> None:
        self.portal = portal
        self.tree = tree
        self.nodes: dict[str, Node] = {}

    def catalogue(self, entries: list[Resource]) -> None:
        portal = self.portal
        node: Node = {
            "dct:title": _texts(portal.name),
            "dct:description": _texts(portal.description),
            "dct:publisher": self.organ(portal.publisher),
            "dct:issued": _day(portal.issued),
            "dct:modified": _day(portal.modified),
            "dct:language": self.languages(),
            "foaf:homepage": self.put(portal.base, "foaf:Document"),
            "dcat:dataset": [{"@id": self.address("dataset", entry.code)} for entry in entries],
        }
        if self.tree is not None:
            title = Text("政务信息资源目录分类", "Classes of government data")
            scheme = self.put(f"{portal.base}classes", "skos:ConceptScheme", {"dct:title": _texts(title)})
            node["dcat:themeTaxonomy"] = scheme
        self.put(f"{portal.base}catalogue", "dcat:Catalog", node | self.common())

    def common(self) -> Node:
        node: Node = {}
        if self.portal.licence:
            node["dct:license"] = self.put(self.portal.licence, "dct:LicenseDocument")
        if self.portal.region:
            node["dct:spatial"] = self.put(self.portal.region, "dct:Location")
        return node

    def dataset(self, entry: Resource) -> None:
        address = self.address("dataset", entry.code)
        node: Node = {
            "dct:title": _texts(entry.name),
            "dct:description": _texts(entry.abstract),
            "dct:identifier": entry.code,
            "dct:publisher": self.organ(entry.provider),
            "dct:issued": _day(entry.issued),
            "dct:modified": _day(entry.modified),
            "dct:language": self.languages(),
            "dct:accrualPeriodicity": self.put(f"{_EU}frequency/{_FREQUENCY[entry.cycle]}", "dct:Frequency"),
            "dct:accessRights": self.put(
                f"{_EU}access-right/{_ACCESS[entry.openness]}", "dct:RightsStatement"
            ),
            "dcat:version": entry.version,
            "dcat:keyword": [{"@value": word, "@language": "zh"} for word in entry.keywords],
            "dcat:theme": list(self.themes(entry)),
            "dct:relation": [
                self.put(self.address("dataset", code), "rdfs:Resource") for code in entry.related
            ],
            "dcat:distribution": [self.distribution(entry, one) for one in entry.distributions],
        }
        if self.portal.region:
            node["dct:spatial"] = {"@id": self.portal.region}
        if self.portal.contact is not None:
            node["dcat:contactPoint"] = self.contact(self.portal.contact)
        self.put(address, "dcat:Dataset", {key: value for key, value in node.items() if value != []})

    def distribution(self, entry: Resource, one: Distribution) -> Node:
        dataset = self.address("dataset", entry.code)
        address = f"{dataset}/distribution/{encoded(one.id)}"
        node: Node = {
            "dct:title": _texts(one.name),
            "dcat:accessURL": self.put(one.url, "rdfs:Resource"),
            **self.format(one.format),
        }
        if self.portal.licence:
            node["dct:license"] = {"@id": self.portal.licence}
        if one.kind is DistributionKind.FILE:
            node["dcat:downloadURL"] = {"@id": one.url}
        if one.kind is DistributionKind.API:
            node["dcat:accessService"] = self.put(
                f"{address}/service",
                "dcat:DataService",
                {
                    "dct:title": _texts(one.name),
                    "dcat:endpointURL": {"@id": one.url},
                    "dcat:servesDataset": {"@id": dataset},
                },
            )
        if one.size is not None:
            node["dcat:byteSize"] = {"@value": str(one.size), "@type": "xsd:nonNegativeInteger"}
        if one.modified is not None:
            node["dct:modified"] = _day(one.modified)
        if one.sha256:
            node["spdx:checksum"] = self.put(
                f"{address}/checksum",
                "spdx:Checksum",
                {
                    "spdx:algorithm": self.put("spdx:checksumAlgorithm_sha256", "spdx:ChecksumAlgorithm"),
                    "spdx:checksumValue": {"@value": one.sha256, "@type": "xsd:hexBinary"},
                },
            )
        return self.put(address, "dcat:Distribution", node)

    def format(self, name: str) -> Node:
        if not name:
            return {}
        known = _FORMATS.get(name.upper())
        if known is None:
            label = {"rdfs:label": name}
            return {"dct:format": self.put(self.address("format", name), "dct:MediaTypeOrExtent", label)}
        node: Node = {"dct:format": self.put(f"{_EU}file-type/{known[0]}", "dct:MediaTypeOrExtent")}
        if known[1]:
            iana = f"https://www.iana.org/assignments/media-types/{known[1]}"
            node["dcat:mediaType"] = self.put(iana, "dct:MediaType")
        return node

    def themes(self, entry: Resource) -> Iterator[Node]:
        for code in entry.classes:
            if self.tree is not None and code in self.tree:
                category = self.tree[code]
                node: Node = {
                    "skos:prefLabel": _texts(category.name),
                    "skos:notation": code,
                    "skos:inScheme": {"@id": f"{self.portal.base}classes"},
                }
                yield self.put(self.address("class", code), "skos:Concept", node)

    def organ(self, organ: Organ) -> Node:
        node: Node = {"foaf:name": _texts(organ.name), "dct:identifier": organ.code}
        return self.put(self.address("organ", organ.code), "foaf:Agent", node)

    def contact(self, contact: Contact) -> Node:
        node: Node = {"vcard:fn": _texts(contact.name)}
        if contact.email:
            node["vcard:hasEmail"] = {"@id": f"mailto:{contact.email}"}
        return self.put(f"{self.portal.base}contact", "vcard:Kind", node)

    def languages(self) -> list[Node]:
        return [self.put(f"{_EU}language/{code}", "dct:LinguisticSystem") for code in ("ZHO", "ENG")]

    def address(self, kind: str, name: str) -> str:
        return f"{self.portal.base}{kind}/{encoded(name)}"

    def put(self, address: str, kind: str, node: Node | None = None) -> Node:
        held = self.nodes.setdefault(address, {"@id": address, "@type": [kind]})
        if kind not in held["@type"]:
            held["@type"].append(kind)
        held.update(node or {})
        return {"@id": address}


def _texts(text: Text) -> list[Node]:
    found = [{"@value": text.zh, "@language": "zh"}]
    if text.en.strip() and text.en != text.zh:
        found.append({"@value": text.en, "@language": "en"})
    return found


def _day(day: date) -> Node:
    return {"@value": day.isoformat(), "@type": "xsd:date"}


def _require_addresses(entries: Iterable[Resource], portal: Portal) -> None:
    wrong = [
        ("", name, address)
        for name, address in (("licence", portal.licence), ("region", portal.region))
        if address and not is_address(address)
    ]
    if not is_address(portal.base) or not portal.base.endswith("/"):
        wrong.append(("", "base", portal.base))
    email = portal.contact.email if portal.contact is not None else ""
    if email and not is_address(f"https://{email.replace('@', '.')}/"):
        wrong.append(("", "contact.email", email))
    wrong += [
        (entry.code, f"distributions[{one.id}].url", one.url)
        for entry in entries
        for one in entry.distributions
        if not is_address(one.url)
    ]
    if wrong:
        raise CatalogueError(
            Finding(
                code,
                place,
                Reason.MALFORMED,
                Text(f"“{address}”不是完整的网址。", f"“{address}” is no absolute web address."),
            )
            for code, place, address in wrong
        )
