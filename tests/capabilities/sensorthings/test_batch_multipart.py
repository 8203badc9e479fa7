"""``$batch`` as ``multipart/mixed`` (OData 4.0 part 1 § 11.7; the worked example of OGC 18-088 § 11.2)."""

from __future__ import annotations

import json
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest

from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.models import Thing

from .conftest import ROOT, Sta, place, stream, thing

BATCH, SET = "batch_36522ad7-fc75-4b56-8c71-56071383e77b", "changeset_77162fcd-b8da-41ac-a9f8-9357efbbd"


def part(line: str, body: Any = None, id: str = "", **headers: str) -> str:
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    head += f"Content-ID: {id}\r\n" if id else ""
    fields = {
        "Host": "localhost",
        **({} if body is None else {"Content-Type": "application/json"}),
        **headers,
    }
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\n{line} HTTP/1.1\r\n{lines}\r\n{'' if body is None else json.dumps(body)}"


def multi(boundary: str, *parts: str) -> str:
    return "".join(f"--{boundary}\r\n{one}\r\n" for one in parts) + f"--{boundary}--"


def change_set(*parts: str) -> str:
    return f"Content-Type: multipart/mixed;boundary={SET}\r\n\r\n{multi(SET, *parts)}"


def ask(sta: Sta, text: str, status: int = 200, boundary: str = BATCH, **headers: str) -> Any:
    """The parts of the answer as the standard library reads them."""
    kind = f"multipart/mixed;boundary={boundary}"
    answer = sta.send("POST", "$batch", text.encode(), status, kind, **headers)
    if status != 200:
        return answer.json()
    assert answer["Content-Type"].startswith("multipart/mixed")
    whole = BytesParser(policy=HTTP).parsebytes(
        f"Content-Type: {answer['Content-Type']}\r\n\r\n".encode() + answer.content
    )
    assert not whole.defects and whole.is_multipart()
    return whole.get_payload()


def read(one: Message) -> tuple[int, dict[str, str], Any]:
    """Status, header fields, JSON of one answer."""
    assert one.get_content_type() == "application/http" and one["Content-Transfer-Encoding"] == "binary"
    raw = one.get_payload(decode=True)
    assert isinstance(raw, bytes)
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    version, status, phrase = line.split(" ", 2)
    assert version == "HTTP/1.1" and phrase
    found = dict(field.split(": ", 1) for field in fields)
    assert int(found["Content-Length"]) == len(body)
    return int(status), found, json.loads(body) if body else None


def test_the_example_of_the_standard(sta: Sta, world: dict[str, int]) -> None:
    t = world["thing"]
    text = multi(
        BATCH,
        f"Content-Type: application/http\r\nContent-Transfer-Encoding:binary\r\n\r\nGET /v1.1/Things({t})\r\nHost: localhost\r\n",
        change_set(
            part("POST /v1.1/Things", thing("新"), id="1"),
            part(f"PATCH /v1.1/Things({t})", {"name": "改"}, id="2"),
        ),
        part("GET /v1.1/Things(999999)"),
    )
    first, changes, third = ask(sta, text)
    status, fields, shown = read(first)
    assert status == 200 and shown["name"] == "雨量站" and "json" in fields["Content-Type"]
    assert changes.get_content_type() == "multipart/mixed"
    made, patched = changes.get_payload()
    assert (made["Content-ID"], patched["Content-ID"]) == ("1", "2")
    assert read(made)[0] == 201 and f"{ROOT}/Things(" in read(made)[1]["Location"]
    assert read(patched)[0] == 200 and sta.get(f"Things({t})/name") == {"name": "改"}
    assert read(third)[0] == 404


def test_references_by_content_id(sta: Sta) -> None:
    text = multi(
        BATCH,
        change_set(
            part("POST Things", thing("甲", Locations=[place()]), id="1"),
            part("POST /$1/Datastreams", stream(), id="2"),
            part("POST /sta/v1.1/Observations", {"result": 5, "Datastream": {"@iot.id": "$2"}}, id="3"),
            part("POST http://testserver/sta/v1.1/$2/Observations", {"result": 6}, id="<4@x>"),
            part("PATCH $1", {"description": "改"}),
        ),
        part("GET /$1?$select=name,description"),
    )
    changes, last = ask(sta, text)
    assert [read(one)[0] for one in changes.get_payload()] == [201, 201, 201, 201, 200]
    assert changes.get_payload()[3]["Content-ID"] == "<4@x>"
    assert read(last)[2] == {"name": "甲", "description": "改"}
    assert [one["result"] for one in sta.get("Observations")["value"]] == [5, 6]


