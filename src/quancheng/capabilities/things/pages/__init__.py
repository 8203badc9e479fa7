"""Pages of things: the register, devices, imports, repair orders, alarms, quality, coverage; the public list."""

from __future__ import annotations

from django.urls import path

from quancheng.capabilities.things.pages import alarms, boards, devices, imports, orders, register

urlpatterns = [
    path("work/things/", register.register, name="register"),
    path("work/things/new/", register.new, name="new"),
    path("work/things/import/", imports.upload, name="import"),
    path("work/things/import/template.csv", imports.template, name="template"),
    path("work/things/import/<int:pk>/undo/", imports.undo, name="undo"),
    path("work/things/maintainers/", register.maintainers, name="maintainers"),
    path("work/things/bulk/", register.bulk, name="bulk"),
    path("work/things/alarms/", alarms.alarms, name="alarms"),
    path("work/things/alarms/<int:pk>/", alarms.alarm, name="alarm"),
    path("work/things/orders/", orders.orders, name="orders"),
    path("work/things/orders/<slug:number>/", orders.order, name="order"),
    path("work/things/orders/<slug:number>/photo/", orders.photo, name="order-photo"),
    path("work/things/quality/", boards.quality, name="quality"),
    path("work/things/quality.csv", boards.quality_csv, name="quality-csv"),
    path("work/things/coverage/", boards.coverage, name="coverage"),
    path("work/things/rejected/", alarms.rejected, name="rejected"),
    path("work/things/<slug:code>/", devices.device, name="station"),
    path("work/things/<slug:code>/edit/", devices.edit, name="edit"),
    path("work/things/<slug:code>/repair/", orders.new, name="repair"),
    path("work/things/<slug:code>/calibrate/", devices.calibrate, name="calibrate"),
    path("work/things/<slug:code>/connect/", devices.connect, name="connect"),
    path("open/stations/", register.open_stations, name="open"),
]
