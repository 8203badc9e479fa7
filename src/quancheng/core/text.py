"""双语文本: the one value every label, message and explanation is made of (Chinese first)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Text"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text in Chinese and English (双语文本)."""

    zh: str
    en: str

    def pick(self, language: str) -> str:
        """Return the English text for a language tag that starts with ``en``, else the Chinese."""
        return self.en if language.strip().lower().startswith("en") else self.zh

    def to_dict(self) -> dict[str, str]:
        """Return ``{"zh": …, "en": …}``, the shape that TOML and JSON files use."""
        return {"zh": self.zh, "en": self.en}

    @classmethod
    def of(cls, value: Text | Mapping[str, object] | str) -> Text:
        """Read a text from a ``Text``, a ``{zh, en}`` mapping or one string for both languages.

        A mapping with only one of the two languages uses it for both. Anything else (no language,
        other keys, values that are not strings) raises ``ValueError``; not a text at all,
        ``TypeError``.
        """
        if isinstance(value, Text):
            return value
        if isinstance(value, str):
            return cls(value, value)
        if not isinstance(value, Mapping):
            raise TypeError(f"a text is a Text, a string or a mapping with zh and en: {value!r}")
        parts = {str(key): part for key, part in value.items() if isinstance(part, str)}
        if not parts or len(parts) != len(value) or not parts.keys() <= {"zh", "en"}:
            raise ValueError(f"a text needs zh or en, as strings, and nothing else: {value!r}")
        first = parts.get("zh", parts.get("en", ""))
        return cls(first, parts.get("en", first))

    def __str__(self) -> str:
        return self.zh
