"""Addresses of the pages of counters, custody, partner cities and halls."""

from __future__ import annotations

from django.urls import path, re_path

from quancheng.capabilities.counter import custody_pages, desk, partner_pages, public

_NUMBER = r"(?P<number>[0-9A-Za-z-]{4,40})"
urlpatterns = [
    path("halls/", public.halls, name="halls"),
    path("halls/<slug:code>/", public.hall, name="hall"),
    path("work/counter/", desk.queue, name="queue"),
    path("work/counter/receive/", desk.identify, name="identify"),
    path("work/counter/receive/matter/", desk.matter, name="matter"),
    path("work/counter/receive/form/<slug:code>/", desk.form, name="form"),
    path("work/counter/receipts/<str:receipt>/", desk.slip, name="slip"),
    path("work/custody/", custody_pages.bags, name="bags"),
    re_path(rf"^work/custody/{_NUMBER}/$", custody_pages.bag, name="bag"),
    re_path(rf"^work/custody/{_NUMBER}/explain/$", custody_pages.explain, name="explain"),
    re_path(rf"^work/custody/{_NUMBER}/(?P<verb>[a-z_]{{1,16}})/$", custody_pages.step, name="step"),
    path("work/partners/", partner_pages.partners, name="partners"),
    path("work/partners/<slug:code>/offer/", partner_pages.offer, name="offer"),
    path("work/partners/exchanges/<str:reference>/", partner_pages.exchange, name="exchange"),
]
