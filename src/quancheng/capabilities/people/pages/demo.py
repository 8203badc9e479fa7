"""演示身份 `/demo/`: one click to look around as somebody. Exists only with QUANCHENG_DEMO."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.people import queries
from quancheng.capabilities.people.demo import GROUPS, identities
from quancheng.capabilities.people.models import User
from quancheng.core.text import Text
from quancheng.kernel.errors import NotFound

BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_GET
def demo(request: HttpRequest) -> HttpResponse:
    """Cards of the identities, by kind of work."""
    _only_in_demo()
    ready = set(User.objects.exclude(demo_key=None).values_list("demo_key", flat=True))
    known = queries.known_roles()
    groups = [
        {
            "title": title,
            "cards": [
                {
                    "identity": one,
                    "ready": one.key in ready,
                    "roles": [known.get(role, Text(role, role)) for role in one.roles],
                }
                for one in identities()
                if one.group == group
            ],
        }
        for group, title in GROUPS.items()
    ]
    shown = [group for group in groups if group["cards"]]
    return render(request, "people/demo.html", {"groups": shown, "ready": bool(ready)})


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as a demo identity and go where its work begins."""
    _only_in_demo()
    key = request.POST.get("key", "")
    card = next((one for one in identities() if one.key == key), None)
    user = User.objects.filter(demo_key=key, is_active=True).first()
    if card is None or user is None:
        raise NotFound(Text("没有这个演示身份。", "There is no such demo identity."))
    login(request, user, backend=BACKEND)
    request.session[queries.SESSION_STRONG] = True
    return redirect(card.start)


def _only_in_demo() -> None:
    if not settings.DEMO:
        raise NotFound()
