"""用户中心 flows around accounts: real-name check with a daily limit, acting for a firm, demo."""

from __future__ import annotations

from django.http import HttpRequest

from quancheng.capabilities.people import queries
from quancheng.capabilities.people.actions import link_account_to_person
from quancheng.capabilities.people.models import Firm, User
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import InvalidInput, NotFound, TooMany

LINK_ATTEMPTS = "people.link_attempts_per_day"


def verify_real_name(call: Call, *, user: User, id_number: str, name: str) -> User:
    """Tie the account to a person; wrong pairs are counted and refused after the daily limit."""
    today = clock.today()
    allowed = rulebook.find(LINK_ATTEMPTS).integer()
    failures = user.link_failures if user.link_failed_on == today else 0
    if failures >= allowed:
        raise TooMany(
            Text("今天核验次数已用完。", "You have used today's attempts."),
            todo=Text("请明天再试，或到就近政务大厅办理。", "Try tomorrow or visit a service hall."),
        )
    try:
        return link_account_to_person(call, user=user, id_number=id_number, name=name)
    except InvalidInput:
        User.objects.filter(pk=user.pk).update(link_failures=failures + 1, link_failed_on=today)
        raise


def act_as(request: HttpRequest, user: User, firm_id: int | None) -> Firm | None:
    """切换身份: act for a firm (or oneself) from now on in this session; raises NotFound."""
    if firm_id is None:
        request.session.pop(queries.SESSION_FIRM, None)
        return None
    person_id = user.person_id if user.verified_at else None
    firm: Firm | None = queries.firms_of(person_id).filter(pk=firm_id).first()
    if firm is None:
        raise NotFound(Text("您不能代办该企业。", "You may not act for this firm."))
    request.session[queries.SESSION_FIRM] = firm.pk
    return firm
