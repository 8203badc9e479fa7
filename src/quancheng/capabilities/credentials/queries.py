"""Reads of verifiable credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.credentials import issuing
from quancheng.capabilities.credentials.actions.taking import digest_of
from quancheng.capabilities.credentials.models import Issued, Offer, Question
from quancheng.core.openid4vc import CredentialQuery, Query, RequestObject, client_id_of
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound, NotSignedIn


def mine(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """My credentials in wallets, the newest first."""
    if actor.person_id is None:
        raise NotSignedIn
    rows = access.visible(actor, Issued).filter(person_id=actor.person_id)
    return pagination.page(rows.select_related("licence__type"), ("-issued_at", "-id"), params)


def issued(actor: Actor, pk: int) -> Issued:
    """One of mine. Raises NotFound."""
    found: Issued | None = access.visible(actor, Issued).filter(pk=pk).select_related("licence__type").first()
    if found is None:
        raise NotFound()
    return found


def open_offer(code: str) -> Offer:
    """The offer of a code a wallet brings. Raises NotFound."""
    rows = Offer.objects.filter(code_digest=digest_of(code), state=Offer.State.OFFERED)
    found: Offer | None = rows.filter(expires_at__gt=clock.now()).select_related("licence__type").first()
    if found is None:
        raise NotFound()
    return found


def questions(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Questions of my department. Filters: state, q (purpose)."""
    rows = access.visible(actor, Question).select_related("department", "asked_by")
    if state := params.get("state", ""):
        rows = rows.filter(state=state)
    if words := params.get("q", "").strip():
        rows = rows.filter(purpose__contains=words)
    return pagination.page(rows, ("-asked_at", "-id"), params)


def question(actor: Actor, pk: int) -> Question:
    """One question of my department. Raises NotFound."""
    found: Question | None = access.visible(actor, Question).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def open_question(code: str) -> Question:
    """A question that still waits, for a wallet. Raises NotFound."""
    rows = Question.objects.filter(code=code, state=Question.State.ASKED, expires_at__gt=clock.now())
    found: Question | None = rows.first()
    if found is None:
        raise NotFound()
    return found


def request_of(row: Question) -> RequestObject:
    """The question as a wallet reads it."""
    _key, certificate = issuing.verifier()
    claims = tuple(((name,), ()) for name in row.claims)
    wanted = CredentialQuery("licence", (issuing.vct(row.type_code),), claims)
    return RequestObject(
        client_id_of(certificate), f"{issuing.base()}/response", row.nonce, row.code, Query((wanted,)),
        int(row.expires_at.timestamp()),
    )  # fmt: skip


def link_of(row: Question) -> str:
    """The link a wallet opens."""
    from urllib.parse import urlencode

    _key, certificate = issuing.verifier()
    asked = {"client_id": client_id_of(certificate), "request_uri": f"{issuing.base()}/request/{row.code}"}
    return f"openid4vp://?{urlencode(asked)}"


def departments(pks: set[int]) -> list[Any]:
    """Departments by their ids, for forms."""
    model: Any = Question._meta.get_field("department").related_model
    return list(model.objects.filter(pk__in=pks, active=True).order_by("order", "pk"))
