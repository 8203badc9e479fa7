"""The only writers of masters, by subject."""

from quancheng.capabilities.masters.actions.building import (
    apply_groups,
    ask_build,
    begin_build,
    close_numbers,
    fail_build,
    finish_build,
    keep_model,
    mark_stale,
    note_progress,
    queue_doubts,
)
from quancheng.capabilities.masters.actions.correcting import answer_correction, ask_correction
from quancheng.capabilities.masters.actions.defining import (
    add_source,
    change_rule,
    change_source,
    sync_masters,
    use_model,
)
from quancheng.capabilities.masters.actions.dwelling import judge_homes
from quancheng.capabilities.masters.actions.profiling import (
    give_consent,
    note_lookup,
    open_home,
    open_record,
    withdraw_consent,
)
from quancheng.capabilities.masters.actions.reviewing import confirm_pair, decide_pair, unmerge_record
from quancheng.capabilities.masters.actions.theming import create_theme, refresh_theme, retire_theme

__all__ = [
    "add_source",
    "answer_correction",
    "apply_groups",
    "ask_build",
    "ask_correction",
    "begin_build",
    "change_rule",
    "change_source",
    "close_numbers",
    "confirm_pair",
    "create_theme",
    "decide_pair",
    "fail_build",
    "finish_build",
    "give_consent",
    "judge_homes",
    "keep_model",
    "mark_stale",
    "note_lookup",
    "note_progress",
    "open_home",
    "open_record",
    "queue_doubts",
    "refresh_theme",
    "retire_theme",
    "sync_masters",
    "unmerge_record",
    "use_model",
    "withdraw_consent",
]
