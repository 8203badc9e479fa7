"""坏请求: expired sessions, forms sent twice, forty megabytes, noise. Each gets a clear answer.

A clear answer says what happened and what to do, in the reader's language: problem details for
programs, a page for people. It never is a 5xx, and the server goes on.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from quancheng.testing.product import Product

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.xdist_group("bad-http")]

MEGABYTE = 1_000_000
LISTS = (
    "/api/v1/services/matters",
    "/api/v1/people/firms",
    "/api/v1/things/stations",
    "/api/v1/things/alarms",
    "/api/v1/command/incidents",
    "/api/v1/command/tasks",
    "/matters/",
    "/open/stations/",
)
CASES = "/api/v1/services/cases"
UPLOAD = "/api/v1/services/matters/senior-card/files/photo"
APPLY = "/matters/senior-card/apply/"
CONTACT = "/me/contact/"


@pytest.fixture(scope="module")
def city(small_city: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    import shutil

    home = tmp_path_factory.mktemp("bad-http") / "home"
    shutil.copytree(small_city, home)
    with Product(home, QUANCHENG_SQLITE_SYNCHRONOUS="OFF") as product:
        product.start()
        yield product
        assert "Internal Server Error" not in product.words(), product.words()[-4000:]


@pytest.fixture
def nobody(city: Product) -> Iterator[httpx.Client]:
    with city.client() as client:
        yield client


@pytest.fixture
def citizen(city: Product) -> Iterator[httpx.Client]:
    with city.client("citizen-elder") as client:
        yield client


@pytest.fixture
def duty(city: Product) -> Iterator[httpx.Client]:
    with city.client("flood-duty") as client:
        yield client


# -- what a clear answer is --------------------------------------------------------------------
def is_clear(answer: httpx.Response, *statuses: int) -> None:
    """The answer is refused with one of the statuses and says why and what to do."""
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:500]}"
    if answer.headers["content-type"].startswith("text/html"):
        chinese = answer.headers["content-language"] == "zh-Hans"
        spoken = ("怎么办", "有问题", "请") if chinese else ("What to do", "problem", "Please")
        assert any(words in answer.text for words in spoken), answer.text[-3000:]
        assert "Traceback" not in answer.text
        return
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"].startswith("urn:quancheng:problem:")
    for part in ("detail", "todo"):
        assert body["text"][part]["zh"]
        assert body["text"][part]["en"]


def raw(city: Product, data: bytes) -> tuple[int, bytes]:
    """Bytes as they are, without a client's manners; the status and everything that came back."""
    received = b""
    with socket.create_connection(("127.0.0.1", city.port), timeout=10) as line:
        try:
            line.sendall(data)
            while piece := line.recv(65536):
                received += piece
        except (ConnectionError, TimeoutError):
            pass  # refused before all was sent, or kept open after the answer
    assert received.startswith(b"HTTP/1.1 "), received[:200]
    return int(received.split(b" ", 2)[1]), received


def get(path: bytes, headers: bytes = b"") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + headers + b"\r\n"


def photograph() -> bytes:
    kept = BytesIO()
    Image.new("RGB", (400, 560), (200, 220, 240)).save(kept, "JPEG")
    return kept.getvalue()


# -- sessions and forms ------------------------------------------------------------------------
def test_an_expired_session_is_told_to_sign_in_and_comes_back(citizen: httpx.Client) -> None:
    citizen.cookies.set("qc_session", "0123456789abcdef0123456789abcdef", domain="127.0.0.1")
    is_clear(citizen.post(CASES, json={"matter": "senior-card"}), 401)
    page = citizen.get("/me/")
    assert page.status_code == 302
    assert page.headers["location"] == "/accounts/login/?next=%2Fme%2F"
    sent = citizen.post(APPLY, data={"phone": "0531-88881234"})
    assert sent.status_code in {302, 403}, "a form sent after the session ended"


@pytest.mark.parametrize("cookie", ["", "x" * 5000, "../../etc/passwd", "'; drop table people_user; --"])
def test_a_session_of_noise_is_a_stranger(nobody: httpx.Client, cookie: str) -> None:
    nobody.cookies.set("qc_session", cookie, domain="127.0.0.1")
    assert nobody.get("/").status_code == 200
    assert nobody.get("/api/v1/people/me").json()["signed_in"] is False


def test_a_form_without_its_proof_is_not_taken_and_keeps_what_was_typed(citizen: httpx.Client) -> None:
    answer = citizen.post(CONTACT, data={"phone": "0531-88881234"}, headers={"X-CSRFToken": "old"})
    is_clear(answer, 403)
    assert 'value="0531-88881234"' in answer.text
    is_clear(citizen.post(CASES, json={"matter": "senior-card"}, headers={"X-CSRFToken": "old"}), 403)


