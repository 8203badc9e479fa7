"""How forms look and speak: label, hint, error, control; messages built from labels.

Settings name :class:`QuanchengFormRenderer`. A module writes only a form class; a page writes
``{% error_summary form %}`` and ``{% field form.name %}`` (or ``{{ form }}`` for all of them).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from django import forms
from django.core import validators
from django.core.exceptions import ValidationError
from django.forms import renderers
from django.template.backends.django import DjangoTemplates
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from quancheng.portal.datefields import DatePartsWidget
from quancheng.portal.i18n import language, pick

MEGABYTE = 1024 * 1024


class QuanchengFormRenderer(renderers.BaseRenderer):
    """Django's own widget templates plus our form and field templates."""

    form_template_name = "portal/forms/form.html"
    formset_template_name = "django/forms/formsets/div.html"
    field_template_name = "portal/forms/field_group.html"

    @cached_property
    def engine(self) -> DjangoTemplates:
        builtins = ["django.templatetags.i18n", "quancheng.portal.templatetags.qc"]
        own = Path(renderers.__file__).parent / "templates"
        return DjangoTemplates(
            {"NAME": "quancheng-forms", "DIRS": [own], "APP_DIRS": True, "OPTIONS": {"builtins": builtins}}
        )

    def get_template(self, template_name: str) -> Any:
        return self.engine.get_template(template_name)

    def render_field(self, bound: forms.BoundField, css: str = "") -> SafeString:
        """One field of a form."""
        bound.form.use_required_attribute = False
        return mark_safe(self.render("portal/forms/field.html", describe(bound) | {"css": css}))  # noqa: S308


# -- one field ----------------------------------------------------------------------------------
def describe(bound: forms.BoundField) -> dict[str, Any]:
    """What the field template shows."""
    widget = bound.field.widget
    group = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    return {
        "field": bound,
        "label": pick(bound.label),
        "errors": messages_of(bound),
        "hint": hint_of(bound),
        "kind": _kind(widget),
        "group": group or isinstance(widget, forms.MultiWidget),
        "optional": not bound.field.required and not isinstance(widget, forms.CheckboxInput),
        "described": " ".join(part for part in _described(bound) if part),
    }


def _kind(widget: forms.Widget) -> str:
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, forms.CheckboxInput):
        return "checkbox"
    if isinstance(widget, forms.FileInput):
        return "file"
    return "dateparts" if isinstance(widget, DatePartsWidget) else "input"


def _described(bound: forms.BoundField) -> Iterator[str]:
    if hint_of(bound):
        yield f"{bound.auto_id}_helptext"
    if bound.errors:
        yield f"{bound.auto_id}_error"


def hint_of(bound: forms.BoundField) -> str:
    """The hint, and for a file what may be sent."""
    parts = [pick(bound.help_text)] if bound.help_text else []
    if isinstance(bound.field.widget, forms.FileInput):
        kinds = [
            kind.lstrip(".").upper()
            for validator in bound.field.validators
            if isinstance(validator, validators.FileExtensionValidator)
            for kind in validator.allowed_extensions or ()
        ]
        if kinds:
            parts.append(
                _("格式：%(kinds)s。")
                % {"kinds": "、".join(kinds) if language() == "zh" else ", ".join(kinds)}
            )
        limit = getattr(bound.field, "max_bytes", None)
        if limit:
            parts.append(_("不超过%(size)s MB。") % {"size": f"{limit / MEGABYTE:g}"})
    if len(parts) == 1:
        return parts[0]  # a hint marked safe stays so
    return " ".join(parts) if language() == "en" else "".join(parts)


def anchor_of(bound: forms.BoundField) -> str:
    """The id of the control that an error links to."""
    identity = bound.id_for_label or bound.auto_id
    widget = bound.field.widget
    many = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple | forms.MultiWidget)
    return f"{bound.auto_id}_0" if many else str(identity)


