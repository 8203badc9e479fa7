"""Stories through the actions: asked and answered, a person within the promise, messages, corrections."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from quancheng.capabilities.guide import actions, indicators, knowledge, queries
from quancheng.capabilities.guide.models import Article, Callback, Conversation, Inquiry, Message, Synonym
from quancheng.capabilities.guide.values import Outcome, Side, State
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn, TooMany

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 7, 20, 10, 0, tzinfo=clock.LOCAL)
NIGHT = datetime(2026, 7, 17, 22, 0, tzinfo=clock.LOCAL)


def texts(conversation: Conversation) -> list[str]:
    return [one.text["zh"] for one in conversation.messages.order_by("sequence")]


def last(conversation: Conversation) -> Message:
    return conversation.messages.order_by("-sequence").first()


def waiting(call: Call, text: str = "有点复杂，想问问") -> Conversation:
    held = actions.ask(call, text=text).conversation
    return actions.ask_person(call, conversation=held)


def test_a_question_gets_matter_place_papers_and_source(town, nobody):
    said = actions.ask(nobody, text="老年证怎么办", client_id="a1")
    answer = last(said.conversation)
    assert (said.sequence, answer.sequence, answer.side) == (1, 2, Side.BOT)
    card = answer.card
    assert card["outcome"] == "answer" and card["candidates"][0]["key"] == "senior-card"
    shown = card["candidates"][0]
    assert shown["link"] == "/matters/senior-card/" and shown["as_of"] and "版" in shown["source"]["zh"]
    assert {fact[0]["zh"] for fact in shown["facts"]} == {"在哪办", "要带什么", "收费"}
    again = actions.ask(nobody, text="老年证怎么办", conversation=said.conversation, client_id="a1")
    assert again.pk == said.pk and said.conversation.messages.count() == 2
    assert not AuditEntry.objects.filter(detail__contains="老年证").exists(), "words stay out of the audit"


def test_articles_say_how_fresh_they_are(town, nobody):
    shown = queries.answer("大厅几点下班").candidates[0]
    assert shown.key == "k:hall-hours" and shown.simulated and not shown.stale
    assert shown.valid_to is not None and "模拟" in shown.source.zh
    with clock.at(datetime(2028, 5, 1, tzinfo=clock.LOCAL)):
        assert queries.answer("大厅几点下班").candidates[0].stale


def test_danger_is_shown_at_once_and_offers_a_person(town, nobody):
    found = queries.answer("我家着火了")
    assert found.outcome is Outcome.EMERGENCY and found.telephone == "119" and found.offer_person


def test_what_is_counted_hides_numbers(town, nobody):
    actions.ask_once(nobody, text="身份证370102195801011234丢了")
    assert "3701" not in Inquiry.objects.get().text


def test_a_person_takes_over_within_the_promise(on_duty, nobody, settle):
    with clock.at(MONDAY) as time:
        actions.set_presence(Call(on_duty), available=True)
        held = waiting(Call(nobody.actor))
        assert held.state == State.WAITING and "60秒" in last(held).text["zh"]
        assert [one.pk for one in queries.waiting(on_duty)] == [held.pk]
        time.advance(timedelta(seconds=40))
        held = actions.accept_conversation(Call(on_duty), conversation=held)
        actions.ask(Call(nobody.actor), text="我妈卧床怎么办证", conversation=held)
        assert last(held).side == Side.CITIZEN, "the machine is silent while a person serves"
        actions.reply(Call(on_duty), conversation=held, text="可以上门", client_id="x")
        actions.reply(Call(on_duty), conversation=held, text="可以上门", client_id="x")
        actions.reply(Call(on_duty), conversation=held, entry="disability-card")
        assert texts(held).count("可以上门") == 1
        actions.close_conversation(Call(on_duty), conversation=held)
        actions.rate_conversation(Call(nobody.actor), conversation=held, score=5)
        assert indicators.accepted_in_time() == 100
    held.refresh_from_db()
    assert (held.state, held.rating, held.late, held.topic) == (State.CLOSED, 5, False, "disability-card")
    numbers = list(held.messages.order_by("sequence").values_list("sequence", flat=True))
    assert numbers == list(range(1, held.sequence + 1)), "numbered without gaps"
    with pytest.raises(Conflict):
        actions.ask(Call(nobody.actor), text="还有", conversation=held)
    settle()


def test_nobody_there_says_when_and_takes_a_message(town, actor, agent, settle):
    with clock.at(NIGHT):
        elder = Call(actor("citizen-elder"))
        held = waiting(elder)
        assert held.state == State.BOT
        assert "7月20日09:00" in last(held).text["zh"], "the next office hours: Monday"
        with pytest.raises(InvalidInput) as wrong:
            actions.leave_message(elder, conversation=held, phone="123", text="请回电")
        assert "phone" in wrong.value.fields
        left = actions.leave_message(elder, conversation=held, phone="13900001111", text="请回电")
        assert left.due_at > MONDAY
    with clock.at(MONDAY):
        assert [one.pk for one in queries.callbacks(agent, {}).items] == [left.pk]
        actions.finish_callback(Call(agent), callback=left, result="已告知带身份证")
        with pytest.raises(Conflict):
            actions.finish_callback(Call(agent), callback=left, result="再答")
    from quancheng.capabilities.messages.queries import messages_of

    assert "您的留言已答复" in [one.title["zh"] for one in messages_of(elder.actor, {}).items]
    assert Callback.objects.get().state == "done"


def test_two_agents_one_wins_the_other_is_told(on_duty, editor, nobody):
    held = waiting(nobody)
    actions.accept_conversation(Call(on_duty), conversation=held)
    with pytest.raises(Conflict) as late:
        actions.accept_conversation(Call(editor), conversation=held)
    assert str(on_duty) in late.value.detail.zh
    with pytest.raises(Forbidden):
        actions.reply(Call(editor), conversation=held, text="我来")
    with pytest.raises(NotFound):
        queries.desk_conversation(editor, held.number)


def test_handing_over_keeps_the_talk_and_hides_the_note(on_duty, editor, nobody):
    held = waiting(nobody)
    actions.accept_conversation(Call(on_duty), conversation=held)
    with pytest.raises(InvalidInput):
        actions.hand_over(Call(on_duty), conversation=held, to_user=on_duty.user_id)
    held = actions.hand_over(Call(on_duty), conversation=held, to_user=editor.user_id, note="比较急")
    assert held.agent_id == editor.user_id
    assert "比较急" in [one.text["zh"] for one in queries.transcript(editor, held)]
    assert "比较急" not in [one.text["zh"] for one in queries.said_to_citizen(held)]
    assert queries.transcript(on_duty, held) == []
    held = actions.hand_over(Call(editor), conversation=held)
    assert (held.state, held.agent_id) == (State.WAITING, None)


def test_missed_promises_and_silence(on_duty, nobody):
    with clock.at(MONDAY) as time:
        actions.set_presence(Call(on_duty), available=True)
        held = waiting(Call(nobody.actor))
        time.advance(timedelta(seconds=61))
        assert actions.mark_late(Call.system("guide")) == 1
        assert actions.mark_late(Call.system("guide")) == 0, "told once"
        assert indicators.accepted_in_time() == 0
        time.advance(timedelta(minutes=31))
        assert actions.close_idle(Call.system("guide")) == 1
    held.refresh_from_db()
    assert held.late and held.state == State.CLOSED


def test_other_peoples_conversations_are_not_there(town, actor, nobody):
    elder, young = actor("citizen-elder"), actor("citizen-young")
    held = actions.ask(Call(elder), text="老年证").conversation
    assert queries.resumed(elder, held.secret) == held
    assert queries.resumed(young, held.secret) is None, "the secret alone does not open a named one"
    assert queries.resumed(nobody.actor, held.secret) is None
    with pytest.raises(Forbidden):
        actions.ask(Call(young), text="看看", conversation=held)
    assert [one.pk for one in queries.mine(elder, {}).items] == [held.pk]
    assert queries.mine(young, {}).items == []
    with pytest.raises(NotSignedIn):
        queries.mine(nobody.actor, {})
    with pytest.raises(Forbidden):
        queries.waiting(elder)


def test_a_correction_becomes_a_synonym_after_review(on_duty, editor, nobody, settle):
    before = queries.answer("给毛孩子上牌牌")
    assert before.outcome is not Outcome.ANSWER
    held = waiting(nobody, "给毛孩子上牌牌")
    actions.accept_conversation(Call(on_duty), conversation=held)
    inquiry = held.inquiries.get()
    with pytest.raises(InvalidInput):
        actions.propose_correction(Call(on_duty), inquiry=inquiry, right="no-such")
    row = actions.propose_correction(
        Call(on_duty), inquiry=inquiry, right="dog-registration", phrase="毛孩子上牌牌"
    )
    assert queries.answer("给毛孩子上牌牌").outcome is before.outcome, "nothing is learnt before review"
    with pytest.raises(Forbidden):
        actions.review_correction(Call(on_duty), correction=row, accept=True)
    actions.review_correction(Call(editor), correction=row, accept=True)
    with pytest.raises(Conflict):
        actions.review_correction(Call(editor), correction=row, accept=False)
    found = queries.answer("给毛孩子上牌牌")
    assert found.outcome is Outcome.ANSWER and found.keys == ("dog-registration",)
    actions.retire_synonym(Call(editor), synonym=Synonym.objects.get())
    assert queries.answer("给毛孩子上牌牌").outcome is before.outcome
    settle()


def test_nobody_reviews_their_own(editor, nobody):
    actions.ask_once(nobody, text="给毛孩子上牌牌")
    row = actions.propose_correction(Call(editor), inquiry=Inquiry.objects.get(), right="dog-registration")
    with pytest.raises(Conflict):
        actions.review_correction(Call(editor), correction=row, accept=True)


def test_articles_have_versions_and_are_found_at_once(editor, agent):
    content = {
        "code": "lost-found", "title": {"zh": "失物招领", "en": "Lost property"},
        "body": {"zh": "大厅服务台保管三个月。", "en": "Kept at the desk for three months."},
        "source": {"zh": "大厅规程（模拟）", "en": "Hall procedure (simulated)"},
        "questions": ["在大厅丢了雨伞"], "keywords": ["失物招领", "大厅失物"],
        "valid_from": "2026-01-01", "valid_to": "2027-12-31",
    }  # fmt: skip
    with pytest.raises(Forbidden):
        actions.publish_article(Call(agent), content=content)
    with pytest.raises(InvalidInput) as wrong:
        actions.publish_article(
            Call(editor), content={**content, "code": "X", "valid_to": "soon", "link": "//x"}
        )
    assert set(wrong.value.fields) == {"code", "valid_to", "link"}
    article = actions.publish_article(Call(editor), content=content)
    assert actions.publish_article(Call(editor), content=content).current_id == article.current_id
    changed = {**content, "body": {"zh": "保管六个月。", "en": "Six months."}}
    assert actions.publish_article(Call(editor), content=changed).current.number == 2
    assert queries.answer("失物招领").candidates[0].text.zh == "保管六个月。"


def test_sync_is_quiet_the_second_time_and_leaves_editors_work(town, editor):
    from quancheng.capabilities.guide.sync import sync

    again = sync()
    assert not again.created and not again.changed
    content = dict(Article.objects.get(code="fees").current.content)
    actions.publish_article(Call(editor), content={**content, "body": {"zh": "都不收费。", "en": "Free."}})
    assert not sync().changed
    assert Article.objects.get(code="fees").current.content["body"]["zh"] == "都不收费。"


def test_too_fast_and_too_long(town, nobody):
    held = actions.ask(nobody, text="你好").conversation
    with pytest.raises(InvalidInput):
        actions.ask(nobody, text="  ", conversation=held)
    with pytest.raises(InvalidInput):
        actions.ask(nobody, text="长" * 1001, conversation=held)
    for _ in range(19):
        actions.ask(nobody, text="你好", conversation=held)
    with pytest.raises(TooMany):
        actions.ask(nobody, text="你好", conversation=held)


def test_old_words_go_and_figures_stay(town, nobody):
    with clock.at(datetime(2026, 1, 5, 10, tzinfo=clock.LOCAL)):
        held = actions.ask(Call(nobody.actor), text="老年证怎么办").conversation
        actions.leave_message(Call(nobody.actor), conversation=held, phone="13900001111", text="家住历下")
    with clock.at(datetime(2026, 9, 1, 10, tzinfo=clock.LOCAL)):
        assert actions.purge_transcripts(Call.system("guide")) == 1
        assert actions.purge_transcripts(Call.system("guide")) == 0
    assert not any("老年证" in one.text["zh"] for one in Message.objects.all())
    assert Callback.objects.get().phone == "" and Inquiry.objects.get().conversation is None
    assert Conversation.objects.count() == 1 and queries.resumed(nobody.actor, held.secret) is None


def test_presence_runs_out(on_duty):
    assert queries.on_duty().staffed
    with clock.at(clock.now() + timedelta(minutes=20)):
        assert not queries.on_duty().staffed
    actions.set_presence(Call(on_duty), available=False)
    assert not queries.on_duty().staffed
    with pytest.raises(NotSignedIn):
        actions.set_presence(Call(Actor.anonymous()), available=True)


def test_the_index_is_built_once_until_something_changes(town, django_assert_max_num_queries):
    first = knowledge.index()
    with django_assert_max_num_queries(6):
        assert knowledge.index() is first


def test_demo_data(town):
    import numpy

    from quancheng.capabilities.guide import simulate

    assert "次人工会话" in simulate.seed(None, numpy.random.default_rng(1))
    assert simulate.seed(None, numpy.random.default_rng(1)) == "-"
    assert not Conversation.objects.filter(simulated=False).exists()
    assert indicators.accepted_in_time() == 100
    assert indicators.resolved_by_machine() and indicators.wrong_answers() is not None
