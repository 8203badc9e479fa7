"""Addresses of the pages of one-things."""

from __future__ import annotations

from typing import Any

urlpatterns: list[Any] = []
