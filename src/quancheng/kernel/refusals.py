"""拒绝落到表单: a refused deed said where the person can put it right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import get_language

from quancheng.core.text import Text
from quancheng.kernel.errors import QuanchengError

if TYPE_CHECKING:
    from django.forms import BaseForm


def said(text: Text) -> str:
    """In the reader's language."""
    return text.pick(get_language() or "zh-hans")


def mark(form: BaseForm, refused: QuanchengError, aliases: Mapping[str, str] | None = None) -> None:
    """Each fault at its field, the others above the form.

    ``aliases`` leads from the action's name of an input to the form's. What the form has no field for keeps
    its sentence; a refusal without fields says its detail.
    """
    if not refused.fields:
        form.add_error(None, said(Text.of(refused.detail)))
    for name, text in refused.fields.items():
        place = (aliases or {}).get(name, name)
        form.add_error(place if place in form.fields else None, said(Text.of(text)))
