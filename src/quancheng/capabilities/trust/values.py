"""Facts of licences as they are named and shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from quancheng.core.identity import mask
from quancheng.core.text import Text

if TYPE_CHECKING:
    from quancheng.capabilities.trust.models import Licence

_FIXED = (
    ("_holder", Text("持证主体", "Holder")),
    ("_number", Text("证号", "Number")),
    ("_issuer", Text("签发单位", "Issued by")),
    ("_valid_to", Text("有效期至", "Valid until")),
)
"""Facts every licence has besides the items of its type."""


def facts(licence: Licence) -> Iterator[tuple[str, Text, str, bool]]:
    """(key, label, value, sensitive) of every fact a holder can choose to show, in the order of the face."""
    known = {
        "_holder": licence.holder_name, "_number": licence.number, "_issuer": licence.issued_by.zh,
        "_valid_to": licence.valid_to.isoformat() if licence.valid_to else "长期",
    }  # fmt: skip
    for item in licence.type.items:
        value = licence.items.get(item["key"], "")
        if item["key"] != "photo" and value not in ("", None):
            yield item["key"], Text.of(item["name"]), str(value), bool(item.get("sensitive"))
    for key, label in _FIXED:
        yield key, label, known[key], False


def fact_keys(licence: Licence) -> list[str]:
    """Keys of :func:`facts`."""
    return [key for key, *_rest in facts(licence)]


def masked(value: str) -> str:
    """A sensitive value as it stands on the face."""
    return mask(value, 6, 4) if len(value) == 18 else mask(value, 3, 2)


def item_label(items: list[dict[str, Any]], key: str) -> Text:
    """The name of an item, or its key."""
    return next((Text.of(one["name"]) for one in items if one["key"] == key), Text(key, key))
