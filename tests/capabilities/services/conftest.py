"""A small town with all matters, its demo identities, and pictures to upload."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from tests.capabilities.services.browser import window  # noqa: F401  a fixture

from quancheng.capabilities.people.models import Department, NaturalPerson, User
from quancheng.kernel import events
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.testing import remembered


@pytest.fixture
def town(db: None) -> None:
    """People, departments, demo identities, and the registry synced."""
    remembered.town(600, 40)


@pytest.fixture
def user(town: None):
    return lambda key: User.objects.get(demo_key=key)


@pytest.fixture
def actor(user):
    from quancheng.capabilities.people.queries import actor_for

    return lambda key: actor_for(user(key))


@pytest.fixture
def signed_in(town: None):
    def sign(key: str, language: str = "zh-hans") -> Client:
        client = Client()
        client.cookies["qc_language"] = language
        assert client.post("/demo/sign-in/", {"key": key}).status_code == 302
        return client

    return sign


@pytest.fixture
def clerk_of(town: None):
    """An official of any department, made on the spot."""

    def make(code: str, name: str = "别处审批员") -> Actor:
        department = Department.objects.get(code=code)
        officer, _ = User.objects.get_or_create(
            username=f"clerk-{code}-{name}", defaults={"kind": "official"}
        )
        grant = RoleGrant("services.clerk", frozenset({department.pk}))
        return Actor(ActorKind.OFFICIAL, name, officer.pk, grants=(grant,))

    return make


@pytest.fixture
def settle():
    """Deliver events until quiet; a failing handler fails the test."""
    return lambda: events.drain(strict=True)


def picture(width: int = 358, height: int = 441, kind: str = "JPEG") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (width, height), "#eef").save(kept, kind)
    return kept.getvalue()


def photo(content: bytes | None = None, name: str = "me.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture() if content is None else content, "image/jpeg")


ANSWERS = {"phone": "13900001111", "delivery": "electronic", "truthful": "on"}


@pytest.fixture
def person(town: None):
    """A person of the population base with an account, by age and district."""

    def make(*, age_from: int, age_to: int, region: str = "370102") -> Actor:
        from quancheng.capabilities.people.queries import search_people

        found: NaturalPerson = (
            search_people(
                Actor.system("tests"), {"age_from": str(age_from), "age_to": str(age_to), "region": region}
            )
            .filter(user=None)
            .order_by("pk")
            .first()
        )
        account = User.objects.create(username=f"p{found.pk}", kind="person", person=found)
        return Actor(ActorKind.PERSON, found.name, account.pk, found.pk)

    return make
