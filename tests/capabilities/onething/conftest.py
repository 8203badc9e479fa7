"""A town with matters and one-things, a mother, a firm owner, and officials made on the spot."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from quancheng.capabilities.onething import actions
from quancheng.capabilities.onething.models import Bundle, BundleItem, Theme
from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.people.queries import actor_for, firms_of
from quancheng.capabilities.services import actions as services
from quancheng.capabilities.services.models import Case, CaseTask
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.testing import remembered


@pytest.fixture
def town(db: None) -> None:
    remembered.town(300, 20)


@pytest.fixture
def mother(town: None) -> Actor:
    return actor_for(User.objects.get(demo_key="citizen-young"))


@pytest.fixture
def owner(town: None) -> Actor:
    actor = actor_for(User.objects.get(demo_key="firm-owner"))
    return replace(actor, firm_id=firms_of(actor.person_id).first().pk)


@pytest.fixture
def official(town: None):
    def make(department: Department, role: str = "services.clerk") -> Actor:
        account, _ = User.objects.get_or_create(
            username=f"o-{department.code}-{role}", defaults={"kind": "official"}
        )
        return Actor(
            ActorKind.OFFICIAL, "王审批", account.pk, grants=(RoleGrant(role, frozenset({department.pk})),)
        )

    return make


@pytest.fixture
def settle():
    return lambda: events.drain(strict=True)


@pytest.fixture
def signed_in(town: None):
    def sign(key: str, language: str = "zh-hans") -> Client:
        client = Client()
        client.cookies["qc_language"] = language
        assert client.post("/demo/sign-in/", {"key": key}).status_code == 302
        return client

    return sign


BIRTH = {"who": "mother", "second": "yes", "certificate": "no", "household": "yes", "vaccination": "yes",
         "insurance": "yes", "card": "yes"}  # fmt: skip


def child() -> dict[str, Any]:
    return {
        "child_name": "张小泉", "child_sex": "女", "child_birth_date": clock.today().isoformat(),
        "child_birth_time": "08:30", "hospital": "济南市妇幼保健院", "father_name": "张伟",
        "father_id": "370102199003071238", "follows": "mother", "delivery": "electronic",
    }  # fmt: skip


@pytest.fixture
def newborn(mother: Actor):
    """A draft of the mother with everything answered; ``refused`` consents are said no to."""

    def make(*, refused: frozenset[str] = frozenset(), **answers: str) -> Bundle:
        theme = Theme.objects.get(code="newborn")
        bundle = actions.save_draft(Call(mother), theme=theme, answers=BIRTH | answers, facts=child())
        for one in bundle.spec.consent:
            actions.consent(Call(mother), bundle=bundle, key=one.key, given=one.key not in refused)
        return bundle

    return make


def row(bundle: Bundle, key: str) -> BundleItem:
    return BundleItem.objects.select_related("bundle", "case__department", "case__version").get(
        bundle=bundle, key=key
    )


def states(bundle: Bundle) -> dict[str, str]:
    return dict(BundleItem.objects.filter(bundle=bundle).values_list("key", "state"))


def fresh(case: Case) -> Case:
    return Case.objects.select_related("version", "matter", "department").get(pk=case.pk)


@pytest.fixture
def approve(official, settle):
    """The department of an item takes it and approves it; the city then hears of it."""

    def run(bundle: Bundle, key: str) -> None:
        case = row(bundle, key).case
        clerk = official(case.department)
        services.claim_case(Call(clerk), case=fresh(case))
        for task in CaseTask.objects.select_related("case", "department").filter(
            case=case, state="open", side="review"
        ):
            services.answer_task(Call(official(task.department)), task=task, outcome="agree", opinion="同意")
        for task in CaseTask.objects.select_related("case", "department").filter(
            case=case, state="open", side="visit"
        ):
            services.answer_task(Call(official(task.department)), task=task, outcome="passed", opinion="合格")
        services.approve_case(Call(clerk), case=fresh(case), opinion="符合条件")
        settle()

    return run


def photo(width: int = 900, height: int = 700, name: str = "图.jpg") -> SimpleUploadedFile:
    kept = io.BytesIO()
    Image.new("RGB", (width, height), "#eef").save(kept, "JPEG")
    return SimpleUploadedFile(name, kept.getvalue(), "image/jpeg")
