"""The pure parts: words, ranking, triage, confidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.guide import calibration, embedding
from quancheng.capabilities.guide.answering import decide
from quancheng.capabilities.guide.calibration import FEATURES, Calibration, features, fit
from quancheng.capabilities.guide.ranking import Entry, Index
from quancheng.capabilities.guide.triage import rules
from quancheng.capabilities.guide.values import Outcome
from quancheng.capabilities.guide.wording import grams, masked, normalise, plain

SENIOR = Entry(
    "senior-card", "matter", ("老年人优待证", "Senior card"), ("老年证", "敬老卡"), ("户口不在济南能办吗",)
)
DOG = Entry(
    "dog-registration", "matter", ("养犬登记", "Dog registration"), ("狗证", "养狗"), (), "狂犬病免疫证明"
)
HOURS = Entry("k:hall-hours", "article", ("开放时间", "Opening hours"), ("上班时间",), ("几点上班",))
PASSPORT = Entry("e:exit-entry", "elsewhere", ("护照", "Passport"), ("护照", "出入境"))
INDEX = Index([SENIOR, DOG, HOURS, PASSPORT])


def machine(question: str):
    return decide(question, INDEX, calibration.shipped(), rules())


def test_forms_of_writing_are_one():
    assert plain("老年人優待證") == plain("老年人优待证")
    assert plain("ＫＴＶ　开业！") == "ktv开业"
    assert normalise("  A、B。c ") == "a b c"
    assert grams("怎么办理老年证？") == grams("老年证")
    assert grams("dogs") == grams("a dog")


def test_numbers_are_masked():
    said = masked("我的身份证370102195801011234，电话13912345678")
    assert "3701" not in said and "3912345678" not in said
    assert masked("编号370102") == "编号370102"


@given(st.text(max_size=400))
def test_no_text_breaks_the_machine(text: str):
    assert 0 <= machine(text).confidence <= 1
    assert normalise(normalise(text)) == normalise(text)


def test_the_name_wins():
    found = INDEX.search("老年证怎么办")
    assert found[0].key == "senior-card" and found[0].phrase == 1
    assert machine("老年证怎么办").outcome is Outcome.ANSWER
    assert machine("老年正怎么办").keys[:1] == ("senior-card",), "one wrong character"


def test_what_is_not_known_is_not_answered():
    assert machine("红烧肉").outcome is Outcome.UNSURE
    assert machine("").outcome is Outcome.UNSURE
    assert machine("护照过期了").outcome is Outcome.ELSEWHERE


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("家里着火了", "119"),
        ("有人溺水", "120"),
        ("我爸心梗了", "120"),
        ("家里进小偷", "110"),
        ("我想死", "110"),
    ],
)
def test_danger_comes_first(question: str, number: str):
    found = machine(question + "，老年证怎么办")
    assert found.outcome is Outcome.EMERGENCY and found.sign.telephone == number
    assert found.keys in {(), ("senior-card",)}, "the other question is not lost"


def test_wishes_and_greetings():
    assert machine("转人工").outcome is Outcome.PERSON
    assert machine("你好").outcome is Outcome.SMALL_TALK
    assert machine("在北京怎么办老年证").outcome is Outcome.UNSURE
    assert machine("在北京怎么办老年证").sign.place == "北京"
    assert machine("我是菏泽人，老年证怎么办").outcome is Outcome.ANSWER


class Nearness:
    """An embedder that knows one thing: dogs."""

    name = "test"

    def passages(self, texts):
        return list(texts)

    def likeness(self, question, passages):
        return [0.9 if "犬" in text and "汪" in question else 0.8 for text in passages]


def test_an_embedder_leads_where_words_are_silent():
    assert INDEX.search("汪汪队") == []
    assert Index([SENIOR, DOG, HOURS], Nearness()).search("汪汪队")[0].key == "dog-registration"


def test_embedders_that_are_not_there_are_none():
    assert embedding.load("") is None
    assert embedding.load("no-such-model") is None


def test_the_fit_learns_and_never_punishes_evidence():
    rows = [((x / 10,) + (0.0,) * (len(FEATURES) - 1), x > 5) for x in range(11)] * 5
    weights, bias = fit(rows)
    assert weights[0] > 1 and all(weight >= 0 for weight in weights)
    low, high = (
        Calibration(weights, bias, 0.7, 0.2).confidence(INDEX.search(q)) for q in ("老年的事情很多", "老年证")
    )
    assert low < high
    assert features([]) == (0.0,) * len(FEATURES)
