"""Addresses of the designer's pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path

from quancheng.capabilities.designer import desk, desk_form, desk_publish, desk_tables

PARTS = {
    "basic": desk.basic, "conditions": desk.conditions, "materials": desk_form.materials, "form": desk_form.form,
    "tables": desk_tables.tables, "flow": desk_tables.process,
}  # fmt: skip


def part(request: HttpRequest, pk: int, part: str) -> HttpResponse:
    """One part of a draft."""
    return PARTS[part](request, pk)


urlpatterns = [
    path("work/designer/", desk.index, name="index"),
    path("work/designer/new/", desk.new, name="new"),
    path("work/designer/feel/", desk_form.feel_check, name="feel"),
    path("work/designer/matters/<slug:code>/", desk_publish.versions, name="versions"),
    path("work/designer/matters/<slug:code>/migrate/", desk_publish.migrate, name="migrate"),
    re_path(
        r"^work/designer/(?P<pk>\d{1,12})/(?P<part>basic|conditions|materials|form|tables|flow)/$",
        part,
        name="part",
    ),
    re_path(r"^work/designer/(?P<pk>\d{1,12})/diagram/$", desk_tables.diagram, name="diagram"),
    re_path(r"^work/designer/(?P<pk>\d{1,12})/check/$", desk_publish.check, name="check"),
    re_path(r"^work/designer/(?P<pk>\d{1,12})/trial/$", desk_publish.trial, name="trial"),
    re_path(r"^work/designer/(?P<pk>\d{1,12})/publish/$", desk_publish.publish, name="publish"),
    re_path(r"^work/designer/(?P<pk>\d{1,12})/drop/$", desk.drop, name="drop"),
    re_path(
        r"^work/designer/(?P<pk>\d{1,12})/export\.(?P<kind>json|zip)$", desk_publish.export, name="export"
    ),
]
