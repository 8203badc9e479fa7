"""Deeds of quality: tables under watch, rules, runs, issues, repairs."""

from quancheng.capabilities.quality.actions.issues import (
    accept_issue,
    dispute_issue,
    judge_dispute,
    order_issue,
    raise_doubt,
    remind_overdue,
    report_repaired,
    take_issue,
)
from quancheng.capabilities.quality.actions.repairs import (
    correct_row,
    decide_correction,
    note_download,
    upload_corrections,
)
from quancheng.capabilities.quality.actions.rules import (
    accept_proposal,
    decide_rule,
    draft_rule,
    keep_proposals,
    propose_rules,
    refuse_proposal,
    retire_rule,
    submit_rule,
    try_rule,
)
from quancheng.capabilities.quality.actions.runs import (
    accept_profile,
    check_table,
    keep_fault,
    keep_run,
    prune_runs,
)
from quancheng.capabilities.quality.actions.sheets import note_change, set_watch, watch_table

__all__ = [
    "accept_issue",
    "accept_profile",
    "accept_proposal",
    "check_table",
    "correct_row",
    "decide_correction",
    "decide_rule",
    "dispute_issue",
    "draft_rule",
    "judge_dispute",
    "keep_fault",
    "keep_proposals",
    "keep_run",
    "note_change",
    "note_download",
    "order_issue",
    "propose_rules",
    "prune_runs",
    "raise_doubt",
    "refuse_proposal",
    "remind_overdue",
    "report_repaired",
    "retire_rule",
    "set_watch",
    "submit_rule",
    "take_issue",
    "try_rule",
    "upload_corrections",
    "watch_table",
]