def test_a_deed_posted_twice_is_done_once(duty: httpx.Client) -> None:
    def issue(text: str) -> httpx.Response:
        body = {"title": {"zh": "巡查", "en": "Check"}, "department": "jn-water", "text": text}
        return duty.post("/api/v1/command/tasks", json=body, headers={"Idempotency-Key": "twice"})

    first, second = issue("一次"), issue("一次")
    assert first.status_code == second.status_code == 200
    assert first.json()["number"] == second.json()["number"]
    is_clear(issue("换了内容"), 409)


def test_an_endless_key_is_refused(duty: httpx.Client) -> None:
    body = {"title": {"zh": "巡查", "en": "Check"}, "department": "jn-water"}
    is_clear(duty.post("/api/v1/command/tasks", json=body, headers={"Idempotency-Key": "k" * 300}), 422)


def test_the_same_form_posted_twice_is_applied_once(citizen: httpx.Client) -> None:
    assert citizen.post(UPLOAD, files={"file": ("p.jpg", photograph(), "image/jpeg")}).status_code == 200
    body = {
        "matter": "senior-card",
        "form": {"phone": "0531-88881234", "delivery": "street", "truthful": True},
    }
    receipts = set()
    for _ in range(2):
        answer = citizen.post(CASES, json=body, headers={"Idempotency-Key": "apply-once"})
        assert answer.status_code == 201, answer.text
        receipts.add(answer.json()["receipt"])
    assert len(receipts) == 1


# -- size --------------------------------------------------------------------------------------
def test_forty_megabytes_are_too_large(citizen: httpx.Client, duty: httpx.Client) -> None:
    huge = b" " * (40 * MEGABYTE)
    is_clear(citizen.post(CASES, content=huge, headers={"Content-Type": "application/json"}), 413)
    is_clear(duty.post("/api/v1/things/frames", content=huge), 413)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    is_clear(citizen.post(CONTACT, content=b"phone=" + huge, headers=form), 413)


def test_a_forty_megabyte_photo_is_refused_and_the_form_survives(citizen: httpx.Client) -> None:
    huge = b"\xff\xd8\xff" + b"\0" * (40 * MEGABYTE)
    is_clear(citizen.post(UPLOAD, files={"file": ("a.jpg", huge, "image/jpeg")}), 413)
    page = citizen.post(
        APPLY, data={"phone": "0531-88885678"}, files={"file_photo": ("a.jpg", huge, "image/jpeg")}
    )
    is_clear(page, 413)
    assert "0531-88885678" in page.text


def test_too_many_fields_are_refused(citizen: httpx.Client) -> None:
    is_clear(citizen.post(CONTACT, data={f"field{number}": "1" for number in range(2000)}), 400, 413, 422)


@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_huge_headers_do_no_harm(city: Product, size: int) -> None:
    for name in (b"X-Noise: ", b"Cookie: qc_session="):
        status, _ = raw(city, get(b"/healthz", name + b"a" * size + b"\r\n"))
        assert status in {200, 400, 431}
    status, _ = raw(city, get(b"/matters/?q=" + b"a" * size))
    assert status in {200, 400, 414, 422, 431}
    assert city.answers()


# -- content -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "content",
    [
        b"not a picture",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        photograph()[:200],
        b"GIF89a" + b"\0" * 50,
        b"",
    ],
    ids=["text", "broken png", "half a jpeg", "another format", "empty"],
)
def test_a_photo_that_is_none_is_named_so(citizen: httpx.Client, content: bytes) -> None:
    is_clear(citizen.post(UPLOAD, files={"file": ("photo.jpg", content, "image/jpeg")}), 415, 422)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (
            b"multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nab',
        ),
        (b"multipart/form-data; boundary=x", b"--x\r\nContent-Dispo"),
        (b"multipart/form-data", b"abc"),
        (b"multipart/form-data; boundary=\xff", b"abc"),
        (b"multipart/form-data; boundary=" + b"x" * 500, b"abc"),
        (b"text/plain", b"abc"),
        (b"\xff\xfe", b"abc"),
    ],
    ids=[
        "truncated",
        "cut in a header",
        "no boundary",
        "odd boundary",
        "long boundary",
        "wrong type",
        "no type",
    ],
)
def test_uploads_that_break_off_are_refused(citizen: httpx.Client, kind: bytes, content: bytes) -> None:
    is_clear(citizen.post(UPLOAD, content=content, headers={b"Content-Type": kind}), 400, 413, 415, 422)
    page = citizen.post(APPLY, content=content, headers={b"Content-Type": kind})
    assert page.status_code in {302, 400, 413, 415, 422}, page.text[:500]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"null", b"[]", b'"text"', b"{}", b'{"matter": NaN}', b'{"matter": "\xff"}',
        b'{"matter": "\\ud800"}', b'{"matter": "\\u0000"}', b'{"matter": 1' + b"0" * 5000 + b"}", b"[" * 100_000,
        b'{"matter": "senior-card", "form": {"phone": "\\ud800"}}',
        b'{"matter": "senior-card", "form": {"phone": {"$gt": ""}}}', b"\xef\xbb\xbf{}", b"\x1f\x8b\x08garbage",
    ],
)  # fmt: skip
def test_bad_json_is_refused(citizen: httpx.Client, content: bytes) -> None:
    is_clear(
        citizen.post(CASES, content=content, headers={"Content-Type": "application/json"}), 400, 404, 422
    )


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/json; charset=klingon", "x"])
def test_the_wrong_content_type_is_refused(citizen: httpx.Client, kind: str) -> None:
    is_clear(citizen.post(CASES, content=b"<a/>", headers={"Content-Type": kind}), 400, 415, 422)


