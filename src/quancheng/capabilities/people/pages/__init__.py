"""Pages of the people capability: user centre, demo identities, desk."""

from __future__ import annotations

from django.urls import path

from quancheng.capabilities.people.pages import centre, demo, desk, organisation

urlpatterns = [
    path("me/", centre.me, name="me"),
    path("me/contact/", centre.contact, name="contact"),
    path("me/verify/", centre.verify, name="verify"),
    path("me/firms/", centre.firms, name="my-firms"),
    path("me/firms/<int:pk>/", centre.firm, name="my-firm"),
    path("me/act-as/", centre.act_as, name="act-as"),
    path("me/agents/<int:pk>/end/", centre.end_agency, name="end-agent"),
    path("me/security/", centre.security, name="security"),
    path("demo/", demo.demo, name="demo"),
    path("demo/sign-in/", demo.sign_in, name="demo-sign-in"),
    path("work/people/", desk.people, name="people"),
    path("work/people/lookup/", desk.lookup, name="lookup"),
    path("work/people/<int:pk>/", desk.person, name="person"),
    path("work/firms/", desk.firms, name="firms"),
    path("work/firms/<int:pk>/", desk.firm, name="firm"),
    path("work/organisation/", organisation.organisation, name="organisation"),
    path("work/organisation/grants/<int:pk>/revoke/", organisation.revoke, name="revoke"),
]
