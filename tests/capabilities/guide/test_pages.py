"""Pages and interface without script: ask, person, message, rate; the desk; lists; both languages."""

from __future__ import annotations

import pytest
from django.test import Client

from quancheng.capabilities.guide import actions
from quancheng.capabilities.guide.models import Conversation, Correction, Inquiry

pytestmark = pytest.mark.django_db


@pytest.fixture
def citizen(town: None) -> Client:
    return Client()


def test_asking_without_script(citizen: Client):
    assert citizen.get("/guide/").status_code == 200
    assert Conversation.objects.count() == 0, "looking keeps nothing"
    assert citizen.post("/guide/say/", {"text": ""}).status_code == 422
    assert citizen.post("/guide/say/", {"text": "狗证咋办"}).status_code == 302
    page = citizen.get("/guide/").content.decode()
    assert "/matters/dog-registration/" in page and "来源：" in page and "有帮助" in page
    inquiry = Inquiry.objects.get()
    assert citizen.post("/guide/judge/", {"inquiry": inquiry.pk, "helpful": "0"}).status_code == 302
    inquiry.refresh_from_db()
    assert inquiry.helpful is False
    assert citizen.post("/guide/judge/", {"inquiry": "x"}).status_code == 422
    assert Client().post("/guide/judge/", {"inquiry": inquiry.pk}).status_code == 404


def test_danger_shows_the_number_at_once(citizen: Client):
    citizen.post("/guide/say/", {"text": "楼上冒浓烟"})
    assert 'href="tel:119"' in citizen.get("/guide/").content.decode().split('id="talk"')[1]


def test_nobody_there_leave_a_message(citizen: Client):
    citizen.post("/guide/person/")
    assert "现在没有坐席在岗" in citizen.get("/guide/").content.decode()
    assert citizen.get("/guide/message/").status_code == 200
    assert citizen.post("/guide/message/", {"phone": "1", "text": "回电"}).status_code == 422
    assert citizen.post("/guide/message/", {"phone": "13900001111", "text": "回电"}).status_code == 302
    assert Client().get("/guide/message/").status_code == 404


def test_a_conversation_with_forms_only(citizen: Client, on_duty, signed_in):
    citizen.post("/guide/person/")
    held = Conversation.objects.get()
    desk = signed_in("guide-agent")
    assert held.number in desk.get("/work/guide/").content.decode()
    assert desk.post(f"/work/guide/c/{held.number}/accept/").status_code == 302
    late = signed_in("guide-editor").post(f"/work/guide/c/{held.number}/accept/", follow=True)
    assert "已经接入" in late.content.decode()
    assert desk.post(f"/work/guide/c/{held.number}/say/", {"text": "您好，请讲"}).status_code == 302
    assert desk.post(f"/work/guide/c/{held.number}/say/", {"text": " "}).status_code == 422
    assert desk.post(f"/work/guide/c/{held.number}/say/", {"entry": "senior-card"}).status_code == 302
    page = citizen.get("/guide/").content.decode()
    assert "您好，请讲" in page and "/matters/senior-card/" in page
    assert desk.post(f"/work/guide/c/{held.number}/nonsense/").status_code == 404
    assert desk.post(f"/work/guide/c/{held.number}/close/").status_code == 302
    assert citizen.post("/guide/rate/", {"score": "9"}).status_code == 422
    assert citizen.post("/guide/rate/", {"score": "4"}).status_code == 302
    assert "4" in citizen.get("/guide/").content.decode()
    assert citizen.post("/guide/say/", {"text": "再问一件"}).status_code == 302
    assert Conversation.objects.count() == 2, "after the end a new one begins"


