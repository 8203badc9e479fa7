"""DCAT-AP 3: the export read by rdflib and judged by SHACL shapes, ours and the official ones."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyshacl import validate
from rdflib import RDF, Graph, Literal, URIRef

from quancheng.core.catalogue import CatalogueError, Contact, Portal, to_dcat
from quancheng.core.catalogue.dcat import encoded
from quancheng.core.text import Text
from tests.core.catalogue import dcat_ap
from tests.core.catalogue.dcat_ap import DCAT, DCT, FOAF
from tests.core.catalogue.worlds import DRIVERS, HEALTH, STOPS, TREE, calm, many, resources

PORTAL = Portal(
    base="https://data.example.cn/",
    name=Text("泉城数据开放", "Quancheng open data"),
    description=Text("济南市公共数据开放目录。", "Jinan's catalogue of open public data."),
    publisher=HEALTH,
    issued=date(2026, 1, 1),
    modified=date(2026, 11, 1),
    licence="https://data.example.cn/licence",
    region="https://data.example.cn/region/370100",
    contact=Contact(Text("市大数据局", "City data bureau"), "data@example.cn"),
)
SHAPES = dcat_ap.shapes()


def graph_of(document: dict[str, Any]) -> Graph:
    return Graph().parse(data=json.dumps(document), format="json-ld")


def faults(graph: Graph, shapes: Graph = SHAPES) -> str:
    conforms, _, text = validate(graph, shacl_graph=shapes)
    return "" if conforms else str(text)


def official_shapes() -> Graph:
    """DCAT-AP 3.0.0 shapes by SEMIC (European Commission), CC BY 4.0, unchanged."""
    graph = Graph().parse(Path(__file__).parent / "data" / "dcat-ap-SHACL-3.0.0.jsonld", format="json-ld")
    assert len(graph) > 1000
    return graph


def test_the_catalogue_conforms() -> None:
    graph = graph_of(to_dcat([STOPS, DRIVERS], PORTAL, TREE))
    assert faults(graph) == ""
    assert len(list(graph.subjects(RDF.type, DCAT.Dataset))) == 2
    assert len(list(graph.subjects(RDF.type, DCAT.DataService))) == 1


def test_a_portal_of_fifty_datasets_conforms_to_the_official_shapes() -> None:
    """SEMIC's own shapes (3.0.1 in Turtle or 3.0.0 in JSON-LD), every class constraint included."""
    document = to_dcat([*many(50), DRIVERS], PORTAL, TREE)
    assert faults(graph_of(document), official_shapes()) == ""


def test_the_official_shapes_find_a_missing_title() -> None:
    document = to_dcat([STOPS], PORTAL)
    for node in document["@graph"]:
        if "dcat:Dataset" in node["@type"]:
            del node["dct:title"]
    assert "title" in faults(graph_of(document), official_shapes())


def test_both_languages_are_there_and_one_is_not_said_twice() -> None:
    plain = replace(DRIVERS, name=Text("公交驾驶员信息", "公交驾驶员信息"))
    graph = graph_of(to_dcat([STOPS, plain], PORTAL))
    stops = URIRef("https://data.example.cn/dataset/307015%2F1")
    drivers = URIRef("https://data.example.cn/dataset/307015%2F2")
    assert set(graph.objects(stops, DCT.title)) == {
        Literal("公交站列表", lang="zh"),
        Literal("List of bus stops", lang="en"),
    }
    assert list(graph.objects(drivers, DCT.title)) == [Literal("公交驾驶员信息", lang="zh")]


def test_everything_a_reader_asks_for_is_in_the_graph() -> None:
    graph = graph_of(to_dcat([STOPS], PORTAL, TREE))
    stops = URIRef("https://data.example.cn/dataset/307015%2F1")
    authority = "http://publications.europa.eu/resource/authority/"
    assert graph.value(stops, DCT.identifier) == Literal("307015/1")
    assert graph.value(stops, DCT.accrualPeriodicity) == URIRef(f"{authority}frequency/MONTHLY")
    assert graph.value(stops, DCT.accessRights) == URIRef(f"{authority}access-right/PUBLIC")
    assert set(graph.objects(stops, DCAT.theme)) == {
        URIRef("https://data.example.cn/class/307015"),
        URIRef("https://data.example.cn/class/207001"),
    }
    publisher = graph.value(stops, DCT.publisher)
    assert Literal("Jinan Transport Bureau", lang="en") in set(graph.objects(publisher, FOAF.name))
    sizes = {str(size) for size in graph.objects(None, DCAT.byteSize)}
    assert sizes == {"182233"}


def test_nothing_has_to_be_fetched_to_read_it() -> None:
    document = to_dcat([STOPS], PORTAL)
    assert isinstance(document["@context"], dict)
    assert all(isinstance(value, str) for value in document["@context"].values())


MANDATORY = [
    (str(target).rpartition("#")[2].rpartition("/")[2], row[0])
    for target, rows in dcat_ap.SHAPES.items()
    for row in rows
    if row[1] > 0
]


@pytest.mark.parametrize(("kind", "path"), MANDATORY, ids=lambda value: str(value).rpartition("/")[2])
def test_every_mandatory_property_is_written_and_missed(kind: str, path: URIRef) -> None:
    """A shape that finds nothing when its property is gone would prove nothing."""
    graph = graph_of(deepcopy(to_dcat([STOPS], PORTAL, TREE)))
    target = next(iri for iri in dcat_ap.SHAPES if str(iri).endswith(kind))
    subjects = list(graph.subjects(RDF.type, target))
    assert subjects
    for subject in subjects:
        graph.remove((subject, path, None))
    assert faults(graph) != ""


def test_addresses_that_cannot_stand_in_rdf_are_refused_all_at_once() -> None:
    bad = replace(
        STOPS,
        distributions=(
            replace(STOPS.distributions[0], url="javascript:alert(1)"),
            replace(STOPS.distributions[1], url="https://x.cn/> <urn:evil"),
        ),
    )
    with pytest.raises(CatalogueError) as caught:
        to_dcat([bad], replace(PORTAL, base="data.example.cn", licence="CC BY"))
    places = {finding.field for finding in caught.value.findings}
    assert places == {"base", "licence", "distributions[csv].url", "distributions[api].url"}


def test_codes_with_any_sign_make_one_segment_each() -> None:
    assert encoded("307/1") == "307%2F1"
    assert encoded("公") == "%E5%85%AC"
    assert encoded("..") == "%2E%2E"


@settings(calm, max_examples=15)
@given(st.lists(resources, max_size=3, unique_by=lambda one: one.code))
def test_any_entry_gives_a_graph_that_conforms(found: list[Any]) -> None:
    graph = graph_of(to_dcat(found, PORTAL, TREE))
    assert faults(graph) == ""
    assert len(set(graph.subjects(RDF.type, DCAT.Dataset))) == len(found)
