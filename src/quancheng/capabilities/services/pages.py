"""Addresses of the pages of services."""

from __future__ import annotations

from django.urls import path, re_path

from quancheng.capabilities.services import applying, citizen, correcting, desk, noproof

urlpatterns = [
    path("matters/", citizen.matters, name="matters"),
    path("matters/zone/<slug:code>/", citizen.zone, name="zone"),
    path("matters/<slug:code>/", citizen.guide, name="guide"),
    path("matters/<slug:code>/apply/", applying.apply, name="apply"),
    path("matters/<slug:code>/apply/check/", applying.check, name="check"),
    path("matters/<slug:code>/apply/drop/", applying.drop, name="drop"),
    path("cases/", citizen.cases, name="cases"),
    path("cases/files/<int:pk>/", citizen.file, name="file"),
    path("cases/sign/<int:pk>/", correcting.sign, name="sign"),
    path("cases/<str:receipt>/", citizen.case, name="case"),
    path("cases/<str:receipt>/correct/", correcting.correct, name="correct"),
    path("cases/<str:receipt>/withdraw/", citizen.withdraw, name="withdraw"),
    path("cases/<str:receipt>/rate/", citizen.rate, name="rate"),
    path("work/no-proof/", noproof.no_proof, name="no-proof"),
    path("work/cases/", desk.inbox, name="inbox"),
    path("work/cases/<str:receipt>/", desk.case, name="desk-case"),
    re_path(
        r"^work/cases/(?P<receipt>[^/]+)/(?P<verb>claim|approve|return|refuse|note)/$", desk.step, name="step"
    ),
]
