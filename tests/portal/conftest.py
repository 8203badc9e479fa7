"""Fixtures of the portal's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.template import Context, Engine, engines
from django.test import RequestFactory
from django.utils import translation

from quancheng.kernel.actor import Actor

Render = Callable[..., str]


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


@pytest.fixture
def render() -> Render:
    """Render a template text with a request for ``path``."""

    def make(text: str, path: str = "/", **context: Any) -> str:
        request = RequestFactory().get(path)
        request.actor = Actor.anonymous()  # type: ignore[attr-defined]
        engine: Engine = engines["django"].engine  # type: ignore[attr-defined]
        return engine.from_string(text).render(Context({"request": request, **context}))

    return make
