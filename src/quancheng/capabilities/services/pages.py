"""Addresses of the pages of services."""

from __future__ import annotations

from django.urls import path, re_path

from quancheng.capabilities.services import (
    applying,
    case_extras,
    citizen,
    correcting,
    desk,
    noproof,
    task_pages,
)

urlpatterns = [
    path("matters/", citizen.matters, name="matters"),
    path("matters/zone/<slug:code>/", citizen.zone, name="zone"),
    path("matters/<slug:code>/", citizen.guide, name="guide"),
    path("matters/<slug:code>/apply/", applying.apply, name="apply"),
    path("matters/<slug:code>/apply/check/", applying.check, name="check"),
    path("matters/<slug:code>/apply/drop/", applying.drop, name="drop"),
    path("cases/", citizen.cases, name="cases"),
    path("cases/files/<int:pk>/", citizen.file, name="file"),
    path("cases/sign/<int:pk>/", correcting.sign, name="sign"),
    path("cases/<str:receipt>/", citizen.case, name="case"),
    path("cases/<str:receipt>/correct/", correcting.correct, name="correct"),
    path("cases/<str:receipt>/withdraw/", citizen.withdraw, name="withdraw"),
    path("cases/<str:receipt>/rate/", citizen.rate, name="rate"),
    path("cases/documents/<int:pk>/", case_extras.document, name="document"),
    path("cases/<str:receipt>/appeal/", case_extras.appeal, name="appeal"),
    path("cases/<str:receipt>/visit/<int:pk>/", case_extras.confirm_visit, name="confirm-visit"),
    path("cases/<str:receipt>/complain/", case_extras.complain, name="complain"),
    path("cases/<str:receipt>/complain/<int:pk>/", case_extras.judge, name="judge"),
    path("work/joint/", task_pages.task_list, name="tasks"),
    path("work/joint/<int:pk>/", task_pages.task, name="task"),
    path("work/joint/<int:pk>/answer/", task_pages.answer, name="task-answer"),
    path("work/joint/<int:pk>/visit/", task_pages.visit, name="task-visit"),
    path("work/joint/<int:pk>/files/<int:file>/", task_pages.task_file, name="task-file"),
    path("work/complaints/", task_pages.complaints, name="complaints"),
    path("work/complaints/<int:pk>/", task_pages.complaint, name="complaint"),
    path("work/absence/", case_extras.absence, name="absence"),
    path("work/cases/approve-many/", case_extras.approve_many, name="approve-many"),
    path("work/no-proof/", noproof.no_proof, name="no-proof"),
    path("work/cases/", desk.inbox, name="inbox"),
    path("work/cases/<str:receipt>/", desk.case, name="desk-case"),
    re_path(
        r"^work/cases/(?P<receipt>[^/]+)/(?P<verb>transfer|extend|pause|resume)/$",
        case_extras.desk_step,
        name="desk-step",
    ),
    re_path(
        r"^work/cases/(?P<receipt>[^/]+)/(?P<verb>claim|approve|return|refuse|note)/$", desk.step, name="step"
    ),
]
