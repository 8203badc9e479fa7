"""Pages of quality at the desk: board, tables, rules, findings, failing rows, doubts."""

from __future__ import annotations

from django.urls import path

from quancheng.capabilities.quality.pages import boards, failing, findings, rules

app_name = "quality"
urlpatterns = [
    path("work/quality/", boards.board, name="board"),
    path("work/quality/board.csv", boards.export, name="board_csv"),
    path("work/quality/tables/", boards.sheets, name="sheets"),
    path("work/quality/tables/<uuid:table>/", boards.sheet, name="sheet"),
    path("work/quality/tables/<uuid:table>/settings/", boards.settings, name="settings"),
    path("work/quality/tables/<uuid:table>/check/", boards.check, name="check"),
    path("work/quality/tables/<uuid:table>/baseline/", boards.baseline, name="baseline"),
    path("work/quality/tables/<uuid:table>/rules/new/", rules.new, name="new_rule"),
    path("work/quality/tables/<uuid:table>/rules/propose/", rules.propose, name="propose"),
    path("work/quality/tables/<uuid:table>/doubt/", findings.doubt, name="doubt"),
    path("work/quality/rules/", rules.waiting, name="waiting"),
    path("work/quality/rules/<int:pk>/", rules.rule, name="rule"),
    path("work/quality/rules/<int:pk>/edit/", rules.edit, name="edit_rule"),
    path("work/quality/rules/<int:pk>/do/", rules.do, name="rule_do"),
    path("work/quality/issues/", findings.issues, name="issues"),
    path("work/quality/issues.csv", findings.export, name="issues_csv"),
    path("work/quality/doubts/", findings.doubts, name="doubts"),
    path("work/quality/issues/<str:number>/", findings.issue, name="issue"),
    path("work/quality/issues/<str:number>/rows/", failing.rows, name="rows"),
    path("work/quality/issues/<str:number>/rows.csv", failing.download, name="download"),
    path("work/quality/issues/<str:number>/rows/correct/", failing.correct, name="correct"),
    path("work/quality/issues/<str:number>/upload/", failing.upload, name="upload"),
    path("work/quality/corrections/<int:pk>/", failing.decide, name="decide_correction"),
]
