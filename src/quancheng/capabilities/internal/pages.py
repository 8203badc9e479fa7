"""Addresses of the pages of internal handling."""

from __future__ import annotations

from django.urls import path, re_path

from quancheng.capabilities.internal import (
    desk_dossiers,
    desk_items,
    desk_meetings,
    desk_papers,
)

urlpatterns = [
    path("internal/verify/", desk_items.verify, name="verify"),
    path("work/internal/", desk_items.inbox, name="inbox"),
    path("work/internal/items/", desk_items.items, name="items"),
    path("work/internal/start/", desk_items.start, name="start"),
    path("work/internal/start/<slug:code>/", desk_items.file, name="file"),
    path("work/internal/items/<str:number>/", desk_items.item, name="item"),
    path("work/internal/items/<str:number>/withdraw/", desk_items.withdraw, name="withdraw"),
    path("work/internal/items/<str:number>/model/", desk_items.model, name="model"),
    path("work/internal/items/<str:number>/works/<int:pk>/", desk_items.decide, name="decide"),
    path("work/internal/notices/<str:code>.pdf", desk_items.notice, name="notice"),
    path("work/internal/me/", desk_dossiers.mine, name="my-dossier"),
    path("work/internal/dossiers/", desk_dossiers.index, name="dossiers"),
    path("work/internal/dossiers/<str:number>/", desk_dossiers.dossier, name="dossier"),
    path("work/internal/dossiers/<str:number>/correct/", desk_dossiers.correct, name="correct-dossier"),
    path("work/internal/papers/", desk_papers.index, name="papers"),
    path("work/internal/papers/new/", desk_papers.new, name="new-paper"),
    path("work/internal/papers/copies/<int:pk>/<slug:verb>/", desk_papers.copy_step, name="copy-step"),
    path("work/internal/papers/<int:pk>/", desk_papers.paper, name="paper"),
    path("work/internal/papers/<int:pk>/file.pdf", desk_papers.pdf, name="paper-file"),
    path("work/internal/papers/<int:pk>/revise/", desk_papers.revise, name="revise-paper"),
    re_path(
        r"^work/internal/papers/(?P<pk>\d{1,12})/(?P<verb>[a-z]{1,20})/$", desk_papers.step, name="paper-step"
    ),
    path("work/internal/meetings/", desk_meetings.index, name="meetings"),
    path("work/internal/meetings/new/", desk_meetings.new, name="new-meeting"),
    path("work/internal/meetings/<int:pk>/", desk_meetings.meeting, name="meeting"),
    path("work/internal/meetings/<int:pk>/seating/", desk_meetings.seating, name="seating"),
    path("work/internal/meetings/<int:pk>/plates/", desk_meetings.plates, name="plates"),
    path("work/internal/meetings/<int:pk>/reply/<int:invitation>/", desk_meetings.reply, name="reply"),
    re_path(
        r"^work/internal/meetings/(?P<pk>\d{1,12})/(?P<verb>send|cancel|seat|swap|remind|minutes)/$",
        desk_meetings.step, name="meeting-step",
    ),
]  # fmt: skip
