"""Every kind of source over a real connection to a reference peer."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.collection import peers
from tests.capabilities.collection.peers import LOCAL, RECIPE, serving

from quancheng.capabilities.collection.connectors import KINDS, kind_of
from quancheng.capabilities.collection.connectors.http_client import Session
from quancheng.capabilities.collection.connectors.net import Permit, Permits
from quancheng.capabilities.collection.values import Connector
from quancheng.kernel.errors import Forbidden, PartnerFailed, TooLarge

BEARER = {"auth": "bearer"}


def fetched(
    connector: str,
    settings: dict[str, Any],
    secrets: dict[str, str] | None = None,
    cursor: Any = None,
    permits: Any = LOCAL,
) -> tuple[bytes | None, dict[str, Any]]:
    """Content and cursor of one fetch."""
    assert kind_of(connector).faults(settings) == {}
    with kind_of(connector).open(settings, secrets or {}, cursor or {}, permits) as delivered:
        if delivered is None:
            return None, {}
        content = b"".join(delivered.pieces)
        return content, delivered.cursor()


def rows_in(content: bytes | None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (content or b"").splitlines()]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/page", {"paging": "page", "page_param": "page", "items": "data.rows"}),
        ("/offset", {"paging": "offset", "size_param": "limit", "page_size": 10, "items": "items"}),
        ("/cursor", {"paging": "cursor", "page_param": "after", "items": "items", "next": "meta.next"}),
        ("/link", {"paging": "link"}),
    ],
)
def test_every_style_of_paging_gives_all_rows(path: str, more: dict[str, Any]) -> None:
    with serving(peers.interface) as peer:
        content, _ = fetched("http", {"url": peer.url + path, **BEARER, **more}, {"token": "geheim"})
        assert [one["id"] for one in rows_in(content)] == list(range(25))
        with pytest.raises(PartnerFailed, match="401"):
            fetched("http", {"url": peer.url + path, **BEARER, **more}, {"token": "falsch"})


def test_a_watermark_asks_only_for_what_is_newer() -> None:
    settings = {
        "paging": "cursor",
        "page_param": "after",
        "items": "items",
        "next": "meta.next",
        "watermark": "changed",
        "since_param": "since",
        **BEARER,
    }
    with serving(peers.interface) as peer:
        settings["url"] = peer.url + "/cursor"
        _, cursor = fetched("http", settings, {"token": "geheim"})
        assert cursor == {"watermark": "2026-07-25"}
        content, _ = fetched("http", settings, {"token": "geheim"}, cursor)
        assert [one["id"] for one in rows_in(content)] == [24]


def test_a_file_is_unpacked_and_not_fetched_twice() -> None:
    with serving(peers.interface) as peer:
        content, cursor = fetched("http", {"url": peer.url + "/file.csv"})
        assert content is not None and content.decode().startswith("编号") and cursor["etag"] == '"v1"'
        assert fetched("http", {"url": peer.url + "/file.csv"}, cursor=cursor) == (None, {})


def test_only_registered_hosts_and_no_way_into_private_networks() -> None:
    with serving(peers.interface) as peer:
        url = peer.url + "/file.csv"
        with pytest.raises(Forbidden, match="没有登记"):
            fetched("http", {"url": url}, permits=Permits())
        with pytest.raises(Forbidden, match="内部网络"):
            fetched("http", {"url": url}, permits=Permits((Permit("127.0.0.1"),)))
        with pytest.raises(Forbidden, match="没有登记"):
            fetched("http", {"url": url}, permits=Permits((Permit("127.0.0.1", 1, True),)))
        with pytest.raises(Forbidden, match="没有登记"):
            fetched("http", {"url": peer.url + "/away"})
        with pytest.raises(Forbidden):  # metadata services are never reached, whoever registered them
            fetched(
                "http",
                {"url": "http://169.254.169.254/x"},
                permits=Permits((Permit("169.254.169.254", 0, True),)),
            )


def test_size_and_time_end_a_request() -> None:
    with serving(peers.interface) as peer:
        with pytest.raises(TooLarge):
            Session(LOCAL, 30, 1_000_000).request("GET", peer.url + "/big").read()
        slow = Session(LOCAL, 0.05, 10_000)
        time.sleep(0.06)
        with pytest.raises(PartnerFailed, match="时限"):
            slow.request("GET", peer.url + "/big")


def test_a_token_is_not_carried_to_another_origin() -> None:
    with (
        serving(peers.interface) as other,
        serving(lambda *_: (302, {"Location": f"{other.url}/page"}, b"")) as peer,
    ):
        answer = Session(LOCAL, 30, 10_000).request(
            "GET", peer.url, headers={"Authorization": "Bearer geheim", "X-Key": "1"}
        )
        answer.close()
        assert "authorization" not in other.asked[0][2] and "x-key" not in other.asked[0][2]


def test_the_robot_signs_in_and_reads_all_pages() -> None:
    with serving(peers.old_site) as peer:
        settings = {"recipe": json.dumps({"start": peer.url + "/", **RECIPE})}
        content, _ = fetched("robot", settings, {"user": "u", "password": "开门"})
        rows = rows_in(content)
        assert [one["档号"] for one in rows] == [f"D{at:03d}" for at in range(1, 11)]
        assert rows[2] == {"档号": "D003", "题名": "卷宗 3", "页数": "3.5"}
        assert [path for _, path, _, _ in peer.asked][-1] == "/list.asp?page=3"
        with pytest.raises(PartnerFailed, match="登录"):
            fetched("robot", settings, {"user": "u", "password": "错"})


def test_the_robot_takes_columns_by_selector_and_stops_at_its_limit() -> None:
    with serving(peers.old_site) as peer:
        columns = {"档号": "td:nth-child(1) a", "链接": "./td[1]/a/@href"}
        recipe = {"start": peer.url + "/", **RECIPE, "rows": "//table[@id='data']/tr[td]", "columns": columns}
        rows = rows_in(fetched("robot", {"recipe": recipe}, {"user": "u", "password": "开门"})[0])
        assert rows[0] == {"档号": "D001", "链接": "/view.asp?id=1"} and len(rows) == 10
        with pytest.raises(PartnerFailed, match="超过 2 页"):
            fetched("robot", {"recipe": recipe | {"pages": 2}}, {"user": "u", "password": "开门"})


@pytest.mark.parametrize(
    "recipe",
    ["{", [], {"start": "http://a/"}, {"start": "http://a/", "rows": "tr["}, {"start": "http://a/", "rows": "tr", "steps": [{}]},
     {"start": "http://a/", "rows": "tr", "pause": -1}, {"start": "http://a/", "rows": "tr", "pages": 0}, {"start": "ftp://a/", "rows": "tr"},
     {"start": "http://a/", "rows": "tr", "eval": "x"}],
)  # fmt: skip
def test_a_wrong_recipe_is_refused_before_anything_is_opened(recipe: Any) -> None:
    assert "recipe" in kind_of("robot").faults({"recipe": recipe})


def test_a_folder_gives_the_newest_settled_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANCHENG_COLLECTION_INBOX", str(tmp_path))
    folder = tmp_path / "civil"
    folder.mkdir()
    old = time.time() - 100
    for at, name in enumerate(["a.csv", "b.csv", "c.part", ".d.csv"]):
        (folder / name).write_bytes(name.encode())
        os.utime(folder / name, (old + at, old + at))
    (folder / "growing.csv").write_bytes(b"x")
    (folder / "link.csv").symlink_to("/etc/passwd")
    os.utime(folder / "link.csv", (old + 50, old + 50), follow_symlinks=False)
    settings = {"folder": "civil", "pattern": "*.csv"}
    content, cursor = fetched("folder", settings)
    assert content == b"b.csv"
    assert fetched("folder", settings, cursor=cursor) == (None, {})  # a.csv is overtaken
    oldest = settings | {"take": "oldest"}
    content, cursor = fetched("folder", oldest)
    assert content == b"a.csv" and fetched("folder", oldest, cursor=cursor)[0] == b"b.csv"
    assert "folder" in kind_of("folder").faults({"folder": "../x"})
    (tmp_path / "out").symlink_to("/etc")
    with pytest.raises(Forbidden):
        fetched("folder", {"folder": "out"})


def test_every_connector_names_its_faults() -> None:
    for connector in Connector:
        wrong = KINDS[connector].faults({})
        assert connector is Connector.UPLOAD or wrong, connector
        assert all(text.zh and text.en for text in wrong.values())
    assert "table" in kind_of("postgres").faults(
        {"host": "h", "database": "d", "user": "u", "table": "t; drop table x"}
    )
