"""Pages of sharing: the desk's and the citizen's."""

from __future__ import annotations

from django.urls import path

from quancheng.capabilities.exchange.pages import grants, ledger, requests

urlpatterns = [
    path("work/exchange/", requests.home, name="home"),
    path("work/exchange/find/", requests.find, name="find"),
    path("work/exchange/ask/", requests.ask_page, name="ask"),
    path("work/exchange/requests/", requests.requests, name="requests"),
    path("work/exchange/requests/<str:number>/", requests.one, name="request"),
    path("work/exchange/grants/", grants.grants, name="grants"),
    path("work/exchange/grants/<str:number>/", grants.grant, name="grant"),
    path("work/exchange/files/<int:pk>/", grants.fetch, name="fetch"),
    path("work/exchange/exchanges/", grants.exchanges, name="exchanges"),
    path("work/exchange/exchanges/<int:pk>/", grants.exchange, name="exchange"),
    path("work/exchange/exchanges/<int:pk>/<str:keeper>.json", grants.evidence, name="evidence"),
    path("work/exchange/parties/", ledger.parties, name="parties"),
    path("work/exchange/parties/<str:code>/", ledger.party, name="party"),
    path("work/exchange/ledger/", ledger.ledger, name="ledger"),
    path("work/exchange/objections/", ledger.objections, name="objections"),
    path("me/data-uses/", ledger.uses, name="uses"),
]
