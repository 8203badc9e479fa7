"""Addresses of the pages of one-things."""

from __future__ import annotations

from django.urls import path

from quancheng.capabilities.onething import citizen, desk, wizard

urlpatterns = [
    path("onethings/", citizen.index, name="index"),
    path("onethings/b/<str:receipt>/", citizen.progress, name="progress"),
    path("onethings/b/<str:receipt>/pack.zip", citizen.pack, name="pack"),
    path("onethings/b/<str:receipt>/withdraw/", citizen.withdraw, name="withdraw"),
    path("onethings/b/<str:receipt>/<slug:key>/<slug:verb>/", citizen.step, name="step"),
    path("onethings/<slug:code>/", citizen.guide, name="guide"),
    path("onethings/<slug:code>/apply/", wizard.apply, name="apply"),
    path("onethings/<slug:code>/drop/", citizen.drop, name="drop"),
    path("work/onethings/", desk.index, name="desk"),
    path("work/onethings/<str:receipt>/", desk.bundle, name="desk-bundle"),
]
