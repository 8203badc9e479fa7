"""One taxonomy of errors: what happened, whose fault, what to do; in Chinese and English.

Every expected failure is a :class:`QuanchengError`. The HTTP edge turns it into RFC 9457
problem details (API) or a human page (browser); see ``kernel.middleware``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from quancheng.core.text import Text

PROBLEM_TYPE_PREFIX = "urn:quancheng:problem:"


class Fault(StrEnum):
    """Whose fault an error is; decides tone, status class and alarm."""

    CALLER = "caller"
    PLATFORM = "platform"
    PARTNER = "partner"


class QuanchengError(Exception):
    """Root of all expected errors."""

    code = "error"
    status = 500
    fault = Fault.PLATFORM
    title = Text("系统未能完成这一步", "The system could not complete this step")
    todo = Text(
        "请稍后再试；仍不行请拨打12345并告知编号。",
        "Try again later; if it persists call 12345 and quote the request id.",
    )

    def __init__(
        self,
        detail: Text | None = None,
        *,
        todo: Text | None = None,
        fields: Mapping[str, Text] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.todo = todo or type(self).todo
        self.fields = dict(fields or {})
        self.extra = dict(extra or {})
        super().__init__(f"{self.detail.zh} / {self.detail.en}")


class InvalidInput(QuanchengError):
    """The request does not make sense as sent; fields say where."""

    code, status, fault = "invalid-input", 422, Fault.CALLER
    title = Text("填写的内容有问题", "There is a problem with what was sent")
    todo = Text(
        "请按提示改正后再提交，已填内容不会丢失。",
        "Correct the marked fields and send again; nothing you entered is lost.",
    )


class NotSignedIn(QuanchengError):
    """The asker must sign in first."""

    code, status, fault = "not-signed-in", 401, Fault.CALLER
    title = Text("请先登录", "Please sign in first")
    todo = Text("登录后将回到当前页面。", "After signing in you return to this page.")


class Forbidden(QuanchengError):
    """The asker is known but has no right to this."""

    code, status, fault = "forbidden", 403, Fault.CALLER
    title = Text("您没有办理此事的权限", "You have no right to do this")
    todo = Text(
        "如确有需要，请向本部门管理员申请权限，或切换身份。",
        "Ask your department's administrator for the right, or switch identity.",
    )


class NeedsStepUp(Forbidden):
    """The asker's sign-in is too weak for this; a stronger proof is needed."""

    code = "needs-step-up"
    title = Text("需要更强的身份认证", "A stronger sign-in is needed")
    todo = Text(
        "请用通行密钥或第二重验证登录，或完成实名核验。",
        "Sign in with a passkey or second factor, or verify your real name.",
    )


class NotFound(QuanchengError):
    """No such thing, or not visible to the asker (indistinguishable on purpose)."""

    code, status, fault = "not-found", 404, Fault.CALLER
    title = Text("没有找到您要的内容", "We could not find that")
    todo = Text(
        "请检查编号或网址，或从首页重新查找。",
        "Check the number or address, or search again from the home page.",
    )


class Conflict(QuanchengError):
    """The state changed, or the same key was used for something else."""

    code, status, fault = "conflict", 409, Fault.CALLER
    title = Text("情况已经变化", "The situation has changed")
    todo = Text(
        "请刷新页面查看最新状态后再决定。", "Refresh the page, look at the current state, then decide."
    )


class Expired(QuanchengError):
    """A session, link or form that is no longer valid."""

    code, status, fault = "expired", 410, Fault.CALLER
    title = Text("页面已过期", "This page has expired")
    todo = Text("请重新登录或重新打开页面。", "Sign in again or reopen the page.")


class TooLarge(QuanchengError):
    """A body or file over its limit."""

    code, status, fault = "too-large", 413, Fault.CALLER
    title = Text("文件或内容太大", "The file or content is too large")
    todo = Text("请压缩后再上传。", "Make it smaller and upload again.")


class Unsupported(QuanchengError):
    """A media type, format or version that is not accepted."""

    code, status, fault = "unsupported", 415, Fault.CALLER
    title = Text("不支持这种格式", "This format is not accepted")
    todo = Text("请换成页面所列的格式。", "Use one of the formats listed.")


class TooMany(QuanchengError):
    """Too many requests in a period."""

    code, status, fault = "too-many", 429, Fault.CALLER
    title = Text("操作太频繁", "Too many attempts")
    todo = Text("请稍等片刻再试。", "Wait a moment and try again.")


class PartnerFailed(QuanchengError):
    """A joined system did not answer or answered nonsense."""

    code, status, fault = "partner-failed", 502, Fault.PARTNER
    title = Text("外部系统没有正确应答", "A joined system did not answer correctly")


class Unavailable(QuanchengError):
    """The platform cannot do this at the moment."""

    code, status, fault = "unavailable", 503, Fault.PLATFORM
    title = Text("服务暂时不可用", "Temporarily unavailable")


def problem(error: QuanchengError, *, instance: str, language: str, request_id: str = "") -> dict[str, Any]:
    """RFC 9457 problem details of ``error``; bilingual members beside the reader's language."""
    body: dict[str, Any] = {
        "type": PROBLEM_TYPE_PREFIX + error.code,
        "title": error.title.pick(language),
        "status": error.status,
        "detail": error.detail.pick(language),
        "instance": instance,
        "fault": error.fault.value,
        "todo": error.todo.pick(language),
        "text": {"detail": error.detail.to_dict(), "todo": error.todo.to_dict()},
    }
    if error.fields:
        body["fields"] = {name: text.to_dict() for name, text in error.fields.items()}
    if request_id:
        body["request_id"] = request_id
    return body | error.extra
