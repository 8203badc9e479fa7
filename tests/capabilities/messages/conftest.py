"""The town of the services tests."""

import pytest
from tests.capabilities.services.conftest import (  # noqa: F401
    actor,
    person,
    settle,
    signed_in,
    town,
    user,
    window,
)

from quancheng.capabilities.people.models import NaturalPerson, User
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.models import writing
from quancheng.testing import remembered


@pytest.fixture
def citizen(db: None):
    """A person with an account and nothing else: far cheaper than a town."""
    remembered.synced()

    def make(place: int = 0) -> Actor:
        number, name = (("11010519491231002X", "王秀英"), ("370102199001011232", "李静"))[place]
        with writing("tests"):
            someone, _ = NaturalPerson.objects.get_or_create(
                id_number=number,
                defaults={
                    "name": name,
                    "sex": "2",
                    "birth_date": "1949-12-31",
                    "region_code": "370102001002",
                },
            )
        account, _ = User.objects.get_or_create(
            username=f"citizen-{place}",
            defaults={"kind": "person", "person": someone, "verified_at": clock.now()},
        )
        return Actor(ActorKind.PERSON, name, account.pk, someone.pk)

    return make
