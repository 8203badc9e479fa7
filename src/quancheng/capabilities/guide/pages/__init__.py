"""Pages of the guide: the citizen's conversation, the agents' desk, the editors' lists."""

from __future__ import annotations

from django.urls import path

from quancheng.capabilities.guide.pages import citizen, desk, editing

urlpatterns = [
    path("guide/", citizen.page, name="citizen"),
    path("guide/say/", citizen.say, name="say"),
    path("guide/person/", citizen.person, name="person"),
    path("guide/message/", citizen.message, name="message"),
    path("guide/end/", citizen.end, name="end"),
    path("guide/rate/", citizen.rate, name="rate"),
    path("guide/judge/", citizen.judge, name="judge"),
    path("guide/history/", citizen.history, name="history"),
    path("work/guide/", desk.queue, name="desk"),
    path("work/guide/presence/", desk.presence, name="presence"),
    path("work/guide/c/<str:number>/", desk.conversation, name="conversation"),
    path("work/guide/c/<str:number>/<str:step>/", desk.step, name="step"),
    path("work/guide/callbacks/", desk.callbacks, name="callbacks"),
    path("work/guide/callbacks/<int:pk>/", desk.callback, name="callback"),
    path("work/guide/statistics/", desk.statistics, name="statistics"),
    path("work/guide/wrong/<int:pk>/", editing.wrong, name="wrong"),
    path("work/guide/corrections/", editing.corrections, name="corrections"),
    path("work/guide/corrections/<int:pk>/", editing.review, name="review"),
    path("work/guide/unanswered/", editing.unanswered, name="unanswered"),
    path("work/guide/synonyms/", editing.synonyms, name="synonyms"),
    path("work/guide/synonyms/<int:pk>/retire/", editing.retire, name="retire"),
    path("work/guide/articles/", editing.articles, name="articles"),
    path("work/guide/articles/new/", editing.article, name="article-new"),
    path("work/guide/articles/<slug:code>/", editing.article, name="article"),
    path("work/guide/canned/", editing.canned, name="canned"),
]
