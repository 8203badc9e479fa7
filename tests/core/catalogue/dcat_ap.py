"""The main classes of DCAT-AP 3.0.1 as SHACL shapes, typed from the specification's tables.

Source: SEMIC, DCAT-AP 3.0.1, "Main Entities" and "Supportive Entities": properties with their range and
cardinality. A row: property, least, most (``None`` for n), range ("literal", "node" or a class).
Only properties that the export writes, and all mandatory ones. The official shapes are an outside
case, see ``test_dcat.py``.
"""

from __future__ import annotations

from rdflib import RDF, RDFS, BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection

SH = Namespace("http://www.w3.org/ns/shacl#")
DCT = Namespace("http://purl.org/dc/terms/")
DCAT = Namespace("http://www.w3.org/ns/dcat#")
FOAF = Namespace("http://xmlns.com/foaf/0.1/")
SKOS = Namespace("http://www.w3.org/2004/02/skos/core#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")

Row = tuple[URIRef, int, int | None, str | URIRef]

SHAPES: dict[URIRef, list[Row]] = {
    DCAT.Catalog: [
        (DCT.title, 1, None, "literal"),
        (DCT.description, 1, None, "literal"),
        (DCT.publisher, 1, 1, FOAF.Agent),
        (DCAT.dataset, 0, None, DCAT.Dataset),
        (DCT.issued, 0, 1, "date"),
        (DCT.modified, 0, 1, "date"),
        (DCT.language, 0, None, DCT.LinguisticSystem),
        (DCT.license, 0, 1, DCT.LicenseDocument),
        (DCT.spatial, 0, None, DCT.Location),
        (DCAT.themeTaxonomy, 0, None, SKOS.ConceptScheme),
        (FOAF.homepage, 0, 1, FOAF.Document),
    ],
    DCAT.Dataset: [
        (DCT.title, 1, None, "literal"),
        (DCT.description, 1, None, "literal"),
        (DCT.publisher, 0, 1, FOAF.Agent),
        (DCT.identifier, 0, None, "literal"),
        (DCT.issued, 0, 1, "date"),
        (DCT.modified, 0, 1, "date"),
        (DCT.language, 0, None, DCT.LinguisticSystem),
        (DCT.accrualPeriodicity, 0, 1, DCT.Frequency),
        (DCT.accessRights, 0, 1, DCT.RightsStatement),
        (DCT.spatial, 0, None, DCT.Location),
        (DCT.relation, 0, None, "node"),
        (DCAT.contactPoint, 0, None, VCARD.Kind),
        (DCAT.distribution, 0, None, DCAT.Distribution),
        (DCAT.keyword, 0, None, "literal"),
        (DCAT.theme, 0, None, SKOS.Concept),
        (DCAT.version, 0, 1, "literal"),
    ],
    DCAT.Distribution: [
        (DCAT.accessURL, 1, None, "node"),
        (DCAT.downloadURL, 0, None, "node"),
        (DCAT.accessService, 0, None, DCAT.DataService),
        (DCAT.byteSize, 0, 1, XSD.nonNegativeInteger),
        (DCAT.mediaType, 0, 1, DCT.MediaType),
        (DCT["format"], 0, 1, DCT.MediaTypeOrExtent),
        (DCT.license, 0, 1, DCT.LicenseDocument),
        (DCT.modified, 0, 1, "date"),
        (DCT.title, 0, None, "literal"),
        (SPDX.checksum, 0, 1, SPDX.Checksum),
    ],
    DCAT.DataService: [
        (DCT.title, 1, None, "literal"),
        (DCAT.endpointURL, 1, None, "node"),
        (DCAT.servesDataset, 0, None, DCAT.Dataset),
    ],
    FOAF.Agent: [(FOAF.name, 1, None, "literal")],
    SKOS.Concept: [(SKOS.prefLabel, 1, None, "literal")],
    SKOS.ConceptScheme: [(DCT.title, 1, None, "literal")],
    SPDX.Checksum: [
        (SPDX.algorithm, 1, 1, SPDX.ChecksumAlgorithm),
        (SPDX.checksumValue, 1, 1, XSD.hexBinary),
    ],
}


def shapes() -> Graph:
    """The table as a shapes graph."""
    graph = Graph()
    for target, rows in SHAPES.items():
        shape = BNode()
        graph.add((shape, RDF.type, SH.NodeShape))
        graph.add((shape, SH.targetClass, target))
        for path, least, most, wanted in rows:
            row = BNode()
            graph.add((shape, SH.property, row))
            graph.add((row, SH.path, path))
            graph.add((row, SH.minCount, Literal(least)))
            if most is not None:
                graph.add((row, SH.maxCount, Literal(most)))
            _add_range(graph, row, wanted)
    return graph


def _add_range(graph: Graph, row: BNode, wanted: str | URIRef) -> None:
    if wanted == "literal":
        graph.add((row, SH.nodeKind, SH.Literal))
    elif wanted == "date":
        kinds = BNode()
        options = []
        for kind in (XSD.date, XSD.dateTime, XSD.gYear, XSD.gYearMonth):
            option = BNode()
            graph.add((option, SH.datatype, kind))
            options.append(option)
        Collection(graph, kinds, options)
        graph.add((row, SH["or"], kinds))
    elif str(wanted).startswith(str(XSD)):
        graph.add((row, SH.datatype, URIRef(wanted)))
    else:
        graph.add((row, SH.nodeKind, SH.BlankNodeOrIRI))
        if wanted != "node" and wanted != RDFS.Resource:
            graph.add((row, SH["class"], URIRef(wanted)))
