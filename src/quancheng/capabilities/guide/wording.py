"""词句 Wording: what people type, made comparable. Pure.

Full and half width, case, traditional characters and filler words are evened out; then characters
become uni- and bigrams, Latin words stay whole.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["content", "content_length", "grams", "masked", "normalise", "plain"]

MAX_QUERY = 300
"""Longer questions are cut; a person who writes more is better served by a person."""

_PAIRS = (
    "證证辦办戶户醫医險险書书開开關关學学產产屋屋業业營营執执領领記记孫孙兒儿嬰婴結结離离養养犬犬"
    "殘残補补貼贴齡龄優优待待車车銀银錢钱費费過过個个嗎吗麼么這这裡里裏里們们來来說说話话請请問问"
    "應应該该為为無无現现場场電电臺台灣湾縣县區区鄉乡鎮镇員员單单報报續续護护國国門门類类廣广標标"
    "設设備备運运動动農农漁渔環环餐餐飲饮館馆廠厂夜夜間间築筑師师傅傅長长壽寿號号碼码轉转賣卖買买"
    "贈赠與与繼继遺遗稅税務务會会計计紅红綠绿藥药檢检驗验疫疫針针號号點点時时鐘钟從从歲岁還还"
)
_SIMPLIFIED = str.maketrans(dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True)))
"""A small table for typed traditional characters; a full converter is not worth a dependency here."""

_CJK = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")
_WORD = re.compile(r"[a-z0-9]+")
_FILLER = re.compile(
    "怎么办理|怎么办|怎样办|如何办理|如何办|咋办理|咋办|咋弄|咋整|咋申请|怎么弄|怎么申请|怎么样|怎么|怎样|如何|"
    "老师儿|老师|请问|您好|你好|麻烦|谢谢|我想要|我想|我要|想要|需要|需不需要|要不要|能不能|可不可以|可以|"
    "是不是|有没有|什么时候|啥时候|什么|为什么|为啥|多少|哪里|哪儿|哪个|在哪|去哪|一下|这个|那个|一个|"
    "我们|你们|咱们|他们|现在|已经|还是|然后|但是|就是|不是|没有|俺家|我家|我的|"
    "[的了吗呢啊吧呀么嘛哪咋啥咧噢哦哈您我你他她它俺咱是和与及也就都还又很再把被让给在有没要想能]"
)
_EN_FILLER = frozenset(
    re.findall(
        r"\w+",
        "a an the i my me we our you your to for of in on at is are am be do does did how what where when can "
        "could would should want need get it this that and or with from please here there have has",
    )
)
_ID = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


def normalise(text: str) -> str:
    """Half width, lower case, simplified, one space between words; at most ``MAX_QUERY`` characters."""
    even = unicodedata.normalize("NFKC", text[: MAX_QUERY * 2]).lower().translate(_SIMPLIFIED)
    even = "".join(" " if unicodedata.category(one)[0] in "CPSZ" else one for one in even)
    return " ".join(even.split())[:MAX_QUERY]


def plain(text: str) -> str:
    """Normalised without any space: for looking up phrases."""
    return normalise(text).replace(" ", "")


def content(text: str) -> tuple[list[str], list[str]]:
    """Runs of Chinese characters without filler, and Latin words that say something."""
    even = normalise(text)
    words = [one for one in _WORD.findall(even) if one not in _EN_FILLER and (len(one) > 1 or one.isdigit())]
    runs = [part for run in _CJK.findall(even) for part in _FILLER.sub(" ", run).split()]
    return runs, words


def grams(text: str) -> list[str]:
    """Unigrams and bigrams of Chinese runs, whole Latin words (a plural counts as its singular)."""
    runs, words = content(text)
    found = [_stem(word) for word in words]
    for run in runs:
        found += run
        found += [run[at : at + 2] for at in range(len(run) - 1)]
    return found


def content_length(text: str) -> int:
    """How much a question says: Chinese characters without filler, Latin words counting two."""
    runs, words = content(text)
    return sum(map(len, runs)) + 2 * len(words)


def masked(text: str) -> str:
    """Identity and telephone numbers hidden, for logs and statistics."""
    return _PHONE.sub("1**********", _ID.sub("******************", text))


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
