"""Outside clients: ckanapi unchanged over a real connection, and the shapes of DCAT-AP."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from pyshacl import validate
from rdflib import Graph
from tests.capabilities.catalogue.conftest import SYSTEM, resource
from tests.core.catalogue.test_dcat import official_shapes

from quancheng.capabilities.catalogue import actions, queries
from quancheng.capabilities.catalogue.models import Entry, State
from quancheng.core.catalogue import Openness
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

ckanapi = pytest.importorskip("ckanapi")
TABLE = "7d5b7f0e-3f0e-4f0e-8f0e-7d5b7f0e3f0e"


@pytest.fixture
def remote(live_server, transactional_db, monkeypatch):
    """ckanapi's own client; ``remote(actor)`` acts as somebody."""

    def make(actor: Actor | None = None):
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader", lambda: lambda who, request: actor or Actor.anonymous()
        )
        return ckanapi.RemoteCKAN(live_server.url)

    return make


def manager() -> Actor:
    return Actor(ActorKind.OFFICIAL, "manager", user_id=5, grants=(RoleGrant("catalogue.manager"),))


def test_ckanapi_reads_searches_and_counts(remote, organs) -> None:
    made = actions.register_entry(SYSTEM, resource=resource(keywords=("养老",)), table_id=TABLE)
    actions.register_entry(
        SYSTEM, resource=resource("公交站列表", organ="jn-data", classes=("303001", "212002"))
    )
    actions.register_entry(SYSTEM, resource=resource("不开放", openness=Openness.CLOSED))
    ckan = remote()
    assert ckan.action.site_read() is True and ckan.action.status_show()["ckan_version"]
    assert ckan.action.package_list() == ["303001-00001", "311001-00001"]
    package = ckan.action.package_show(id="311001-00001")
    assert package == ckan.action.package_show(id=str(made.entry_id))
    assert package["title"] == "养老机构信息" and package["resources"][0]["id"] == TABLE
    assert package["resources"][0]["datastore_active"] is False  # its rows are not opened
    found = ckan.action.package_search(q="公交", **{"facet.field": ["organization", "groups"]})
    assert found["count"] == 1 and found["facets"]["groups"] == {"theme-212": 1}
    assert ckan.action.package_search(fq="organization:jn-civil +tags:养老", rows=0)["count"] == 1
    assert [one["package_count"] for one in ckan.action.organization_list(all_fields=True)] == [1, 1]
    assert (
        ckan.action.organization_show(id="jn-data", include_datasets=True)["packages"][0]["title"]
        == "公交站列表"
    )
    assert ckan.action.group_show(id="theme-212")["package_count"] == 1
    assert (
        "养老" in ckan.action.tag_list()
        and ckan.action.resource_show(id=TABLE)["package_id"] == package["id"]
    )
    with pytest.raises(ckanapi.NotFound):
        ckan.action.package_show(id="nothing")
    with pytest.raises(ckanapi.NotAuthorized):
        ckan.action.package_create(title="x", owner_org="jn-civil")
    with pytest.raises(ckanapi.NotAuthorized):
        remote(manager()).action.organization_create(name="new")


def test_ckanapi_writes_go_through_the_catalogue(remote, organs) -> None:
    ckan = remote(manager())
    items = json.dumps([{"field": "a", "name": "甲", "type": "text", "length": 10}])
    sent = {"title": "新数据集", "notes": "说明", "owner_org": "jn-civil", "tags": [{"name": "新增"}]}
    made = ckan.action.package_create(**sent, extras=[{"key": "items", "value": items}])
    assert made["state"] == "active" and queries.public_entry(made["id"]).name == "新数据集"
    row = ckan.action.resource_create(
        package_id=made["id"], url="https://example.org/a.csv", name="甲", format="CSV"
    )
    ckan.action.resource_patch(id=row["id"], name="乙")
    assert ckan.action.resource_show(id=row["id"])["name"] == "乙"
    ckan.action.package_patch(id=made["id"], notes="新说明")
    shown = ckan.action.package_show(id=made["id"])
    assert (shown["notes"], shown["tags"][0]["name"], len(shown["resources"])) == ("新说明", "新增", 1)
    ckan.action.resource_delete(id=row["id"])
    ckan.action.package_delete(id=made["id"])
    assert Entry.objects.get().state == State.SUBMITTED  # a second person decides
    draft = ckan.action.package_create(title="没有信息项", owner_org="jn-civil")
    assert draft["state"] == "draft" and "items" in draft["quancheng_faults"]
    with pytest.raises(ckanapi.ValidationError) as refused:
        ckan.action.package_create(title="无部门")
    assert "owner_org" in refused.value.error_dict


@pytest.mark.django_db
def test_the_catalogue_in_pages_conforms_to_dcat_ap(organs) -> None:
    for number in range(3):
        actions.register_entry(
            SYSTEM, resource=resource(f"第{number}条"), table_id=TABLE if number == 0 else None
        )
    actions.register_entry(SYSTEM, resource=resource("不开放", openness=Openness.CLOSED))
    first = Client().get("/catalogue/dcat.jsonld?size=2")
    rest = Client().get(first["Link"].partition(">")[0][1:])
    assert "Link" not in rest
    documents = [json.loads(page.content) for page in (first, rest)]
    datasets = [node for one in documents for node in one["@graph"] if "dcat:Dataset" in node["@type"]]
    assert len(datasets) == 3 and "不开放" not in json.dumps(documents, ensure_ascii=False)
    assert Client().get("/catalogue/dcat.jsonld?size=0").status_code == 422
    for document in documents:
        graph = Graph().parse(data=json.dumps(document), format="json-ld")
        sound, _report, text = validate(graph, shacl_graph=official_shapes())
        assert sound, text