def test_the_desk_is_for_agents(citizen: Client, signed_in):
    elder = signed_in("citizen-elder")
    for path in ("/work/guide/", "/work/guide/callbacks/", "/work/guide/statistics/", "/work/guide/corrections/",
                 "/work/guide/articles/", "/work/guide/canned/", "/work/guide/unanswered/"):  # fmt: skip
        assert elder.get(path).status_code == 403, path
        assert citizen.get(path).status_code == 302, path
    assert signed_in("guide-agent").get("/work/guide/articles/new/").status_code == 403
    assert citizen.get("/guide/history/").status_code == 302


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_in_both_languages(town, on_duty, signed_in, nobody, language):
    for text in ("红烧肉怎么做", "给毛孩子上牌牌"):
        actions.ask_once(nobody, text=text)
    inquiry = Inquiry.objects.order_by("pk").last()
    held = actions.ask_person(nobody, conversation=actions.ask(nobody, text="你好").conversation)
    actions.leave_message(nobody, conversation=held, phone="13900001111", text="回电")
    desk = signed_in("guide-editor", language)
    wrong = f"/work/guide/wrong/{inquiry.pk}/"
    assert desk.post(wrong, {"right": "dog-registration", "phrase": "x"}).status_code == 422
    assert desk.post(wrong, {"right": "dog-registration", "phrase": "毛孩子"}).status_code == 302
    row = Correction.objects.get()
    for path in ("/work/guide/", wrong, "/work/guide/corrections/?q=毛&state=proposed",
                 f"/work/guide/corrections/{row.pk}/", "/work/guide/unanswered/", "/work/guide/synonyms/",
                 "/work/guide/articles/?q=大厅", "/work/guide/articles/hall-hours/", "/work/guide/articles/new/",
                 "/work/guide/canned/", "/work/guide/statistics/", "/work/guide/callbacks/", "/work/",
                 f"/work/guide/callbacks/{held.callbacks.get().pk}/", "/guide/", "/guide/history/"):  # fmt: skip
        assert desk.get(path).status_code == 200, path
    assert "hall-hours" in desk.get("/work/guide/articles/?q=开放时间").content.decode()
    assert "毛孩子" in desk.get("/work/guide/corrections/?q=毛").content.decode()
    assert "毛孩子" not in desk.get("/work/guide/corrections/?state=accepted").content.decode()
    other = signed_in("guide-agent", language)
    assert other.post(f"/work/guide/corrections/{row.pk}/", {"accept": "1"}).status_code in {403, 404}


def test_editors_write_articles(signed_in):
    desk = signed_in("guide-editor")
    data = {
        "code": "lost-found", "title_zh": "失物招领", "title_en": "Lost property", "body_zh": "保管三个月。",
        "body_en": "Three months.", "questions": "丢了雨伞\n在大厅丢东西", "keywords": "失物招领 失物",
        "source_zh": "规程（模拟）", "source_en": "Procedure", "valid_from": "2026-01-01", "valid_to": "2025-01-01",
    }  # fmt: skip
    assert desk.post("/work/guide/articles/new/", data).status_code == 422
    assert desk.post("/work/guide/articles/new/", {**data, "valid_to": "2027-01-01"}).status_code == 302
    assert (
        desk.post(
            "/work/guide/canned/", {"code": "bye", "zh": "再见", "en": "Bye", "active": "on"}
        ).status_code
        == 302
    )
    citizen = Client()
    citizen.post("/guide/say/", {"text": "失物招领"})
    assert "保管三个月。" in citizen.get("/guide/").content.decode()


def test_the_interface(citizen: Client, on_duty, signed_in):
    def post(client: Client, path: str, data: dict | None = None):
        return client.post(f"/api/v1/guide/{path}", data or {}, content_type="application/json")

    answer = post(citizen, "ask", {"text": "老年证怎么办"}).json()
    assert answer["outcome"] == "answer" and answer["candidates"][0]["key"] == "senior-card"
    assert post(citizen, "ask", {"text": ""}).status_code == 422
    assert citizen.get("/api/v1/guide/duty").json()["agents"] == 1
    assert citizen.get("/api/v1/guide/entries/k:fees").json()["source"]["zh"]
    assert citizen.get("/api/v1/guide/entries/nothing").status_code == 404
    assert citizen.get("/api/v1/guide/conversation").status_code == 404
    said = post(citizen, "conversation/messages", {"text": "有事想问人", "client_id": "m1"}).json()
    assert post(citizen, "conversation/messages", {"text": "有事想问人", "client_id": "m1"}).json() == said
    number = post(citizen, "conversation/person").json()["number"]
    desk = signed_in("guide-agent")
    assert [one["number"] for one in desk.get("/api/v1/guide/desk").json()["waiting"]] == [number]
    assert post(desk, f"desk/{number}/accept").json()["state"] == "open"
    assert post(desk, f"desk/{number}/messages", {"text": "请讲"}).status_code == 200
    heard = citizen.get(f"/api/v1/guide/conversation?after={said['sequence']}").json()
    assert heard["items"][-1]["text"]["zh"] == "请讲" and heard["through"] == heard["items"][-1]["sequence"]
    assert desk.get(f"/api/v1/guide/desk/{number}/messages").status_code == 200
    left = post(citizen, "conversation/message", {"phone": "13900001111", "text": "回电"})
    assert left.status_code == 200 and left.json()["due_at"]
    assert post(citizen, "conversation/end").json()["state"] == "closed"
    assert post(citizen, "conversation/rating", {"score": 5}).json()["rating"] == 5
    assert citizen.get("/api/v1/guide/conversations").status_code == 401
    assert signed_in("citizen-elder").get("/api/v1/guide/conversations").json()["items"] == []
    assert citizen.get("/api/v1/guide/desk").status_code == 401
