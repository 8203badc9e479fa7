"""Programs take the short way, browsers with a session the long one; both say the same."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import signals
from django.db import close_old_connections
from django.test import Client

from quancheng import asgi, short_way
from quancheng.capabilities.sensorthings import lean, protocols, signing_in

from .conftest import ROOT, Sta, thing
from .test_rights import PASSWORD, basic, editor, strict  # noqa: F401


@contextmanager
def one_connection() -> Iterator[None]:
    """As Django's own test client: a request's end does not close the connection of the test's transaction."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (signals.request_started, signals.request_finished):
            signal.connect(close_old_connections)


def scope(method: str = "GET", path: str = "/Things", body: bytes = b"", **headers: str) -> dict[str, Any]:
    named = {"host": "testserver", "content-length": str(len(body)), **headers}
    return {
        "type": "http", "http_version": "1.1", "scheme": "http", "method": method, "path": ROOT + path,
        "query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()],
    }  # fmt: skip


def ask(
    method: str = "GET", path: str = "/Things", body: Any = b"", **headers: str
) -> tuple[int, Any, dict[str, str]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    asked = scope(method, path, data, **headers)
    found = short_way.view_for(asked)
    assert found is not None
    with one_connection():
        start, content = short_way.respond(asked, data, *found)
    said = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], json.loads(content) if content else None, said


@pytest.mark.parametrize(
    ("asked", "short"),
    [
        (scope(), True),
        (scope(cookie="qc_lang=en"), True),
        (scope(cookie="qc_lang=en; qc_session=abc"), False),
        (scope("POST", body=b"{}"), True),
        (scope("POST", body=b"{}", cookie="qc_session=abc"), False),
        (scope("POST", content_length=str(short_way.MAX_BODY_BYTES + 1)), False),
        (scope("POST", content_length="x"), False),
        (scope("POST", transfer_encoding="chunked"), False),
        (scope() | {"path": "/sta/"}, False),
        (scope() | {"path": "/"}, False),
        (scope() | {"path": "/sta/v1.10/"}, False),
    ],
)
def test_who_takes_the_short_way(asked: dict[str, Any], short: bool) -> None:
    assert (short_way.view_for(asked) is not None) is short


def test_both_ways_say_the_same(sta: Sta, world: dict[str, int], client: Client) -> None:
    for path in ("/Things", "/Nothing", f"/Datastreams({world['stream']})/Observations", "/"):
        long = client.get(ROOT + path)
        status, body, said = ask(path=path)
        assert (status, body) == (long.status_code, long.json())
        for name in ("content-type", "x-frame-options", "x-content-type-options", "referrer-policy"):
            assert said[name] == long[name]
        assert said["content-security-policy"].startswith("default-src 'none'")
        assert int(said["content-length"]) == len(long.content)


def test_writing_without_a_session(sta: Sta, strict: None, editor: Any) -> None:  # noqa: F811
    assert ask("POST", body=thing())[0] == 401
    status, body, said = ask("POST", body=thing(), authorization=basic("bian", PASSWORD)["Authorization"])
    assert status == 201 and said["location"] == body["@iot.selfLink"]
    token = signing_in.token_for(editor)
    assert ask("POST", body=thing(), authorization=f"Bearer {token}")[0] == 201
    wrong = ask("POST", body=thing(), authorization=basic("bian", "falsch")["Authorization"])
    assert wrong[0] == 401 and wrong[2]["www-authenticate"].startswith("Basic")


def test_each_request_is_logged_with_its_number(db: None, caplog: pytest.LogCaptureFixture) -> None:
    import structlog

    with structlog.testing.capture_logs() as lines:
        _, _, said = ask()
    line = next(one for one in lines if one["event"] == "request")
    assert (line["status"], line["path"], line["request_id"]) == (200, f"{ROOT}/Things", said["x-request-id"])


def test_a_fault_of_ours_is_said_in_both_languages_and_logged(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("secret")

    found = (f"{ROOT}/", lambda request, path: broken())
    with caplog.at_level(logging.ERROR, "django.request"):
        start, content = short_way.respond(scope(), b"", *found)
    body = json.loads(content)
    assert start["status"] == 500 and body["text"]["detail"]["zh"] and body["text"]["detail"]["en"]
    assert body["request_id"] and "secret" not in content.decode()
    assert "ZeroDivisionError" in caplog.text


def test_bad_hosts_and_addresses_are_refused(db: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    assert ask(host="evil.example")[0] == 422 or ask(host="evil.example")[0] == 400
    status, body, _ = ask(path="/Things\x00")
    assert status in (400, 422) and body["text"]["detail"]["zh"]


def test_no_page_writes_in_its_readers_name(sta: Sta, editor: Any) -> None:  # noqa: F811
    """Even where anybody may write: a session needs its token, a foreign page is refused."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(editor)
    kind = "application/json"
    refused = browser.post(f"{ROOT}/Things", thing(), content_type=kind)
    assert refused.status_code == 403 and refused.json()["detail"]["zh"]
    assert browser.get(f"{ROOT}/Things").status_code == 200
    browser.get("/open/sensors/")
    from django.middleware.csrf import _get_new_csrf_string

    browser.cookies["csrftoken"] = token = _get_new_csrf_string()
    written = browser.post(f"{ROOT}/Things", thing(), content_type=kind, headers={"X-CSRFToken": token})
    assert written.status_code == 201
    assert ask("POST", body=thing(), origin="https://evil.example")[0] == 403
    assert ask("POST", body=thing(), origin="null")[0] == 403
    assert ask("POST", body=thing(), origin="http://testserver")[0] == 201


def test_through_the_entry(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ASGI entry hands a plain request to the short way and a session to the long one."""
    from concurrent.futures import ThreadPoolExecutor

    taken: list[str] = []

    async def long(*_: Any) -> None:
        taken.append("long")

    def view(request: Any, path: str) -> Any:
        from django.http import HttpResponse

        taken.append("short")
        return HttpResponse(request.body + path.encode())

    long.executor = ThreadPoolExecutor(1)  # type: ignore[attr-defined]
    monkeypatch.setattr(asgi, "_django", long)
    monkeypatch.setattr(short_way, "views", lambda: ((f"{ROOT}/", view),))

    async def talk(asked: dict[str, Any], parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        waiting = iter(parts)

        async def receive() -> dict[str, Any]:
            return next(waiting)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await asgi.application(asked, receive, send)
        return sent

    whole = {"type": "http.request", "body": b"ab", "more_body": True}
    rest = {"type": "http.request", "body": b"c"}
    start, body = asyncio.run(talk(scope("POST", body=b"abc"), [whole, rest]))
    assert (start["status"], body["body"]) == (200, b"abcThings")
    assert asyncio.run(talk(scope("POST", body=b"abc"), [whole, {"type": "http.disconnect"}])) == []
    asyncio.run(talk(scope("POST", body=b"abc", cookie="qc_session=x"), [whole, rest]))
    assert taken == ["short", "long"]
    long.executor.shutdown()  # type: ignore[attr-defined]


def test_the_module_names_its_addresses() -> None:
    assert list(lean.PREFIXES) == ["/sta/v1.1/"]
    assert dict(short_way.views())["/sta/v1.1/"] is protocols.sta