# -- what is wrong ------------------------------------------------------------------------------
def _stock_messages() -> set[int]:
    """Identities of the messages Django ships; a message a module wrote itself is left alone."""
    found: set[int] = set()
    for kind in vars(forms.fields).values():
        if isinstance(kind, type) and issubclass(kind, forms.Field):
            found.update(id(text) for text in kind.__dict__.get("default_error_messages", {}).values())
    for kind in (forms.ModelChoiceField, forms.ModelMultipleChoiceField):
        found.update(id(text) for text in kind.__dict__.get("default_error_messages", {}).values())
    for kind in vars(validators).values():
        if isinstance(kind, type) and "message" in vars(kind):
            found.add(id(vars(kind)["message"]))
    return found


STOCK = _stock_messages()


def messages_of(bound: forms.BoundField) -> list[str]:
    """The field's errors as sentences with its name in them."""
    return [text for error in bound.errors.as_data() for text in _say(bound, error)]


def _say(bound: forms.BoundField, error: ValidationError) -> list[str]:
    message = getattr(error, "message", None)
    if message is None or id(message) not in STOCK:
        return [str(text) for text in error.messages]
    known = _sentence(bound, str(error.code or ""), error.params or {})
    return [known] if known else [str(text) for text in error.messages]


def _sentence(bound: forms.BoundField, code: str, params: dict[str, Any]) -> str:
    values = {"label": _name(bound), "limit": params.get("limit_value", "")}
    widget = bound.field.widget
    if code == "required":
        if isinstance(widget, forms.FileInput):
            return _("请上传%(label)s") % values
        if isinstance(widget, forms.CheckboxInput):
            return _("请勾选：%(label)s") % values
        if isinstance(widget, forms.Select | forms.RadioSelect | forms.CheckboxSelectMultiple):
            return _("请选择%(label)s") % values
        return _("请填写%(label)s") % values
    if code == "invalid" and isinstance(bound.field, forms.EmailField):
        return _("%(label)s应像 name@example.cn 这样填写") % values
    sentences = {
        "invalid": _("%(label)s的格式不对") % values,
        "invalid_choice": _("请从列出的选项中选择%(label)s") % values,
        "max_length": _("%(label)s最多%(limit)s个字") % values,
        "min_length": _("%(label)s至少%(limit)s个字") % values,
        "max_value": _("%(label)s应不大于%(limit)s") % values,
        "min_value": _("%(label)s应不小于%(limit)s") % values,
        "empty": _("%(label)s是空文件，请重新选择") % values,
        "invalid_extension": _("%(label)s的文件格式不在允许之列") % values,
        "max_digits": _("%(label)s的数字位数太多") % values,
        "max_decimal_places": _("%(label)s的小数位数太多") % values,
    }
    return sentences.get(code, "")


def _name(bound: forms.BoundField) -> str:
    label = pick(bound.label).rstrip(":： ")
    in_sentence = language() == "en" and label[:1].isupper() and label[1:2].islower()
    return label[0].lower() + label[1:] if in_sentence else label


def summary_of(form: forms.BaseForm) -> SafeString:
    """The error summary of a refused form; nothing for a form without errors."""
    if not form.is_bound or not form.errors:
        return mark_safe("")
    general = [str(text) for text in form.non_field_errors()]
    listed = [
        {"anchor": anchor_of(bound), "text": text}
        for bound in form
        if not bound.is_hidden
        for text in messages_of(bound)
    ]
    hidden = [text for bound in form.hidden_fields() for text in messages_of(bound)]
    renderer = QuanchengFormRenderer()
    context = {"general": general + hidden, "listed": listed}
    return mark_safe(renderer.render("portal/forms/error_summary.html", context))  # noqa: S308


class SizedFileField(forms.FileField):
    """A file with a limit of size (``max_bytes``) and of kinds (``kinds=("pdf", "jpg")``)."""

    def __init__(
        self, *, max_bytes: int = 10 * MEGABYTE, kinds: tuple[str, ...] = (), **options: Any
    ) -> None:
        self.max_bytes = max_bytes
        if kinds:
            options["validators"] = [*options.get("validators", ()), validators.FileExtensionValidator(kinds)]
        super().__init__(**options)
        if kinds:
            self.widget.attrs["accept"] = ",".join(f".{kind}" for kind in kinds)

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file and getattr(file, "size", 0) > self.max_bytes:
            limit = f"{self.max_bytes / MEGABYTE:g}"
            raise ValidationError(
                _("文件不能超过%(size)s MB，请压缩后再上传") % {"size": limit}, code="too-large"
            )
        return file
