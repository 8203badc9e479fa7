"""短名: names for addresses, stable and unique, made of codes and never of titles.

A title changes, is written in Chinese and is given twice; a code is none of that. Rules for names
are CKAN's: 2 to 100 of ``a-z 0-9 - _``, not a word that its own pages use.
"""

from __future__ import annotations

import hashlib
import re

__all__ = ["RESERVED", "is_slug", "slug"]

RESERVED = frozenset({"new", "edit", "search"})
_PLAIN = re.compile(r"[0-9a-z]+(?:/[0-9a-z]+)*")
_SLUG = re.compile(r"[a-z0-9_-]{2,100}")


def is_slug(name: str) -> bool:
    """Whether a name may be a CKAN name (是否合规短名)."""
    return _SLUG.fullmatch(name) is not None and name not in RESERVED


def slug(code: str) -> str:
    """The name of a code (短名): ``307015/12`` gives ``307015-12``.

    A code of digits, small letters and single slashes is only respelt, which can be undone. Any
    other one keeps what it can and ends in ``--`` and 64 bits of its SHA-256; since no respelt code
    contains ``--``, two codes share a name only if SHA-256 does.
    """
    plain = code.replace("/", "-")
    if _PLAIN.fullmatch(code) and is_slug(plain):
        return plain
    kept = re.sub(r"[^a-z0-9]+", "-", code.lower()).strip("-")[:80]
    digest = hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{kept or 'code'}--{digest}"
