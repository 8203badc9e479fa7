"""Pages of the vault."""

from __future__ import annotations

from django.urls import path

from quancheng.capabilities.vault.pages import checking, desk, mine

urlpatterns = [
    path("me/vault/", mine.data, name="data"),
    path("me/vault/requests/", mine.asked, name="requests"),
    path("me/vault/requests/<str:number>/", mine.one, name="request"),
    path("me/vault/requests/<str:number>/withdraw/", mine.withdraw, name="withdraw"),
    path("me/vault/requests/<str:number>/withdrawal.json", mine.withdrawal, name="withdrawal"),
    path("me/vault/uses/", mine.uses, name="uses"),
    path("me/vault/uses/<str:number>/", mine.use, name="use"),
    path("me/vault/uses/<str:number>/receipt.json", mine.receipt, name="receipt_file"),
    path("me/vault/uses/<str:number>/proof.json", mine.proof, name="proof_file"),
    path("me/vault/objections/", mine.objections, name="objections"),
    path("me/vault/object/<slug:code>/", mine.object_to, name="object"),
    path("vault/receipt/", checking.receipt, name="check"),
    path("work/vault/", desk.objections, name="desk"),
    path("work/vault/objections/", desk.objections, name="desk_objections"),
    path("work/vault/objections/<str:number>/", desk.objection, name="desk_objection"),
    path("work/vault/requests/", desk.requests, name="desk_requests"),
    path("work/vault/recipients/", desk.recipients, name="recipients"),
    path("work/vault/recipients/new/", desk.new_recipient, name="new_recipient"),
    path("work/vault/recipients/<slug:code>/", desk.recipient, name="recipient"),
]
