"""ETSI GS QKD 014 V1.1.1 messages: the examples' shapes go through; everything malformed has a place."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.qkd import (
    DeliveredKey,
    KeyContainer,
    KeyRequest,
    Problem,
    QkdError,
    QkdReason,
    Status,
    dec_keys_path,
    enc_keys_path,
    key_ids,
    key_ids_from,
    status_path,
)

STATUS = Status(
    "AAAABBBBCCCCDDDD",
    "EEEEFFFFGGGGHHHH",
    "IIIIJJJJKKKKLLLL",
    "MMMMNNNNOOOOPPPP",
    352,
    25000,
    100000,
    128,
    1024,
    64,
    0,
)
EXAMPLE = {  # clause 6.1, example
    "source_KME_ID": "AAAABBBBCCCCDDDD",
    "target_KME_ID": "EEEEFFFFGGGGHHHH",
    "master_SAE_ID": "IIIIJJJJKKKKLLLL",
    "slave_SAE_ID": "MMMMNNNNOOOOPPPP",
    "key_size": 352,
    "stored_key_count": 25000,
    "max_key_count": 100000,
    "max_key_per_request": 128,
    "max_key_size": 1024,
    "min_key_size": 64,
    "max_SAE_ID_count": 0,
}


def test_a_status_is_written_and_read_as_the_standard_shows() -> None:
    assert json.loads(STATUS.to_json()) == EXAMPLE
    assert Status.from_json(json.dumps(EXAMPLE).encode()) == STATUS


@pytest.mark.parametrize("name", EXAMPLE)
def test_a_status_without_one_of_its_members_is_refused(name: str) -> None:
    less = {key: value for key, value in EXAMPLE.items() if key != name}
    wrong = EXAMPLE | {name: [1]}
    for plain in (less, wrong):
        with pytest.raises(QkdError) as error:
            Status.from_json(json.dumps(plain).encode())
        assert error.value.place == name


def test_paths_are_those_of_clause_5() -> None:
    assert status_path("B") == "/api/v1/keys/B/status"
    assert enc_keys_path("B") == "/api/v1/keys/B/enc_keys"
    assert dec_keys_path("A") == "/api/v1/keys/A/dec_keys"


def test_requests_default_to_one_key_of_the_managers_size() -> None:
    assert KeyRequest.from_json(b"").checked(STATUS) == (1, 352)
    assert KeyRequest.from_json(b'{"number":3,"size":1024}').checked(STATUS) == (3, 1024)
    assert KeyRequest.from_query({"number": "2", "size": "64"}).checked(STATUS) == (2, 64)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"size": 65}, QkdReason.SIZE),
        ({"size": 56}, QkdReason.SIZE),
        ({"size": 1032}, QkdReason.SIZE),
        ({"number": 0}, QkdReason.NUMBER),
        ({"number": 129}, QkdReason.NUMBER),
        ({"additional_slave_SAE_IDs": ["C"]}, QkdReason.NUMBER),
        ({"extension_mandatory": [{"abc_route_type": "direct"}]}, QkdReason.EXTENSION),
    ],
)
def test_what_cannot_be_served_is_refused(body: dict[str, object], reason: QkdReason) -> None:
    with pytest.raises(QkdError) as error:
        KeyRequest.from_json(json.dumps(body).encode()).checked(STATUS)
    assert error.value.reason is reason
    assert error.value.text.zh
    assert error.value.text.en


def test_optional_extensions_may_be_ignored() -> None:
    body = json.dumps({"extension_optional": [{"abc_max_age": 30000}]}).encode()
    assert KeyRequest.from_json(body).checked(STATUS) == (1, 352)
    assert KeyRequest.from_json(KeyRequest.from_json(body).to_json()) == KeyRequest.from_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b"\xff",
        b'{"number":1,"number":2}',
        b'{"number":true}',
        b'{"number":"1"}',
        b'{"size":-8}',
        b'{"size":1.5}',
    ],
)
def test_malformed_requests_are_refused(body: bytes) -> None:
    with pytest.raises(QkdError):
        KeyRequest.from_json(body)


@pytest.mark.parametrize("text", ["-1", "1.0", "", "９", "99999999999"])
def test_malformed_queries_are_refused(text: str) -> None:
    with pytest.raises(QkdError):
        KeyRequest.from_query({"number": text})


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.uuids(), st.binary(min_size=1, max_size=64)),
        min_size=1,
        max_size=5,
        unique_by=lambda one: one[0],
    )
)
def test_containers_and_ids_come_back(pairs: list[tuple[uuid.UUID, bytes]]) -> None:
    container = KeyContainer(tuple(DeliveredKey(name, key) for name, key in pairs))
    assert KeyContainer.from_json(container.to_json()) == container
    names = tuple(name for name, _ in pairs)
    assert key_ids_from(key_ids(names)) == names


_ID = "bc490419-7d60-487f-adc1-4ddcc177c139"
_BAD_CONTAINERS = {
    "no keys": {},
    "none": {"keys": []},
    "not objects": {"keys": ["x"]},
    "no key": {"keys": [{"key_ID": _ID}]},
    "no name": {"keys": [{"key": "AA=="}]},
    "unpadded": {"keys": [{"key_ID": _ID, "key": "AA"}]},
    "url alphabet": {"keys": [{"key_ID": _ID, "key": "-_8="}]},
    "empty key": {"keys": [{"key_ID": _ID, "key": ""}]},
    "no UUID": {"keys": [{"key_ID": "7", "key": "AA=="}]},
    "another form of UUID": {"keys": [{"key_ID": "{" + _ID + "}", "key": "AA=="}]},
    "twice": {"keys": [{"key_ID": _ID, "key": "AA=="}] * 2},
}


@pytest.mark.parametrize("name", _BAD_CONTAINERS)
def test_malformed_containers_are_refused(name: str) -> None:
    with pytest.raises(QkdError):
        KeyContainer.from_json(json.dumps(_BAD_CONTAINERS[name]).encode())


@pytest.mark.parametrize(
    "plain", [{}, {"key_IDs": []}, {"key_IDs": [{"key_ID": _ID}] * 2}, {"key_IDs": [{}]}]
)
def test_malformed_lists_of_names_are_refused(plain: dict[str, object]) -> None:
    with pytest.raises(QkdError):
        key_ids_from(json.dumps(plain).encode())


def test_problems_come_back_and_keys_are_not_shown() -> None:
    problem = Problem("size shall be a multiple of 8", ({"name": "size"},))
    assert Problem.from_json(problem.to_json()) == problem
    assert Problem.from_json(b'{"message":"x"}').details == ()
    assert "secret" not in repr(DeliveredKey(uuid.UUID(_ID), b"secret"))
