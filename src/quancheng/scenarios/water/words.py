"""Words of the water scenario that are data, not interface."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

KINDS = {
    "underpass": _("下穿通道"),
    "street": _("低洼路段"),
    "yard": _("低洼院落"),
    "basement": _("地下空间"),
}