@pytest.mark.parametrize(
    "content", [b"phone=%00&address=%00", b"phone=%ff&address=%ed%a0%80", b"%", b"=&=&=", b"\xff\xfe"]
)
def test_forms_of_odd_bytes_are_refused(citizen: httpx.Client, content: bytes) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    is_clear(citizen.post(CONTACT, content=content, headers=form), 400, 422)


# -- addresses ---------------------------------------------------------------------------------
@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    ["size=-1", "size=0", "size=201", "size=9" * 30, "size=abc", "size=1e3", "size=%00",
     "cursor=noise", "cursor=%00", "cursor=%ff", "cursor=" + "A" * 5000, "cursor=bnVsbA", "cursor=WzAsbnVsbF0"],
)  # fmt: skip
def test_limits_and_cursors_of_noise_are_refused(nobody: httpx.Client, path: str, query: str) -> None:
    is_clear(nobody.get(f"{path}?{query}"), 422)


@pytest.mark.parametrize("path", LISTS)
def test_cursors_that_look_right_but_are_not_do_no_harm(nobody: httpx.Client, path: str) -> None:
    import base64

    for values in (
        [0, 1],
        [0, "x"],
        [1, -1],
        [0, 1, 1],
        [0, "2026-06-01", 9e99],
        [0, "\x00", "\x00"],
        [0, "x" * 999, 2**70],
    ):
        cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
        answer = nobody.get(path, params={"cursor": cursor})
        assert answer.status_code in {200, 422}, f"{values}: {answer.status_code} {answer.text[:300]}"


@pytest.mark.parametrize(
    "path", ["/matters/%00/", "/matters/%ff%fe/", "/api/v1/things/stations/%00", "/api/v1/things/stations/%ff",
             "/api/v1/command/incidents/%00", "/feeds/cap/%00.xml", "/..%2f..%2fetc/passwd",
             "/static/%00", "/static/..%2f..%2fsettings.py", "/api/v1/" + "a/" * 2000],
)  # fmt: skip
def test_addresses_of_odd_bytes_lead_nowhere(nobody: httpx.Client, path: str) -> None:
    is_clear(nobody.get(path), 400, 404, 422)


@pytest.mark.parametrize(
    "value", ["%00", "%ff%fe", "%ed%a0%80", "%F0%9F%92%A7", "%25%5F", "'%22%3C", "(" * 500]
)
def test_search_words_of_odd_bytes_find_nothing_and_break_nothing(nobody: httpx.Client, value: str) -> None:
    for path in LISTS:
        for name in ("q", "name", "region", "kind", "text", "state"):
            answer = nobody.get(f"{path}?{name}={value}")
            assert answer.status_code in {200, 422}, f"{answer.url}: {answer.status_code} {answer.text[:300]}"


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        get(b"/matters/\x00/"),
        get(b"/matters/\xff\xfe/"),
        get(b"/", b"Cookie: qc_session=\xff\x00\r\n"),
        b"POST /me/contact/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /me/contact/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: abc\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    ],
    ids=["tls", "nul", "bytes", "cookie", "negative length", "no length", "version", "another host"],
)
def test_what_is_not_http_is_refused_and_the_server_goes_on(city: Product, data: bytes) -> None:
    status, _ = raw(city, data)
    assert 400 <= status < 500
    assert city.answers()


def test_the_english_reader_is_answered_in_english(nobody: httpx.Client) -> None:
    nobody.cookies.set("qc_language", "en", domain="127.0.0.1")
    page = nobody.get("/matters/?cursor=noise")
    is_clear(page, 422)
    assert "What to do" in page.text
    assert nobody.get("/api/v1/people/firms?size=-1").json()["detail"].startswith("The page size")
