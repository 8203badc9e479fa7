"""What people and officials do, and what they may not."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from quancheng.capabilities.people import accounts, actions, demo, queries, simulate
from quancheng.capabilities.people.models import (
    Department,
    Firm,
    FirmAgent,
    NaturalPerson,
    RoleGrant,
    User,
)
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, Assurance
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NeedsStepUp,
    NotFound,
    NotSignedIn,
    TooMany,
)
from quancheng.kernel.models import WriteOutsideAction

pytestmark = pytest.mark.django_db


def _account(name: str = "new") -> User:
    return User.objects.create_user(username=name, password="a-long-password-1")


# -- the city -------------------------------------------------------------------------------
def test_seeding_is_one_audited_action_and_idempotent(town: None) -> None:
    entries = AuditEntry.objects.filter(action="people.city.seed")
    assert entries.count() == 1
    before = NaturalPerson.objects.count()
    assert NaturalPerson.objects.filter(simulated=False).count() == 0
    simulate.seed(SimpleNamespace(persons=600, firms=60, seed=7), None)
    assert NaturalPerson.objects.count() == before
    with pytest.raises(Conflict):
        simulate.seed_city(Call.system("people"), persons=10, firm_count=1)


def test_nobody_but_the_platform_seeds(actor) -> None:
    with pytest.raises(Forbidden):
        simulate.seed_city(Call(actor("clerk-manager")), persons=10)


def test_rows_cannot_be_written_around_actions(town: None) -> None:
    someone = NaturalPerson.objects.first()
    someone.phone = "13800000000"
    with pytest.raises(WriteOutsideAction):
        someone.save()


def test_synced_departments_are_a_tree_and_stay(town: None) -> None:
    again = actions.sync_departments(Call.system("people"))
    assert not again["created"]
    assert not again["changed"]
    for row in Department.objects.exclude(parent=None).select_related("parent"):
        assert row.path == f"{row.parent.path}{row.code}/"
    assert queries.department_for("370102001", "jn-civil").code == "jn-lixia-civil"
    assert queries.department_for("370102", "jn-police").code == "jn-police"


# -- who acts -------------------------------------------------------------------------------
def test_an_official_acts_with_the_roles_valid_today(user, actor) -> None:
    clerk = actor("clerk-civil")
    assert clerk.kind is ActorKind.OFFICIAL
    assert clerk.role_ids == {
        "services.clerk",
        "people.reader",
        "masters.reader",
        "code.counter",
        "credentials.verifier",
    }
    assert {grant.region_prefix for grant in clerk.grants} == {"370102"}
    city_clerk = actor("clerk-civil-city")
    assert {grant.region_prefix for grant in city_clerk.grants} == {"3701"}
    water = queries.department("jn-water")
    crew = queries.department("jn-water-crew")
    assert actor("water-crew").grants[0].departments == {water.pk, crew.pk}
    long_after = clock.now() + timedelta(days=1)
    given = RoleGrant.objects.filter(user=user("clerk-civil"))
    assert given.count() == 5
    with clock.at(long_after - timedelta(days=400)):
        assert queries.actor_for(user("clerk-civil")).role_ids == set()


def test_nobody_and_inactive_accounts_are_anonymous(user) -> None:
    assert queries.actor_for(None).kind is ActorKind.ANONYMOUS
    elder = user("citizen-elder")
    elder.is_active = False
    assert queries.actor_for(elder).kind is ActorKind.ANONYMOUS


def test_assurance_rises_with_second_factor_and_real_name(user) -> None:
    def request(*methods: str) -> SimpleNamespace:
        rows = [{"method": method} for method in methods]
        return SimpleNamespace(session={"account_authentication_methods": rows})

    elder, plain = user("citizen-elder"), _account()
    assert queries.assurance_of(plain, request("password")) is Assurance.PASSWORD
    assert queries.assurance_of(plain, request("password", "mfa")) is Assurance.STRONG
    assert queries.assurance_of(elder, request("password")) is Assurance.PASSWORD
    assert queries.assurance_of(elder, request("mfa")) is Assurance.REAL_NAME
    weak = queries.actor_for(plain)
    with pytest.raises(NeedsStepUp):
        queries.require_assurance(weak, Assurance.STRONG)
    with pytest.raises(NotSignedIn):
        queries.require_assurance(Actor.anonymous(), Assurance.PASSWORD)


# -- persons --------------------------------------------------------------------------------
def test_a_person_sees_themselves_and_their_household(actor) -> None:
    mother = actor("citizen-young")
    assert [one.pk for one in access.visible(mother, NaturalPerson)] == [mother.person_id]
    assert {one.name for one in queries.household_members(mother)} == {"李静", "张伟", "张一诺"}
    assert not access.visible(Actor.anonymous(), NaturalPerson).exists()


def test_a_clerk_sees_the_people_of_the_own_district_only(actor) -> None:
    seen = access.visible(actor("clerk-civil"), NaturalPerson)
    assert seen.exists()
    assert all(one.region_code.startswith("370102") for one in seen)
    everybody = access.visible(actor("clerk-civil-city"), NaturalPerson)
    assert everybody.count() == NaturalPerson.objects.count()
    assert not access.visible(actor("flood-duty"), NaturalPerson).exists()


def test_a_lookup_needs_a_purpose_and_leaves_a_trace(actor) -> None:
    clerk = actor("clerk-civil")
    elder = NaturalPerson.objects.get(user__demo_key="citizen-elder")
    with pytest.raises(InvalidInput):
        queries.person_by_id_number(clerk, elder.id_number, purpose=" ")
    with pytest.raises(InvalidInput):
        queries.person_by_id_number(clerk, elder.id_number[:-1] + "?", purpose="x")
    assert queries.person_by_id_number(clerk, elder.id_number, purpose="老年卡").pk == elder.pk
    outside = NaturalPerson.objects.exclude(region_code__startswith="370102").first()
    with pytest.raises(NotFound):
        queries.person_by_id_number(clerk, outside.id_number, purpose="老年卡")
    traces = AuditEntry.objects.filter(stream=queries.USES, verb="people.lookup")
    assert traces.count() == 2
    assert elder.id_number not in "".join(entry.detail for entry in traces)


def test_a_registrar_registers_in_the_own_district_only(actor) -> None:
    call = Call(actor("clerk-manager"))
    number = demo._free_number("370102", date(1990, 1, 1), "2")
    facts = {"id_number": number, "name": "新 人", "address": "解放路1号"}
    with pytest.raises(Forbidden):
        actions.register_person(call, region_code="370103", **facts)
    assert not NaturalPerson.objects.filter(id_number=number).exists()
    made = actions.register_person(call, region_code="370102001", **facts)
    assert (made.name, made.sex, made.birth_date) == ("新 人", "2", date(1990, 1, 1))
    assert number not in made.household.number
    with pytest.raises(Conflict):
        actions.register_person(call, region_code="370102001", **facts)
    with pytest.raises(InvalidInput):
        actions.register_person(call, region_code="370102001", **{**facts, "id_number": "1"})


def test_contact_is_changed_by_oneself_and_nobody_else(actor) -> None:
    elder = NaturalPerson.objects.get(user__demo_key="citizen-elder")
    call = Call(actor("citizen-elder"), key="k1")
    changed = actions.update_contact(call, person=elder, phone="138 0000 0001")
    assert changed.phone == "13800000001"
    assert actions.update_contact(call, person=elder, phone="138 0000 0001").pk == elder.pk
    with pytest.raises(InvalidInput):
        actions.update_contact(Call(actor("citizen-elder")), person=elder, phone="12")
    for stranger in ("citizen-young", "clerk-civil"):
        with pytest.raises(Forbidden):
            actions.update_contact(Call(actor(stranger)), person=elder, phone="13800000002")


def test_prefill_says_where_each_value_comes_from(actor) -> None:
    found = queries.prefill(actor("citizen-elder"))
    assert found["name"]["value"] == "王秀英"
    assert found["age"]["value"] == 67
    assert found["phone"]["source"] == {"zh": "人口基础库", "en": "Population base"}
    assert found["phone"]["simulated"] is True
    assert queries.prefill(Actor.anonymous()) == {}
    assert queries.prefill(actor("clerk-civil")) == {}


# -- real name ------------------------------------------------------------------------------
def test_real_name_needs_both_and_is_limited(town: None) -> None:
    someone = NaturalPerson.objects.filter(user=None).first()
    account = _account()
    for _ in range(5):
        account.refresh_from_db()
        with pytest.raises(InvalidInput) as told:
            accounts.verify_real_name(
                Call(queries.actor_for(account)), user=account, id_number=someone.id_number, name="某某"
            )
        assert not told.value.fields, "must not say which of the two is wrong"
    account.refresh_from_db()
    call = Call(queries.actor_for(account))
    right = {"user": account, "id_number": someone.id_number, "name": someone.name}
    with pytest.raises(TooMany):
        accounts.verify_real_name(call, **right)
    with clock.at(clock.now() + timedelta(days=1)):
        accounts.verify_real_name(call, **right)
    account.refresh_from_db()
    assert account.person_id == someone.pk
    other = _account("second")
    with pytest.raises(Conflict):
        accounts.verify_real_name(
            Call(queries.actor_for(other)), user=other, id_number=someone.id_number, name=someone.name
        )


def test_nobody_links_another_account(actor, user) -> None:
    other = _account()
    with pytest.raises(Forbidden):
        actions.link_account_to_person(Call(actor("citizen-elder")), user=other, id_number="x", name="y")


# -- firms ----------------------------------------------------------------------------------
def test_the_legal_representative_lets_somebody_act_and_ends_it(actor, user) -> None:
    firm = Firm.objects.get(name="济南泉韵餐饮管理有限公司")
    mother = NaturalPerson.objects.get(user__demo_key="citizen-young")
    facts = {"firm": firm, "id_number": mother.id_number, "name": mother.name}
    with pytest.raises(Forbidden):
        actions.add_agent(Call(actor("citizen-elder")), **facts)
    with pytest.raises(InvalidInput):
        actions.add_agent(Call(actor("firm-owner")), **{**facts, "name": "别人"})
    assert not queries.firms_of(mother.pk).exists()
    agent = actions.add_agent(Call(actor("firm-owner")), **facts)
    assert queries.firms_of(mother.pk).get() == firm
    request = SimpleNamespace(session={})
    accounts.act_as(request, user("citizen-young"), firm.pk)
    acting = queries.actor_for(user("citizen-young"), request)
    assert acting.firm_id == firm.pk
    assert acting.extra["on_behalf_of"] == firm.name
    assert queries.prefill(acting)["firm_uscc"]["value"] == firm.uscc
    with pytest.raises(Forbidden):
        actions.end_agent(Call(actor("citizen-young")), agent=agent)
    actions.end_agent(Call(actor("firm-owner")), agent=agent)
    assert queries.actor_for(user("citizen-young"), request).firm_id is None
    with pytest.raises(NotFound):
        accounts.act_as(request, user("citizen-young"), firm.pk)
    assert FirmAgent.objects.filter(firm=firm, valid_to=None).count() == 1


# -- organisation ---------------------------------------------------------------------------
def test_roles_are_given_and_taken_back_inside_the_own_subtree(actor, user) -> None:
    head = Call(actor("clerk-manager"))
    crew = user("water-crew")
    mine, foreign = queries.department("jn-lixia-water"), queries.department("jn-water")
    with pytest.raises(Forbidden):
        actions.grant_role(head, user=crew, role="people.reader", department=foreign)
    with pytest.raises(InvalidInput):
        actions.grant_role(head, user=crew, role="no.such_role", department=mine)
    with pytest.raises(InvalidInput):
        actions.grant_role(head, user=user("citizen-elder"), role="people.reader", department=mine)
    given = actions.grant_role(
        head, user=crew, role="people.reader", department=mine, region_code="370102", reason="汛期"
    )
    assert "people.reader" in actor("water-crew").role_ids
    with pytest.raises(Conflict):
        actions.grant_role(head, user=crew, role="people.reader", department=mine, region_code="370102")
    with pytest.raises(InvalidInput):
        actions.revoke_role(head, grant=given, reason="")
    with pytest.raises(Forbidden):
        actions.revoke_role(Call(actor("clerk-civil")), grant=given, reason="x")
    actions.revoke_role(head, grant=given, reason="汛期结束")
    assert "people.reader" not in actor("water-crew").role_ids


def test_an_appointment_makes_the_post_and_has_an_end(actor, user) -> None:
    head = Call(actor("clerk-manager"))
    where = queries.department("jn-lixia-water")
    today = clock.today()
    facts = {"user": user("water-crew"), "department": where, "code": "x", "title": Text("岗", "Post")}
    with pytest.raises(InvalidInput):
        actions.appoint(head, **facts, valid_from=today, valid_to=today)
    actions.appoint(head, **facts, valid_to=today + timedelta(days=1))
    assert "x" in {held.post.code for held in queries.posts_of(user("water-crew").pk)}
    with clock.at(clock.now() + timedelta(days=2)):
        assert "x" not in {held.post.code for held in queries.posts_of(user("water-crew").pk)}
