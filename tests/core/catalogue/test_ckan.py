"""CKAN: packages there and back, slugs, and answers that ckanapi understands."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ckanapi.common import reverse_apicontroller_action
from ckanapi.errors import CKANAPIError, NotAuthorized, NotFound, SearchQueryError, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.catalogue import (
    CkanError,
    CkanErrorType,
    CkanSite,
    Organ,
    Resource,
    Standards,
    check,
    datastore_fields,
    failure,
    from_package,
    help_address,
    is_slug,
    is_tag,
    organization,
    package_id,
    slug,
    success,
    to_package,
    validation_error,
)
from quancheng.core.text import Text
from tests.core.catalogue.worlds import DRIVERS, HEALTH, STANDARDS, STOPS, TRANSPORT, calm, patient, resources

SITE = CkanSite("https://data.example.cn/", "cc-by", "Creative Commons Attribution", isopen=True)

# Keys of package_show and of its resources in CKAN 2.12 (documentation, API guide).
PACKAGE_KEYS = {
    "author", "author_email", "creator_user_id", "id", "isopen", "license_id", "license_title", "maintainer",
    "maintainer_email", "metadata_created", "metadata_modified", "name", "notes", "num_resources", "num_tags",
    "organization", "owner_org", "private", "state", "title", "type", "url", "version", "extras", "groups",
    "resources", "tags", "relationships_as_subject", "relationships_as_object",
}  # fmt: skip
RESOURCE_KEYS = {
    "cache_last_updated", "cache_url", "created", "datastore_active", "description", "format", "hash", "id",
    "last_modified", "metadata_modified", "mimetype", "mimetype_inner", "name", "package_id", "position",
    "resource_type", "size", "state", "url", "url_type",
}  # fmt: skip


def organ_of(name: str) -> Organ | None:
    for organ in (TRANSPORT, HEALTH):
        shown = organization(organ, SITE)
        if name in (organ.code, shown["id"], shown["name"]):
            return organ
    return None


def asked(answer: dict[str, Any], status: int) -> Any:
    """What ckanapi makes of an answer that went over the wire."""
    return reverse_apicontroller_action("api/action/x", status, json.dumps(answer))


def test_a_package_has_every_key_that_clients_read() -> None:
    package = to_package(STOPS, SITE)
    assert package.keys() >= PACKAGE_KEYS
    assert package["resources"][0].keys() >= RESOURCE_KEYS
    assert (package["name"], package["title"], package["num_resources"]) == ("307015-1", "公交站列表", 2)
    assert [tag["name"] for tag in package["tags"]] == ["公交", "站点"]
    assert package["organization"]["id"] == package["owner_org"]
    assert {one["package_id"] for one in package["resources"]} == {package["id"]}
    assert package["private"] is False and to_package(DRIVERS, SITE)["private"] is True
    assert package["isopen"] is True and to_package(DRIVERS, SITE)["isopen"] is False
    assert all(isinstance(extra["value"], str) for extra in package["extras"])


@calm
@given(resources)
def test_an_entry_comes_back_from_its_package(resource: Resource) -> None:
    package = json.loads(json.dumps(to_package(resource, SITE)))
    assert from_package(package, organ_of) == resource


def test_ids_stay_when_everything_but_the_code_changes() -> None:
    renamed = replace(STOPS, name=Text("别名", "Other"), distributions=STOPS.distributions[1:])
    before, after = to_package(STOPS, SITE), to_package(renamed, SITE)
    assert (before["id"], before["name"]) == (after["id"], after["name"])
    assert before["resources"][1]["id"] == after["resources"][0]["id"]
    assert package_id(SITE, "307015/1") != package_id(SITE, "307015/2")


def test_a_plain_client_creates_with_extras_tags_and_defaults() -> None:
    sent = {
        "title": "出租车",
        "notes": "出租车数据。",
        "owner_org": organization(TRANSPORT, SITE)["name"],
        "extras": [{"key": "classes", "value": '["307015"]'}, {"key": "share", "value": "unconditional"}],
        "tags": [{"name": "出租车"}],
        "resources": [{"url": "https://data.example.cn/taxi.csv", "format": "CSV", "last_modified": None}],
        "openness": "open",
    }
    defaults = {
        "code": "307015/8",
        "formats": ["CSV"],
        "level": "1",
        "cycle": "daily",
        "issued": "2026-01-01",
        "modified": "2026-01-01",
    }
    entry = from_package(sent, organ_of, defaults)
    assert (entry.code, entry.provider, entry.keywords) == ("307015/8", TRANSPORT, ("出租车",))
    assert entry.distributions[0].url == "https://data.example.cn/taxi.csv"
    assert entry.distributions[0].name.zh == "https://data.example.cn/taxi.csv"


def test_what_is_wrong_comes_by_field_and_all_at_once() -> None:
    sent = {
        "owner_org": "nobody",
        "extras": [
            {"key": "items", "value": "[{"},
            {"key": "x", "value": "1"},
            {"key": "x", "value": "2"},
            7,
        ],
        "share": "maybe",
    }
    with pytest.raises(CkanError) as caught:
        from_package(sent, organ_of)
    assert caught.value.status == 409
    fields = caught.value.fields
    assert fields["title"] == ["Missing value"] and fields["notes"] == ["Missing value"]
    assert fields["owner_org"] == ["Organization does not exist"]
    assert fields["items"] == ["Could not parse as valid JSON"]
    assert fields["share"][0].startswith("The value is wrong")
    assert "extras" in fields
    with pytest.raises(ValidationError) as seen:
        asked(failure(caught.value, help_address(SITE.base, "package_create")), 409)
    assert seen.value.error_dict["__type"] == "Validation Error"
    assert seen.value.error_dict["title"] == ["Missing value"]


def test_findings_stand_where_a_ckan_client_looks_for_them() -> None:
    bad = replace(
        STOPS,
        abstract=Text("", ""),
        items=(replace(STOPS.items[0], length=0),),
        distributions=(STOPS.distributions[0], replace(STOPS.distributions[1], url="nowhere", size=-1)),
    )
    fields = validation_error(check(bad, STANDARDS), bad).to_dict()
    assert fields["notes"] == ["Missing value"]
    assert fields["resources"] == [
        {},
        {"url": ["The address is no absolute web address."], "size": ["The size is not negative."]},
    ]
    assert fields["items"] == ["items[stop_no].length: The length is above zero."]
    assert fields["__type"] == "Validation Error"
    zh = validation_error(check(bad, Standards()), language="zh").to_dict()
    assert "地址须为完整的网址。" in zh["resources"]


@pytest.mark.parametrize(
    ("type", "exception"),
    [
        (CkanErrorType.NOT_FOUND, NotFound),
        (CkanErrorType.NOT_AUTHORIZED, NotAuthorized),
        (CkanErrorType.SEARCH_QUERY, SearchQueryError),
        (CkanErrorType.INTERNAL, CKANAPIError),
    ],
)
def test_ckanapi_raises_what_ckan_would_have_raised(type: CkanErrorType, exception: type[Exception]) -> None:
    error = CkanError(type, "307015-9")
    with pytest.raises(exception) as caught:
        asked(failure(error, help_address(SITE.base, "package_show")), error.status)
    if exception is NotFound:
        assert str(caught.value) == "307015-9"


def test_ckanapi_reads_what_worked() -> None:
    help = help_address(SITE.base, "package_show")
    assert help == "https://data.example.cn/api/3/action/help_show?name=package_show"
    assert asked(success(to_package(STOPS, SITE), help), 200)["title"] == "公交站列表"


def test_items_become_the_data_dictionary() -> None:
    assert datastore_fields(STOPS)[0] == {
        "id": "stop_no",
        "type": "text",
        "info": {"label": "站点编号", "notes": "", "label_en": "Stop number"},
    }
    assert [field["type"] for field in datastore_fields(STOPS)] == ["text", "text", "float8", "float8"]


@pytest.mark.parametrize(
    ("code", "name"),
    [("307015/1", "307015-1"), ("3070150042/12", "3070150042-12"), ("ab", "ab")],
)
def test_a_plain_code_is_only_respelt(code: str, name: str) -> None:
    assert slug(code) == name


@pytest.mark.parametrize(
    "code", ["new", "search", "a", "", "307015-1", "A/1", "公交/1", "a//b", "/a", "x" * 200]
)
def test_any_other_code_gets_a_digest(code: str) -> None:
    assert is_slug(slug(code)) and "--" in slug(code)


@patient
@given(st.lists(st.text("ab01A/-_公 ", max_size=8), unique=True, max_size=20))
def test_no_two_codes_share_a_name(codes: list[str]) -> None:
    assert len({slug(code) for code in codes}) == len(codes)
    assert all(is_slug(slug(code)) for code in codes)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("公交", True), ("bus-stop 2.0", True), ("公", False), ("a/b", False), ("a,b", False), (" ab", False)],
)
def test_which_keywords_are_tags(word: str, expected: bool) -> None:
    assert is_tag(word) is expected


def test_keywords_that_are_no_tags_are_not_lost() -> None:
    entry = replace(STOPS, keywords=("公交", "地铁/轻轨", "站"))
    package = to_package(entry, SITE)
    assert [tag["name"] for tag in package["tags"]] == ["公交"]
    assert from_package(package, organ_of).keywords == entry.keywords


@pytest.mark.parametrize(
    "sent", [{"extras": "x"}, {"tags": 5}, {"resources": [1]}, {"resources": "x"}, {"title": 3}]
)
def test_nonsense_is_a_validation_error(sent: dict[str, Any]) -> None:
    with pytest.raises(CkanError) as caught:
        from_package(sent, organ_of)
    assert caught.value.type is CkanErrorType.VALIDATION
