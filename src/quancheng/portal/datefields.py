"""Dates people can type: three parts (年月日), or one text in any usual writing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

WRITTEN = re.compile(r"^\s*(\d{4})\s*(?:年|[-/.])?\s*(\d{1,2})\s*(?:月|[-/.])?\s*(\d{1,2})\s*日?\s*$")
PARTS = ("year", "month", "day")
BIRTHDAY = ("bday-year", "bday-month", "bday-day")


class DatePartsWidget(forms.MultiWidget):
    """Three number boxes: year, month, day."""

    template_name = "portal/forms/dateparts.html"

    def __init__(self, attrs: dict[str, Any] | None = None, *, birthday: bool = False) -> None:
        boxes = [
            forms.TextInput({"inputmode": "numeric", "maxlength": size, "autocomplete": auto})
            for size, auto in zip((4, 2, 2), BIRTHDAY if birthday else ("off",) * 3, strict=True)
        ]
        super().__init__(dict(zip(PARTS, boxes, strict=True)), attrs)

    def decompress(self, value: Any) -> list[Any]:
        if isinstance(value, str):
            value = parse_written(value)
        return [value.year, value.month, value.day] if isinstance(value, date) else [None] * 3

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        parts = super().value_from_datadict(data, files, name)
        whole = data.get(name)  # programs may send one text instead of three parts
        written = parse_written(str(whole)) if whole else None
        return self.decompress(written) if written else parts


class DatePartsField(forms.Field):
    """A date in three parts; says which part is missing or impossible."""

    def __init__(self, *, birthday: bool = False, **options: Any) -> None:
        options.setdefault("widget", DatePartsWidget(birthday=birthday))
        super().__init__(**options)

    def clean(self, value: Any) -> date | None:
        parts = [str(part or "").strip() for part in value or ("", "", "")]
        if not any(parts):
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return None
        names = (_("年"), _("月"), _("日"))
        missing = [name for name, part in zip(names, parts, strict=True) if not part]
        if missing:
            raise ValidationError(_("日期缺少：%(parts)s") % {"parts": " ".join(missing)}, code="incomplete")
        try:
            found = date(*(int(part) for part in parts))
        except (ValueError, OverflowError) as broken:
            raise ValidationError(_("没有这一天，请检查年月日"), code="impossible") from broken
        self.run_validators(found)
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self._parts(initial) != self._parts(data)

    @staticmethod
    def _parts(value: Any) -> tuple[str, ...]:
        if isinstance(value, date):
            return str(value.year), str(value.month), str(value.day)
        return tuple(str(part or "").lstrip("0") for part in value or ("", "", ""))


class WrittenDateField(forms.DateField):
    """A date as one text: 2026-7-18, 2026年7月18日, 20260718."""

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and value.strip():
            found = parse_written(value)
            if found is None:
                raise ValidationError(_("日期请写成 2026-07-18 这样"), code="invalid-date")
            return found
        return super().to_python(value)


def parse_written(text: str) -> date | None:
    """The date a person wrote, or None when it is none."""
    match = WRITTEN.match(text)
    parts: Sequence[str] = match.groups() if match else ()
    try:
        return date(*(int(part) for part in parts)) if parts else None
    except ValueError:
        return None
