"""Pages of masters."""

from django.urls import path

from quancheng.capabilities.masters.pages import bases, homes, own, profiles, review, themes

urlpatterns = [
    path("work/masters/", bases.index, name="index"),
    path("work/masters/review/", review.pairs, name="pairs"),
    path("work/masters/review/<int:pk>/", review.pair, name="pair"),
    path("work/masters/corrections/", review.corrections, name="corrections"),
    path("work/masters/corrections/<int:pk>/", review.correction, name="correction"),
    path("work/masters/homes/", homes.homes, name="homes"),
    path("work/masters/homes/communities/", homes.communities, name="communities"),
    path("work/masters/homes/<int:pk>/", homes.home, name="home"),
    path("work/masters/themes/", themes.themes, name="themes"),
    path("work/masters/themes/new/", themes.new, name="theme_new"),
    path("work/masters/themes/<slug:code>/", themes.theme, name="theme"),
    path("work/masters/records/<str:code>/", profiles.record, name="record"),
    path("work/masters/<slug:code>/", bases.master, name="master"),
    path("work/masters/<slug:code>/making/", bases.making, name="making"),
    path("work/profile/", profiles.search, name="profile"),
    path("me/profile/", own.profile_page, name="own"),
]
