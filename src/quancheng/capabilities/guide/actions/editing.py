"""What agents and editors do to the knowledge: corrections, synonyms, articles, canned answers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from quancheng.capabilities.guide import knowledge
from quancheng.capabilities.guide.models import (
    Article,
    ArticleVersion,
    CannedAnswer,
    Correction,
    Inquiry,
    Synonym,
)
from quancheng.capabilities.guide.wording import masked, normalise, plain
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SHORTEST, LONGEST = 2, 30
WHOLE = ("title", "body", "source")


@action("guide.correction.propose")
def propose_correction(
    call: Call, *, inquiry: Inquiry, right: str = "", phrase: str = "", note: str = ""
) -> Correction:
    """这个答案不对: an agent names the right entry (none: it should have refused) and the telling words.

    Raises InvalidInput (unknown entry, bad phrase), Forbidden.
    """
    access.require(call.actor, "correct", inquiry)
    if right and right not in knowledge.index().entries:
        wrong = Text("没有这个事项或条目。", "There is no such entry.")
        raise InvalidInput(wrong, fields={"right": wrong})
    words = _phrase(phrase, inquiry.text) if right else ""
    made: Correction = Correction.objects.create(
        inquiry=inquiry,
        question=inquiry.text,
        given=inquiry.keys[0] if inquiry.keys else "",
        right=right,
        phrase=words,
        note=note.strip()[:200],
        proposed_by_id=call.actor.user_id or 0,  # agents have accounts; 0 is refused by the database
        proposed_at=call.at,
        simulated=inquiry.simulated,
    )
    audit.note(correction=made.pk, right=right, phrase=words)
    events.emit("guide.correction.proposed", str(made.pk), {"right": right, "given": made.given})
    return made


@action("guide.correction.review")
def review_correction(call: Call, *, correction: Correction, accept: bool, phrase: str = "") -> Correction:
    """复核更正: accepted, its phrase becomes a synonym from the next question on.

    An editor does not review a proposal of their own. Raises Conflict, InvalidInput, Forbidden.
    """
    access.require(call.actor, "review", correction)
    row: Correction = Correction.objects.select_for_update().get(pk=correction.pk)
    if row.state != Correction.State.PROPOSED:
        raise Conflict(Text("这条更正已经复核过。", "This correction has been reviewed."))
    if row.proposed_by_id == call.actor.user_id:
        raise Conflict(Text("自己提出的更正要由别人复核。", "Somebody else reviews what you proposed."))
    if accept and row.right:
        row.phrase = _phrase(phrase or row.phrase, row.question)
        Synonym.objects.update_or_create(
            phrase=row.phrase,
            target=row.right,
            defaults={"correction": row, "active": True, "added_at": call.at},
        )
    row.state = Correction.State.ACCEPTED if accept else Correction.State.REJECTED
    row.reviewed_by_id, row.reviewed_at = call.actor.user_id, call.at
    row.save()
    audit.note(correction=row.pk, accept=accept, phrase=row.phrase, right=row.right)
    events.emit("guide.correction.reviewed", str(row.pk), {"accepted": accept, "right": row.right})
    return row


@action("guide.synonym.retire")
def retire_synonym(call: Call, *, synonym: Synonym) -> Synonym:
    """停用近义词 that did harm. Raises Forbidden."""
    access.require(call.actor, "retire", synonym)
    synonym.active = False
    synonym.save(update_fields=["active"])
    audit.note(phrase=synonym.phrase, target=synonym.target)
    return synonym


@action("guide.article.publish", idempotent=False)
def publish_article(call: Call, *, content: Mapping[str, Any]) -> Article:
    """发布知识条目: the same content is the same version, a change makes the next.

    ``content``: code, title, body, source ({zh, en}), questions, keywords, valid_from, valid_to, link,
    simulated. Raises InvalidInput naming each field, Forbidden.
    """
    access.require(call.actor, "publish", Article)
    kept = _article(content)
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    article = Article.objects.select_related("current").filter(code=kept["code"]).first()
    if article is not None and article.current is not None and article.current.digest == digest:
        audit.note(article=kept["code"], unchanged=True)
        return article  # type: ignore[no-any-return]
    article = article or Article.objects.create(code=kept["code"])
    versions = ArticleVersion.objects.filter(article=article)
    last = versions.order_by("-number").values_list("number", flat=True).first() or 0
    article.current = ArticleVersion.objects.create(
        article=article,
        number=last + 1,
        content=kept,
        digest=digest,
        valid_from=date.fromisoformat(kept["valid_from"]),
        valid_to=date.fromisoformat(kept["valid_to"]),
        published_at=call.at,
        published_by_id=call.actor.user_id,
        simulated=kept["simulated"],
    )
    article.enabled = True
    article.save()
    audit.note(article=article.code, version=last + 1, digest=digest)
    events.emit("guide.article.published", article.code, {"version": last + 1})
    return article


@action("guide.canned.save", idempotent=False)
def save_canned(call: Call, *, code: str, zh: str, en: str, active: bool = True) -> CannedAnswer:
    """保存常用语. Raises InvalidInput, Forbidden."""
    access.require(call.actor, "save", CannedAnswer)
    if not _CODE.fullmatch(code) or not zh.strip() or not en.strip():
        raise InvalidInput(Text("常用语要有代码和中英文。", "A canned answer has a code and both languages."))
    row, _made = CannedAnswer.objects.update_or_create(
        code=code[:40], defaults={"zh": zh.strip()[:300], "en": en.strip()[:300], "active": active}
    )
    audit.note(code=code, active=active)
    return row


def _phrase(phrase: str, question: str) -> str:
    """The telling words: what was marked, or the whole question when it is short."""
    words = normalise(masked(phrase or question)).replace(" ", "")
    if not SHORTEST <= len(plain(words)) <= LONGEST:
        wrong = Text(
            f"请写出{SHORTEST}到{LONGEST}个字的关键说法。",
            f"Give the telling words, {SHORTEST} to {LONGEST} characters.",
        )
        raise InvalidInput(wrong, fields={"phrase": wrong})
    return words


def _article(content: Mapping[str, Any]) -> dict[str, Any]:
    """Checked content as plain JSON."""
    wrong: dict[str, Text] = {}
    if not _CODE.fullmatch(str(content.get("code", ""))):
        wrong["code"] = Text(
            "代码用小写字母、数字和横线。", "The code is lower case letters, digits and hyphens."
        )
    for name in WHOLE:
        part = content.get(name)
        if not isinstance(part, Mapping) or not all(str(part.get(key, "")).strip() for key in ("zh", "en")):
            wrong[name] = Text("请写中文和英文。", "Write it in Chinese and English.")
    days: dict[str, str] = {}
    for name in ("valid_from", "valid_to"):
        try:
            days[name] = date.fromisoformat(str(content.get(name, ""))).isoformat()
        except ValueError:
            wrong[name] = Text("请写日期，如2026-12-31。", "Write a date such as 2026-12-31.")
    if len(days) == 2 and days["valid_from"] > days["valid_to"]:
        wrong["valid_to"] = Text("复核日期不能早于生效日期。", "The review day is not before the first day.")
    link = str(content.get("link", ""))
    if link and (not link.startswith("/") or link.startswith("//")):
        wrong["link"] = Text("链接只能指向本平台。", "A link stays inside the platform.")
    if wrong:
        raise InvalidInput(fields=wrong)
    return {
        "code": content["code"],
        **{name: {"zh": content[name]["zh"].strip(), "en": content[name]["en"].strip()} for name in WHOLE},
        "questions": [str(one).strip() for one in content.get("questions", ()) if str(one).strip()],
        "keywords": [str(one).strip() for one in content.get("keywords", ()) if str(one).strip()],
        **days,
        "link": link,
        "simulated": bool(content.get("simulated", False)),
    }
