"""``multipart/mixed`` envelopes: what goes in comes out, and garbage is refused (RFC 2046 § 5.1)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.sensorthings import multipart
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.multipart import Part

# a body may hold anything but its own boundary
BODIES = st.binary(max_size=200).filter(lambda body: b"--x1" not in body)


@given(st.lists(BODIES, min_size=1, max_size=5))
def test_parts_come_through_as_they_are(bodies: list[bytes]) -> None:
    whole = multipart.joined([({"Content-Type": "application/http"}, body) for body in bodies], "x1")
    assert [part.body for part in multipart.split(whole, "x1", 10)] == bodies
    assert all(part.media_type == "application/http" for part in multipart.split(whole, "x1", 10))


@given(st.binary(max_size=300))
def test_noise_is_refused_and_nothing_else(noise: bytes) -> None:
    for work in (
        lambda: multipart.split(noise, "x", 5),
        lambda: multipart.request_of(Part({}, noise)),
        lambda: multipart.split(b"--x\n" + noise + b"\n--x--", "x", 5),
    ):
        with contextlib.suppress(BadQuery):
            work()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_both_line_ends_preamble_and_epilogue(end: str) -> None:
    lines = ["a preamble", "--b c", "Content-Type: application/http", "", "GET /v1.1/Things(1)", "", "--b c  ", "",
             "GET x", "--b c--", "an epilogue"]  # fmt: skip
    first, second = multipart.split(end.join(lines).encode(), "b c", 2)
    asked = multipart.request_of(first)
    assert (asked.method, asked.url, asked.body) == ("GET", "/v1.1/Things(1)", b"")
    assert second.headers == {} and multipart.request_of(second).url == "x"


def test_a_request_inside_a_part() -> None:
    raw = b"\r\npost /Things?$select=a b HTTP/1.1\r\nContent-Type: application/json\r\nIf-Match:\r\n W/\"1\"\r\n\r\n{\"a\":\r\n\r\n1}"  # fmt: skip
    asked = multipart.request_of(Part({}, raw))
    assert (asked.method, asked.url) == ("POST", "/Things?$select=a b")
    assert asked.headers["content-type"] == "application/json" and asked.headers["if-match"] == 'W/"1"'
    assert asked.body == b'{"a":\r\n\r\n1}'


@pytest.mark.parametrize(
    "kind", ["multipart/mixed", "multipart/mixed; boundary=", f"multipart/mixed; boundary={'x' * 71}"]
)
def test_a_boundary_must_be_named(kind: str) -> None:
    with pytest.raises(BadQuery):
        multipart.boundary_of(kind)


def test_boundaries_with_and_without_quotes() -> None:
    assert multipart.boundary_of("multipart/mixed;boundary=batch_36522ad7") == "batch_36522ad7"
    assert multipart.boundary_of('multipart/mixed; charset=x; boundary="a b:c"') == "a b:c"


@pytest.mark.parametrize("body", [b"", b"--y\n\nGET x\n--y--", b"--x\n\nGET x\n", b"--x\n\nGET x\n--x"])
def test_what_is_cut_off_is_refused(body: bytes) -> None:
    with pytest.raises(BadQuery):
        multipart.split(body, "x", 5)


def test_bounds() -> None:
    with pytest.raises(BadQuery):
        multipart.split(b"--x\n\na\n" * 6 + b"--x--", "x", 5)
    with pytest.raises(BadQuery):
        multipart.split(b"--x\nA: " + b"a" * 20_000 + b"\n\nGET x\n--x--", "x", 5)
