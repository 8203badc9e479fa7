"""Told once, with consent, in words; never without it; the officer sees sums only."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from quancheng.capabilities.messages.models import Message
from quancheng.capabilities.outreach import actions, indicators, queries, simulate, sweeping, themes
from quancheng.capabilities.outreach.models import Hint, Sweep, Theme
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.capabilities.trust.models import Licence, LicenceType
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound
from quancheng.kernel.models import writing


@pytest.fixture
def elder(actor):
    return actor("citizen-zhangqiu")  # 64, no senior card


def agree(who, *codes: str) -> None:
    actions.set_consents(Call(who), general=True, agreed=list(codes))


def next_night(days: int = 1):
    return clock.at(clock.now() + timedelta(days=days))


def test_nobody_is_told_who_has_not_agreed(elder) -> None:
    done = sweeping.sweep()
    assert done.done_at is not None and done.told == 0 and not Hint.objects.exists()
    assert Theme.objects.get(code="turning-60").entitled > 0, "counted all the same"
    assert not people.uses_of_me(elder)


def test_told_once_with_the_reason_and_recorded_as_a_use(elder) -> None:
    agree(elder, "turning-60")
    sweeping.sweep()
    hint = Hint.objects.get(person_id=elder.person_id)
    birth = NaturalPerson.objects.get(pk=elder.person_id).birth_date
    assert hint.reason["zh"].startswith(f"您于{birth.year + 60}年{birth.month}月{birth.day}日满60周岁")
    message = Message.objects.get(source=f"outreach:{hint.pk}")
    assert message.person_id == elder.person_id and "60周岁" in message.body["zh"]
    assert any("每晚比对" in row["purpose"] for row in people.uses_of_me(elder))
    with next_night():
        assert sweeping.sweep().told == 0
    assert Hint.objects.filter(person_id=elder.person_id).count() == 1


def test_consent_is_general_and_for_each_theme(elder) -> None:
    agree(elder, "turning-80")
    sweeping.sweep()
    assert not Hint.objects.exists()
    actions.set_consents(Call(elder), general=False, agreed=["turning-60"])
    with next_night():
        sweeping.sweep()
    assert not Hint.objects.exists() and queries.my_consents(elder) == (False, frozenset())
    with pytest.raises(InvalidInput):
        actions.set_consents(Call(elder), general=True, agreed=["no-such-theme"])


def test_declined_with_the_switch_and_applied_by_a_case(elder, actor, settle) -> None:
    agree(elder, "turning-60")
    sweeping.sweep()
    hint = Hint.objects.get(person_id=elder.person_id)
    with pytest.raises(NotFound):
        queries.my_hint(actor("citizen-elder"), hint.pk)
    declined = actions.decline_hint(Call(elder), hint=hint, stop=True)
    assert declined.state == "declined"
    assert queries.my_consents(elder) == (True, frozenset())

    other = actor("citizen-elder")
    with writing("test"):
        made = Hint.objects.create(
            theme=Theme.objects.get(code="turning-60"), person_id=other.person_id, cause="x",
            reason={"zh": "理由", "en": "reason"}, told_at=clock.now(),
        )  # fmt: skip
    from django.db import transaction

    with transaction.atomic():
        events.emit(
            "services.case.submitted", "r1",
            {"person_id": other.person_id, "matter_code": "senior-card", "receipt": "370102-1", "matter": {}},
        )  # fmt: skip
    events.drain()
    made.refresh_from_db()
    assert (made.state, made.receipt) == ("applied", "370102-1")
    assert indicators.applied_share() == 50.0


def test_a_sensitive_cause_never_stands_in_the_message(elder) -> None:
    kind = LicenceType.objects.first()
    with writing("test"):
        kind.pk, kind.code = None, "disability-card"
        if not LicenceType.objects.filter(code=kind.code).exists():
            kind.save()
        kind = LicenceType.objects.get(code="disability-card")
        Licence.objects.create(
            number="D-1", code="D-1", type=kind, person_id=elder.person_id, holder_name="孟广田", items={},
            issued_by=people.department("jn-civil"), issued_at=clock.now(), valid_from=clock.today(),
        )  # fmt: skip
    agree(elder, "disability-subsidy")
    sweeping.sweep()
    hint = Hint.objects.get(person_id=elder.person_id)
    assert "残疾" in hint.reason["zh"]
    message = Message.objects.get(source=f"outreach:{hint.pk}")
    for words in (*message.title.values(), *message.body.values()):
        assert "残疾" not in words and "disab" not in words.lower()


def test_a_run_cut_off_goes_on_and_tells_nobody_twice(elder) -> None:
    agree(elder, "turning-60")
    calls = iter(range(3))

    def cut() -> None:
        if next(calls, None) is None:
            raise RuntimeError("the machine went off")

    with pytest.raises(RuntimeError):
        sweeping.sweep(cut, size=100)
    half = Sweep.objects.get()
    assert half.done_at is None and half.cursor > 0
    done = sweeping.sweep(size=100)
    assert done.done_at is not None and done.cursor >= 0
    fresh = Theme.objects.get(code="turning-60").entitled
    with next_night():
        sweeping.sweep()
    assert Theme.objects.get(code="turning-60").entitled == fresh, "nobody was counted twice or left out"
    assert Hint.objects.filter(person_id=elder.person_id).count() == 1


def test_the_officer_sees_sums_and_no_small_numbers(elder, actor) -> None:
    officer = actor("outreach-officer")
    agree(elder, "turning-60")
    sweeping.sweep()
    rows = {row.theme.code: row for row in queries.figures(officer)}
    assert rows["turning-60"].entitled >= 5 and rows["turning-60"].told is None
    with pytest.raises(Forbidden):
        queries.figures(elder)
    theme = rows["turning-60"].theme
    count, sample = queries.preview(officer, theme, "person.age >= 18")
    assert sample == 500 and count > 100
    assert queries.preview(officer, theme, "person.age > 150")[0] is None
    for bad in ("person.age >=", "secret > 1", "count(for a in 1..9999, b in 1..9999 return a) > 1"):
        with pytest.raises(InvalidInput):
            queries.preview(officer, theme, bad)
    actions.switch_theme(Call(officer), theme=theme, active=False)
    with next_night():
        assert sweeping.sweep().done_at is not None
    assert "turning-60" not in {one.code for one in queries.offered(elder)}


def test_every_theme_is_readable_and_leads_to_a_matter(town) -> None:
    from quancheng.capabilities.services.models import Matter

    rows = list(Theme.objects.all())
    assert len(rows) >= 8
    for row in rows:
        assert not themes.problems(row.spec), row.code
        assert Matter.objects.filter(code=row.spec.matter).exists(), row.code


@pytest.mark.parametrize(
    ("code", "facts", "hit"),
    [
        ("newborn-vaccination", {"children": [(2026, 10, 1)]}, True),
        ("newborn-vaccination", {"children": [(2025, 10, 1)]}, False),
        ("retiring", {"sex": "male", "age": 61, "birth_date": (1965, 7, 1)}, False),
        ("retiring", {"sex": "male", "age": 60, "birth_date": (1966, 7, 10)}, True),
        ("retiring", {"sex": "female", "age": 56, "birth_date": (1970, 12, 10)}, False),
        ("licence-expiring", {"next_expiry": (2026, 12, 1)}, True),
        ("licence-expiring", {"next_expiry": None}, False),
    ],
)
def test_conditions(town, code: str, facts: dict, hit: bool) -> None:
    from decimal import Decimal

    from quancheng.core import feel

    def as_feel(value):
        if isinstance(value, tuple):
            return feel.Date(*value)
        if isinstance(value, list):
            return [as_feel(one) for one in value]
        if isinstance(value, dict):
            return {key: as_feel(one) for key, one in value.items()}
        return Decimal(value) if isinstance(value, int) else value

    spec = Theme.objects.get(code=code).spec
    base = {"licence_types": [], "next_expiry": None, "children": [], "age": 30}
    found = themes.match(spec, as_feel(base | facts), date(2026, 11, 22))
    assert (found is not None) == hit


def test_demo_data(town) -> None:
    import numpy as np

    said = simulate.seed(None, np.random.default_rng(1))
    assert "人同意" in said and Hint.objects.exists()
