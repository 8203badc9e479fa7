"""ETags: readers are told that nothing changed, writers that somebody was faster (RFC 9110 § 13)."""

from __future__ import annotations

from typing import Any

from .conftest import ROOT, Sta


def tag_of(sta: Sta, path: str) -> str:
    answer = sta.client.get(f"{ROOT}/{path}")
    assert answer.status_code == 200 and answer["ETag"].startswith('W/"')
    return str(answer["ETag"])


def test_a_reader_who_has_it_already(sta: Sta, world: dict[str, int]) -> None:
    path = f"Things({world['thing']})"
    tag = tag_of(sta, path)
    for given in (tag, f'"x", {tag}', "*"):
        answer = sta.client.get(f"{ROOT}/{path}", headers={"if-none-match": given})
        assert answer.status_code == 304 and answer["ETag"] == tag and answer.content == b""
    sta.get(path, 200, **{"if-none-match": 'W/"x"'})
    patched = sta.patch(path, {"name": "改"})
    assert patched["ETag"] != tag and patched["ETag"] == tag_of(sta, path)
    sta.get(path, 200, **{"if-none-match": tag})


def test_a_stream_with_new_readings_is_another_to_readers_and_the_same_to_writers(
    sta: Sta, world: dict[str, int]
) -> None:
    path = f"Datastreams({world['stream']})"
    tag = tag_of(sta, path)
    sta.post(f"{path}/Observations", {"result": 1, "phenomenonTime": "2026-07-19T00:00:00Z"})
    assert tag_of(sta, path) != tag
    sta.get(path, 200, **{"if-none-match": tag})
    sta.send("PATCH", path, {"name": "改"}, 200, **{"if-match": tag})
    sta.send("PATCH", path, {"name": "再改"}, 412, **{"if-match": tag})


def test_two_writers(sta: Sta, world: dict[str, int]) -> None:
    for path, body in (
        (f"Observations({sta.ids('Observations')[0]})", {"result": 77}),
        (f"Things({world['thing']})", {"description": "d"}),
    ):
        tag: Any = tag_of(sta, path)
        sta.send("PATCH", path, body, 200, **{"if-match": tag})
        refused = sta.send("PATCH", path, body, 412, **{"if-match": tag}).json()
        assert refused["code"] == 412 and refused["detail"]["zh"]
        for method in ("PUT", "DELETE"):
            whole = {"name": "n", "description": "d", "result": 1}
            whole = {k: v for k, v in whole.items() if (k == "result") == path.startswith("O")}
            sta.send(method, path, whole, 412, **{"if-match": tag})
        sta.send("PATCH", path, body, 200, **{"if-match": "*"})
        sta.send("PATCH", path, body, 412, **{"if-none-match": "*"})
        sta.send("PATCH", path, body, 412, **{"if-match": "garbage"})
        sta.send("DELETE", path, b"", 200, **{"if-match": f'"x", {tag_of(sta, path)}'})


def test_no_tag_for_what_shows_more_than_one_entity(sta: Sta, world: dict[str, int]) -> None:
    for path in ("Things", f"Things({world['thing']})?$expand=Datastreams"):
        assert "ETag" not in sta.client.get(f"{ROOT}/{path}")


def test_conditions_inside_a_batch(sta: Sta, world: dict[str, int]) -> None:
    path = f"Things({world['thing']})"
    one = {
        "id": "1",
        "method": "patch",
        "url": path,
        "body": {"name": "改"},
        "headers": {"If-Match": 'W/"x"'},
    }
    assert sta.post("$batch", {"requests": [one]}, 200)["responses"][0]["status"] == 412
    one["headers"] = {"If-Match": tag_of(sta, path)}
    assert sta.post("$batch", {"requests": [one]}, 200)["responses"][0]["status"] == 200
