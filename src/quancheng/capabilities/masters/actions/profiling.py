"""画像查看与同意: every look says for what, is kept, and is shown to the person."""

from __future__ import annotations

from datetime import timedelta

from quancheng.capabilities.masters import purposes
from quancheng.capabilities.masters.models import Consent, Golden, Home, Opening
from quancheng.capabilities.masters.purposes import Purpose
from quancheng.capabilities.people.queries import USES
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, TooMany


@action("masters.record.open", idempotent=False)
def open_record(call: Call, *, golden: Golden, purpose: str, case: str = "", way: str = "page") -> Opening:
    """查看画像 for a purpose (and a case). Raises InvalidInput (fields), Forbidden (no right, no consent)."""
    access.require(call.actor, "open", golden)
    chosen = _purpose(call, golden.master.code, purpose, case)
    return _open(call, golden, chosen, case, way)


@action("masters.home.open", idempotent=False)
def open_home(call: Call, *, home: Home, purpose: str, case: str = "") -> int:
    """查看一户一档: the home and each of its people are opened for the purpose. Returns how many people.

    People who have not agreed are left out when the purpose rests on consent.
    """
    access.require(call.actor, "open", home.golden)
    chosen = _purpose(call, "population", purpose, case)
    shown = 0
    _note(call, home.golden, chosen, case, "home")
    for one in home.residences.select_related("golden__master"):
        if not chosen.by_consent or agreed(one.golden, chosen):
            _open(call, one.golden, chosen, case, "home")
            shown += 1
    audit.note(home=home.pk, people=shown)
    return shown


def _purpose(call: Call, master: str, code: str, case: str) -> Purpose:
    offered = purposes.offered(master, call.actor.role_ids, clock.today())
    chosen = next((one for one in offered if one.code == code), None)
    wrong: dict[str, Text] = {}
    if chosen is None:
        wrong["purpose"] = Text("请选择用途", "Choose a purpose")
    elif chosen.needs_case and len(case.strip()) < 4:
        wrong["case"] = Text("该用途须填写业务编号", "This purpose needs the number of a case")
    if wrong or chosen is None:
        raise InvalidInput(fields=wrong)
    return chosen


def _open(call: Call, golden: Golden, chosen: Purpose, case: str, way: str) -> Opening:
    if chosen.by_consent and golden.master.personal and not agreed(golden, chosen):
        raise Forbidden(
            Text("本人未同意将信息用于此用途。", "The person has not agreed to this purpose."),
            todo=Text(
                "请先征得本人同意，或以法定用途查看。", "Ask for consent, or state a purpose the law gives."
            ),
        )
    return _note(call, golden, chosen, case, way)


def _note(call: Call, golden: Golden, chosen: Purpose, case: str, way: str) -> Opening:
    made: Opening = Opening.objects.create(
        golden=golden, purpose=chosen.code, case=case.strip()[:80], who=str(call.actor)[:100],
        user=call.actor.user_id, way=way, fields=list(chosen.fields), at=call.at, simulated=golden.simulated,
    )  # fmt: skip
    detail = {
        "purpose": chosen.text.zh,
        "case": made.case,
        "master": golden.master.code,
        "number": golden.code,
    }
    audit.note(**detail)
    if golden.person is not None:
        # the reference the person's own page of uses reads
        audit.record(call.actor, "masters.open", f"people.NaturalPerson:{golden.person}", detail, stream=USES)
    said = {"master": golden.master.code, "number": golden.code, "purpose": chosen.code, "way": way}
    events.emit("masters.record.opened", golden.code, {**said, "person_id": golden.person})
    return made


@action("masters.lookup.note", idempotent=False)
def note_lookup(call: Call, *, purpose: str, case: str = "") -> None:
    """接口查询计数: every look-up counts against the limit, found or not. Raises TooMany."""
    access.require(call.actor, "lookup", Golden)
    most = rulebook.find("masters.lookups_per_minute").integer()
    since = call.at - timedelta(minutes=1)
    if Opening.objects.filter(user=call.actor.user_id, at__gt=since, golden=None).count() >= most:
        raise TooMany(
            Text(f"每分钟最多查询{most}次。", f"At most {most} look-ups a minute."),
            todo=Text("请稍候再试；批量使用请走数据共享申请。", "Wait; for many records ask for sharing."),
        )
    Opening.objects.create(
        golden=None, purpose=purpose[:40], case=case[:80], who=str(call.actor)[:100], user=call.actor.user_id,
        way="lookup", at=call.at,
    )  # fmt: skip
    audit.note(purpose=purpose[:40])


@action("masters.consent.give", idempotent=False)
def give_consent(call: Call, *, purpose: str) -> Consent:
    """同意 a purpose, oneself. Raises InvalidInput for a purpose that does not rest on consent, Conflict when given."""
    access.require(call.actor, "consent", Consent)
    chosen = purposes.find(purpose, clock.today())
    if chosen is None or not chosen.by_consent or call.actor.person_id is None:
        raise InvalidInput(
            fields={"purpose": Text("该用途不以同意为依据", "This purpose does not rest on consent")}
        )
    if Consent.objects.filter(person=call.actor.person_id, purpose=purpose, withdrawn_at=None).exists():
        raise Conflict(Text("您已同意此用途。", "You have agreed to this already."))
    made: Consent = Consent.objects.create(person=call.actor.person_id, purpose=purpose, given_at=call.at)
    audit.note(purpose=purpose)
    events.emit("masters.consent.changed", f"person:{made.person}", {"purpose": purpose, "given": True})
    return made


@action("masters.consent.withdraw", idempotent=False)
def withdraw_consent(call: Call, *, purpose: str) -> Consent:
    """撤回同意: from now on nobody opens the profile for this purpose. Raises Conflict when there is none."""
    access.require(call.actor, "consent", Consent)
    found = access.visible(call.actor, Consent).filter(purpose=purpose, withdrawn_at=None).first()
    if found is None:
        raise Conflict(Text("您没有同意过此用途。", "You have not agreed to this."))
    found.withdrawn_at = call.at
    found.save(update_fields=["withdrawn_at"])
    audit.note(purpose=purpose)
    events.emit("masters.consent.changed", f"person:{found.person}", {"purpose": purpose, "given": False})
    return found


def agreed(golden: Golden, chosen: Purpose) -> bool:
    """Whether the person behind a record agrees to a purpose now."""
    open_ = Consent.objects.filter(person=golden.person, purpose=chosen.code, withdrawn_at=None)
    return golden.person is not None and open_.exists()
