"""Addresses of the pages of ledgers."""

from __future__ import annotations

from django.urls import path, re_path

from quancheng.capabilities.ledgers.pages import books, collect, compare, designing, differences, returns

urlpatterns = [
    path("work/ledgers/", books.index, name="index"),
    path("work/ledgers/new/", designing.new, name="new"),
    path("work/ledgers/burden/", books.burden, name="burden"),
    path("work/ledgers/collect/", collect.index, name="collect"),
    path("work/ledgers/collect/<str:code>/", collect.book, name="collect-book"),
    path("work/ledgers/offline/", collect.shell, name="offline"),
    path("work/ledgers/photos/<int:pk>/", collect.photo, name="photo"),
    path("work/ledgers/<str:code>/", books.book, name="book"),
    path("work/ledgers/<str:code>/design/", designing.design, name="design"),
    path("work/ledgers/<str:code>/rows/", books.rows, name="rows"),
    path("work/ledgers/<str:code>/rows/<int:number>/", books.row, name="row"),
    path("work/ledgers/<str:code>/conflicts/", books.conflicts, name="conflicts"),
    path("work/ledgers/<str:code>/export.csv", books.export, name="export"),
    path("work/ledgers/<str:code>/import/", designing.bring_in, name="import"),
    re_path(
        r"^work/ledgers/(?P<code>[A-Z0-9]{1,24})/(?P<verb>propose|decide|remind|close|archive|next|send|assign)/$",
        books.step, name="step",
    ),
    path("work/returns/", returns.index, name="returns"),
    path("work/returns/new/", returns.declare, name="declare"),
    path("work/returns/<int:pk>/", returns.table, name="returned"),
    path("work/returns/<int:pk>/export/", returns.export, name="returned-export"),
    path("work/returns/<int:pk>/receipt/", returns.receipt, name="receipt"),
    path("work/returns/<int:pk>/stop/", returns.stop, name="stop"),
    path("work/compare/", compare.index, name="comparisons"),
    path("work/compare/new/", compare.new, name="compare"),
    path("work/compare/<int:pk>/", compare.result, name="comparison"),
    path("work/compare/<int:pk>/export.csv", compare.export, name="comparison-export"),
    re_path(
        r"^work/compare/(?P<pk>\d{1,12})/(?P<verb>task|correct|drop)/$", compare.step, name="comparison-step"
    ),
    path("work/differences/", differences.index, name="differences"),
    path("work/differences/<int:pk>/", differences.difference, name="difference"),
]  # fmt: skip
