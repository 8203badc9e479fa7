"""Copies of the small demo city for every test that may break one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quancheng.testing.product import Product


@pytest.fixture
def product(small_city: Path, tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Makes products on copies of the small city; none of them outlives the test."""
    made: list[Product] = []

    def make(name: str = "home", **environment: str) -> Product:
        shutil.copytree(small_city, tmp_path / name)
        made.append(Product(tmp_path / name, **environment))
        return made[-1]

    yield make
    for one in made:
        one.stop()
