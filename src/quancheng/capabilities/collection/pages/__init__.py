"""Pages of collection: feeds, their set-up, runs and decisions, lineage, addresses, rates."""

from django.urls import path

from quancheng.capabilities.collection.pages import feeds, others, runs, setup

urlpatterns = [
    path("work/collection/", feeds.index, name="index"),
    path("work/collection/new/", setup.new, name="new"),
    path("work/collection/runs/", runs.index, name="runs"),
    path("work/collection/runs/<uuid:pk>/", runs.run, name="run"),
    path("work/collection/runs/<uuid:pk>/refused.csv", runs.refused_file, name="refused"),
    path("work/collection/addresses/", others.addresses, name="addresses"),
    path("work/collection/addresses/<int:pk>/remove/", others.unregister, name="remove_address"),
    path("work/collection/rates/", others.rates, name="rates"),
    path("work/collection/<slug:code>/", feeds.feed, name="feed"),
    path("work/collection/<slug:code>/state/", feeds.state, name="state"),
    path("work/collection/<slug:code>/source/", setup.source, name="source"),
    path("work/collection/<slug:code>/columns/", setup.columns, name="columns"),
    path("work/collection/<slug:code>/sample/", setup.sample, name="sample"),
    path("work/collection/<slug:code>/lineage/", others.lineage, name="lineage"),
]
