"""共同申请人: who else must agree before an application is submitted."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.kernel.models import GuardedModel


class CoSigner(GuardedModel):
    """共同申请人确认: one invitation to one person about one field of one application."""

    class State(models.TextChoices):
        INVITED = "invited", _("等待确认")
        CONFIRMED = "confirmed", _("已确认")
        DECLINED = "declined", _("不同意")
        REPLACED = "replaced", _("已作废")

    matter = models.ForeignKey("services.Matter", models.PROTECT, related_name="+")
    draft = models.ForeignKey(
        "services.Draft", models.SET_NULL, null=True, blank=True, related_name="cosigners"
    )
    applicant = models.ForeignKey(
        "people.NaturalPerson", models.PROTECT, null=True, blank=True, related_name="+"
    )
    firm = models.ForeignKey("people.Firm", models.PROTECT, null=True, blank=True, related_name="+")
    applicant_name = models.CharField(_("申请主体"), max_length=120)
    field = models.CharField(_("表单项"), max_length=40)
    person = models.ForeignKey("people.NaturalPerson", models.PROTECT, related_name="cosignatures")
    state = models.CharField(_("状态"), max_length=12, choices=State.choices, default=State.INVITED)
    digest = models.CharField(_("所确认内容的摘要"), max_length=64, blank=True)
    """SHA-256 of the answers agreed to: a later change needs a new word."""
    invited_by = models.ForeignKey("people.User", models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(_("邀请时间"))
    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("共同申请人")
        indexes: ClassVar = [
            models.Index(fields=["matter", "applicant", "firm", "field"]),
            models.Index(fields=["person", "state"]),
        ]

    def __str__(self) -> str:
        return f"{self.matter_id}/{self.field}: {self.state}"
