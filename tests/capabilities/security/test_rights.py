"""Who may open which page: officers all, custodians the ceremonies, others none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client as Browser

from quancheng.capabilities.people.models import User
from quancheng.capabilities.security import actions, pages
from quancheng.capabilities.security.models import Certificate, Key
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

Officer = Callable[..., Actor]


def addresses() -> Iterator[str]:
    key, certificate = Key.objects.first(), Certificate.objects.first()
    assert key is not None and certificate is not None
    values = {
        "kid": key.kid,
        "serial": certificate.serial,
        "change_id": 1,
        "pk": 1,
        "number": "1",
        "code": "x",
    }
    for one in pages.urlpatterns:
        text = str(one.pattern)
        for name, value in values.items():
            for kind in ("slug", "int", "str"):
                text = text.replace(f"<{kind}:{name}>", str(value))
        yield f"/{text}"


@pytest.fixture
def visit(city: None, monkeypatch: pytest.MonkeyPatch, officer: Officer) -> Callable[..., int]:
    actions.ensure_authority(Call.system("security"), family="es256")

    def go(address: str, *roles: str, post: bool = False) -> int:
        browser = Browser()
        if roles:
            actor = officer("某人", *roles)
            browser.force_login(User.objects.get(pk=actor.user_id))
            monkeypatch.setattr(
                "quancheng.kernel.middleware._loader",
                lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
            )
        return int(
            (
                browser.post(address, {"csrf": "sent by browsers"}) if post else browser.get(address)
            ).status_code
        )

    return go


@pytest.mark.parametrize("post", [False, True])
def test_outsiders_see_nothing_and_do_nothing(visit: Callable[..., int], post: bool) -> None:
    seen: dict[str, Any] = {}
    for address in addresses():
        seen[address] = visit(address, "protect.auditor", post=post)
    assert set(seen.values()) <= {403, 405}, seen
    assert len(seen) == len(pages.urlpatterns)


@pytest.mark.parametrize("post", [False, True])
def test_strangers_are_sent_to_sign_in(visit: Callable[..., int], post: bool) -> None:
    assert {visit(address, post=post) for address in addresses()} <= {302, 405}


def test_custodians_open_the_ceremonies_only(visit: Callable[..., int]) -> None:
    opened = {one for one in addresses() if visit(one, "security.custodian") == 200}
    assert opened == {"/sec/ceremonies/"}


def test_officers_open_every_list(visit: Callable[..., int]) -> None:
    for address in addresses():
        assert visit(address, "security.officer") in {200, 404, 405}, address


def test_broken_filters_and_forms_are_said(visit: Callable[..., int]) -> None:
    for address in ("/sec/keys/?cursor=x", "/sec/certificates/?size=no", "/sec/stamps/?cursor=%00"):
        assert visit(address, "security.officer") == 422, address
    assert visit("/sec/stamps/?q=9999999999999999999999", "security.officer") == 200
    for address in (
        "/sec/certificates/issue/",
        "/sec/stamps/verify/",
        "/sec/seals/",
        "/sec/quotas/",
        "/sec/ceremonies/start/",
    ):
        assert visit(address, "security.officer", post=True) == 422, address
