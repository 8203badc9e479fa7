"""The installed ckanapi client, unchanged, over a real connection; and the short way itself."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from django.test import Client, RequestFactory
from tests.capabilities.opening.conftest import OPENED, Homes

from quancheng.capabilities.opening import actions, sqlsubset
from quancheng.capabilities.opening.lean import PREFIXES
from quancheng.kernel.actions import Call

ckanapi = pytest.importorskip("ckanapi")
SEARCH = "/api/3/action/datastore_search"


def test_ckanapi_finds_a_package_and_reads_its_rows(live_server, transactional_db, homes: Homes) -> None:
    made = homes.publish()
    ckan = ckanapi.RemoteCKAN(live_server.url)
    package = ckan.action.package_search(q="养老院")["results"][0]
    assert package["name"] == made.name and package["resources"][0]["datastore_active"] is True
    resource = package["resources"][0]["id"]
    found = ckan.action.datastore_search(
        resource_id=resource, filters={"kind": ["公办"]}, sort="beds desc", limit=3
    )
    assert found["total"] == 30 and [one["_id"] for one in found["records"]] == [59, 57, 55]
    assert found["records"][0]["beds"] == 590 and found["records"][0]["price"] == 59.5
    assert [one["id"] for one in found["fields"]] == ["_id", *OPENED] and found["resource_id"] == resource
    assert "offset=3" in found["_links"]["next"] and found["_links"]["start"].startswith("/api/")
    assert ckan.action.datastore_search(resource_id=resource, q="第12养老院")["total"] == 1
    assert ckan.action.datastore_search(resource_id=resource, limit=0)["records"] == []
    counted = ckan.action.datastore_search_sql(
        sql=f'SELECT kind, count(*) AS n, avg(price) AS p FROM "{resource}" WHERE beds > 300 GROUP BY kind ORDER BY kind'
    )
    assert counted["records"] == [{"kind": "公办", "n": 15, "p": 45.5}, {"kind": "民办", "n": 15, "p": 46.5}]
    assert [one["type"] for one in counted["fields"]] == ["text", "int8", "numeric"]
    with pytest.raises(ckanapi.ValidationError):
        ckan.action.datastore_search_sql(sql=f'SELECT * FROM "{resource}" WHERE phone IS NULL')
    info = ckan.action.datastore_info(id=resource)
    assert info["meta"]["count"] == 60 and info["fields"][4]["type"] == "int8"
    assert next(
        iter(ckan.action.datastore_search(resource_id=resource, fields="code", limit=1)["records"])
    ) == {"code": "H001"}
    with pytest.raises(ckanapi.ValidationError) as refused:
        ckan.action.datastore_search(resource_id=resource, sort="nothing")
    assert "sort" in refused.value.error_dict
    with pytest.raises(ckanapi.ValidationError):
        ckan.action.datastore_search(resource_id=resource, limit="many")
    with pytest.raises(ckanapi.NotFound):
        ckan.action.datastore_search(resource_id="7d5b7f0e-3f0e-4f0e-8f0e-7d5b7f0e3f0e")
    with pytest.raises(ckanapi.ValidationError):
        ckan.action.datastore_search()
    actions.withdraw_dataset(Call(homes.official("publisher")), dataset=made.pk, reason="内容有误")
    with pytest.raises(ckanapi.NotFound):
        ckan.action.datastore_search(resource_id=resource)


@pytest.mark.django_db
def test_texts_of_a_url_mean_what_json_means(homes: Homes) -> None:
    homes.publish()
    asked = {"resource_id": homes.table_id, "filters": json.dumps({"kind": "公办"}), "limit": "2", "offset": "2",
             "distinct": "false", "include_total": "true", "fields": "code, beds", "sort": "beds"}  # fmt: skip
    got = Client().get(f"/api/action/datastore_search?{urlencode(asked)}")
    assert got["Access-Control-Allow-Origin"] == "*"
    result = got.json()["result"]
    assert result["records"] == [{"code": "H005", "beds": 50}, {"code": "H007", "beds": 70}]
    sent = {
        **asked,
        "filters": {"kind": "公办"},
        "limit": 2,
        "offset": 2,
        "distinct": False,
        "include_total": True,
    }
    posted = Client().post(SEARCH, sent, content_type="application/json").json()["result"]
    assert posted["records"] == result["records"] and posted["total"] == result["total"] == 30
    for wrong in ({"filters": "{"}, {"limit": "-1"}, {"distinct": "perhaps"}, {"full_text": "x"}, {"nothing": "1"},
                  {"offset": "9" * 30}, {"q": "{broken"}):  # fmt: skip
        refused = Client().get(SEARCH, {"resource_id": homes.table_id, **wrong})
        assert refused.status_code == 409 and refused.json()["error"]["__type"] == "Validation Error", wrong
    assert Client().post(SEARCH, "[1]", content_type="application/json").status_code == 409
    assert Client().put(SEARCH).status_code == 405


@pytest.mark.django_db
def test_the_short_way_gives_the_same_answer(homes: Homes) -> None:
    homes.publish()
    view = PREFIXES[SEARCH]
    address = f"{SEARCH}?resource_id={homes.table_id}&limit=5"
    short, long = view(RequestFactory().get(address), ""), Client().get(address)
    assert short.content == long.content and len(json.loads(short.content)["result"]["records"]) == 5
    assert view(RequestFactory().get(f"{SEARCH}_nothing"), "_nothing").status_code == 404
    assert view(RequestFactory().delete(SEARCH), "").status_code == 403
    asked = {"sql": f'SELECT code FROM "{homes.table_id}" LIMIT 1'}
    assert json.loads(view(RequestFactory().get(f"{SEARCH}_sql", asked), "_sql").content)["result"][
        "records"
    ] == [{"code": "H001"}]


TABLE = '"7d5b7f0e-3f0e-4f0e-8f0e-7d5b7f0e3f0e"'


@pytest.mark.parametrize(
    "text",
    ["SELECT 1", "DELETE FROM {t}", "SELECT * FROM {t}; SELECT 1", "SELECT * FROM {t}, {t} b", "SELECT (SELECT 1) FROM {t}",
     "SELECT * FROM read_csv('/etc/passwd')", "SELECT getenv('HOME') FROM {t}", "WITH a AS (SELECT 1) SELECT * FROM {t}",
     "SELECT * FROM {t} UNION SELECT * FROM {t}", "SELECT repeat('a', 1000000000) FROM {t}", "SELECT * FROM pg.{t}",
     "SELECT * FROM {t} LIMIT 1 + 1", "SELECT * INTO x FROM {t}", "SELECT * FROM {t} JOIN {t} b ON true", "SELEKT",
     "SELECT sum(x) OVER () FROM {t}", "SELECT * FROM generate_series(1, 10)", "SELECT x::json FROM {t}", "("],
)  # fmt: skip
def test_sql_outside_the_subset_is_refused(text: str) -> None:
    with pytest.raises(sqlsubset.RefusedError):
        sqlsubset.read(text.replace("{t}", TABLE), 100)


def test_sql_of_the_subset_asks_for_one_row_too_many_and_never_for_more() -> None:
    asked = sqlsubset.read(
        f"SELECT a, count(DISTINCT b) FROM {TABLE} WHERE a LIKE 'x%' GROUP BY a LIMIT 500", 100
    )
    assert asked.resource == TABLE.strip('"') and asked.limit == 100 and asked.sql.endswith("LIMIT 101")
