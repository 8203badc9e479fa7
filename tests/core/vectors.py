"""Published vectors of the package cryptography-vectors, read as records (外部测试向量)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


def path(name: str) -> Path:
    """The file of the vectors package, or the test is skipped and says so."""
    package = pytest.importorskip("cryptography_vectors")
    return Path(package.__file__).parent / name


def records(name: str, first: str) -> Iterator[dict[str, str]]:
    """Blocks of ``key = value`` lines, each beginning with the key ``first``; keys in lower case."""
    block: dict[str, str] = {}
    for line in path(name).read_text().splitlines():
        key, sign, value = (part.strip() for part in line.partition("="))
        if not sign or line.startswith(("#", "[")):
            continue
        if key.lower() == first and block:
            yield block
            block = {}
        block[key.lower()] = value
    if block:
        yield block
