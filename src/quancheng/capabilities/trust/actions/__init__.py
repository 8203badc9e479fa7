"""The writers of licences: types, issuing, changing, showing in part, objections, papers."""

from quancheng.capabilities.trust.actions.changing import (
    change_licence,
    check_licence,
    check_many,
    resume_licence,
    revoke_licence,
    revoke_many,
    suspend_licence,
)
from quancheng.capabilities.trust.actions.issuing import issue_by_hand, issue_licence
from quancheng.capabilities.trust.actions.objecting import answer_objection, file_objection
from quancheng.capabilities.trust.actions.papers import print_paper
from quancheng.capabilities.trust.actions.showing import count_look, make_show, stop_show, view_show
from quancheng.capabilities.trust.actions.types import publish_type
from quancheng.capabilities.trust.pdf_seal import authority, seal_image, seal_pdf

__all__ = [
    "answer_objection", "authority", "change_licence", "check_licence", "check_many", "count_look", "file_objection",
    "issue_by_hand", "issue_licence", "make_show", "print_paper", "publish_type", "resume_licence", "revoke_licence",
    "revoke_many", "seal_image", "seal_pdf", "stop_show", "suspend_licence", "view_show",
]  # fmt: skip
