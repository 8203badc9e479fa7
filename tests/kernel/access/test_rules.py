"""Rules of access are data; what no rule opens stays shut."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db.models import Q
from hypothesis import given
from hypothesis import strategies as st

from quancheng.kernel import clock
from quancheng.kernel.access.rules import NOTHING, AccessRule, UnknownVariable, union
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant


def rule(role: str, **where: object) -> AccessRule:
    return AccessRule.from_row({"model": "x.Y", "verbs": ["view"], "role": role, "where": where})


CITIZEN = Actor(ActorKind.PERSON, user_id=5, person_id=7)
CLERK = Actor(
    ActorKind.OFFICIAL,
    user_id=9,
    grants=(
        RoleGrant("services.clerk", frozenset({3, 4}), "370102"),
        RoleGrant("services.clerk", frozenset({8}), "370103"),
    ),
)


def test_no_rule_means_no() -> None:
    assert union([], CITIZEN) is None
    assert rule("services.clerk").predicate(CITIZEN) is None


def test_own_rows_by_person() -> None:
    assert rule("person", applicant_id="$person").predicate(CITIZEN) == Q(applicant_id=7)


def test_a_missing_variable_matches_nothing() -> None:
    without_person = Actor(ActorKind.PERSON, user_id=5)
    assert rule("person", applicant_id="$person").predicate(without_person) == NOTHING
    assert rule("person", firm_id="$firm").predicate(CITIZEN) == NOTHING
    no_region = Actor(ActorKind.OFFICIAL, user_id=1, grants=(RoleGrant("r"),))
    assert rule("r", region__startswith_any="$regions").predicate(no_region) == NOTHING


def test_each_grant_of_a_role_opens_its_own_rows() -> None:
    opened = rule("services.clerk", department_id__in="$departments").predicate(CLERK)
    assert opened == Q(department_id__in=[3, 4]) | Q(department_id__in=[8])


def test_regions_are_prefixes() -> None:
    opened = rule("services.clerk", region__startswith_any="$regions").predicate(CLERK)
    lixia, shizhong = (
        Q(region__gte="370102", region__lt="370103"),
        Q(region__gte="370103", region__lt="370104"),
    )
    assert opened == lixia | shizhong
    broken = Actor(ActorKind.OFFICIAL, user_id=1, grants=(RoleGrant("services.clerk", region_prefix="%"),))
    assert rule("services.clerk", region__startswith_any="$regions").predicate(broken) == NOTHING


def test_an_unconditional_rule_opens_everything_and_survives_an_or() -> None:
    everything = rule("services.clerk").predicate(CLERK)
    assert everything is not None
    assert not everything.children
    total = union([rule("person", applicant_id="$person"), rule("services.clerk")], CLERK)
    assert total is not None
    assert not total.children


def test_roles_of_kind() -> None:
    assert rule("anyone").predicate(Actor.anonymous()) is not None
    assert rule("person").predicate(Actor.anonymous()) is None
    assert rule("official").predicate(CLERK) is not None
    assert rule("official").predicate(CITIZEN) is None
    assert rule("system").predicate(Actor.system("water")) is not None
    assert rule("system").predicate(CLERK) is None


def test_variables() -> None:
    assert rule("person", user_id="$user").predicate(CITIZEN) == Q(user_id=5)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with clock.at(moment):
        assert rule("anyone", published_at__lte="$now").predicate(CITIZEN) == Q(published_at__lte=moment)
    with pytest.raises(UnknownVariable):
        rule("anyone", x="$nonsense").predicate(CITIZEN)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=4))
def test_a_stranger_never_sees_more_with_more_rules_of_other_roles(roles: list[str]) -> None:
    assert union([rule(role) for role in roles], CITIZEN) is None