def test_a_failed_change_set_is_one_answer_and_undone(sta: Sta, world: dict[str, int]) -> None:
    d = world["stream"]
    ids = sta.ids("Observations")
    deep = thing("深", Locations=[place()], Datastreams=[stream(Observations=[{"result": 9}])])
    text = multi(
        BATCH,
        change_set(
            part("POST /Things", deep, id="1"),
            part(f"POST /Datastreams({d})/Observations", {"result": 7}, id="2"),
            part(f"PATCH /Observations({ids[0]})", {"result": 100}, id="3"),
            part(f"DELETE /Observations({ids[1]})", id="4"),
            part("POST /Things", {"name": "缺说明"}, id="5"),
        ),
        part("GET /Things?$count=true"),
    )
    failed, after = ask(sta, text)
    status, _, body = read(failed)
    assert failed["Content-ID"] == "5" and status == 400 and body["code"] == 400
    assert read(after)[2]["@iot.count"] == 1 and Thing.objects.count() == 1
    assert [one["result"] for one in sta.get("Observations?$orderby=id")["value"]] == [1, 2.5, 4, "坏"]


def test_a_change_set_that_succeeds_deletes(sta: Sta, world: dict[str, int]) -> None:
    ids = sta.ids("Observations")
    parts = [part(f"DELETE /Observations({one})") for one in ids[:2]]
    (changes,) = ask(sta, multi(BATCH, change_set(*parts)))
    assert [read(one)[0] for one in changes.get_payload()] == [200, 200]
    assert sta.ids("Observations") == ids[2:]


def test_a_change_set_holds_no_reading(sta: Sta, world: dict[str, int]) -> None:
    parts = (part("POST /Things", thing()), part("GET /Things"))
    (failed,) = ask(sta, multi(BATCH, change_set(*parts)))
    assert read(failed)[0] == 400 and Thing.objects.count() == 1


def test_after_a_failure(sta: Sta, world: dict[str, int]) -> None:
    parts = (part("GET /Nothing", id="a"), part("NONSENSE", id="b"), part("GET /Things"))
    assert [read(one)[0] for one in ask(sta, multi(BATCH, *parts))] == [404, 400, 200]
    stopped = ask(sta, multi(BATCH, *parts), prefer="odata.continue-on-error=false")
    assert [read(one)[0] for one in stopped] == [404]


@pytest.mark.parametrize(
    "text",
    ["", "nothing", f"--{BATCH}\r\n\r\nGET /Things\r\n", multi(BATCH, "Content-Type: text/plain\r\n\r\nGET /Things"),
     multi(BATCH, change_set(change_set(part("POST /Things", {})))), multi(BATCH, "nonsense\r\n\r\nGET /Things"),
     multi(BATCH, "Content-Type: multipart/mixed\r\n\r\nGET /Things")],
)  # fmt: skip
def test_garbage_is_400(sta: Sta, text: str) -> None:
    refused = ask(sta, text, 400)
    assert refused["detail"]["zh"] and refused["message"]


def test_bounds(sta: Sta) -> None:
    ask(sta, multi(BATCH, *[part("GET /Things")] * (LIMITS.batch + 1)), 400)
    half = [part("POST /Things", {})] * (LIMITS.batch // 2 + 1)
    ask(sta, multi(BATCH, change_set(*half), change_set(*half)), 400)
    (nested,) = ask(sta, multi(BATCH, part("POST /$batch", {"requests": []})))
    assert read(nested)[0] == 400


def test_the_batch_answers_what_single_requests_answer(sta: Sta, world: dict[str, int]) -> None:
    t = world["thing"]
    for path in (f"Things({t})", f"Things({t})/name/$value", "Observations?$filter=result gt 1&$count=true"):
        (one,) = ask(sta, multi(BATCH, part(f"GET /{path.replace(' ', '%20')}")))
        raw = one.get_payload(decode=True).partition(b"\r\n\r\n")[2].decode()
        alone = sta.get(path)
        assert (raw if isinstance(alone, str) else json.loads(raw)) == alone
