"""The writers of ledgers; everything that changes goes through here."""

from quancheng.capabilities.ledgers.actions.collecting import (
    add_photo,
    add_row,
    save_row,
    settle_conflict,
)
from quancheng.capabilities.ledgers.actions.comparing import (
    compare_lists,
    drop_comparison,
    export_comparison,
    prune_comparisons,
    turn_into_book,
    turn_into_differences,
)
from quancheng.capabilities.ledgers.actions.designing import (
    check_book,
    create_book,
    decide_book,
    edit_book,
    import_rows,
    propose_book,
)
from quancheng.capabilities.ledgers.actions.differences import decide_difference, send_differences
from quancheng.capabilities.ledgers.actions.returning import (
    declare_returned,
    export_returned,
    look_at_returned,
    stop_returned,
    take_receipt,
)
from quancheng.capabilities.ledgers.actions.running import (
    archive_book,
    assign_rows,
    close_book,
    export_book,
    next_round,
    remind_book,
)

__all__ = [
    "add_photo",
    "add_row",
    "archive_book",
    "assign_rows",
    "check_book",
    "close_book",
    "compare_lists",
    "create_book",
    "decide_book",
    "decide_difference",
    "declare_returned",
    "drop_comparison",
    "edit_book",
    "export_book",
    "export_comparison",
    "export_returned",
    "import_rows",
    "look_at_returned",
    "next_round",
    "propose_book",
    "prune_comparisons",
    "remind_book",
    "save_row",
    "send_differences",
    "settle_conflict",
    "stop_returned",
    "take_receipt",
    "turn_into_book",
    "turn_into_differences",
]
