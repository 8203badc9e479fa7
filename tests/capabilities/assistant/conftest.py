"""The town of the services tests, drawn licences, and a reader that needs no model."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from tests.capabilities.services.conftest import (  # noqa: F401
    actor,
    clerk_of,
    person,
    settle,
    signed_in,
    town,
    user,
    window,
)

from quancheng.capabilities.assistant import drawing
from quancheng.capabilities.assistant.facts import Known, Limits, Subject
from quancheng.capabilities.assistant.values import FieldRead, PageRead, Quality, SealRead
from quancheng.kernel.errors import Unavailable


@pytest.fixture
def drawn():
    """``drawing.draw``, or the test is skipped where no Chinese font is."""
    try:
        drawing.draw("id-card-back", 1)
    except Unavailable as missing:
        pytest.skip(f"{missing.detail.en} ({shutil.which('fc-match') or 'no fontconfig'})")
    return drawing.draw


LIMITS = Limits(0.9, 13, 0.8, 0.6, 0.75, 0.93, 18)


def page(type: str, fields: dict[str, str], seals: tuple[SealRead, ...] = (), **more) -> PageRead:
    """A page as if read, every field sure unless ``more`` says otherwise."""
    from quancheng.capabilities.assistant import normal
    from quancheng.capabilities.assistant.kinds import kind

    spec = kind(type)
    read = {}
    for place, (key, raw) in enumerate(fields.items()):
        one = spec.field(key)
        value = normal.normal(one.kind, raw)
        ok = normal.checked(one.kind, value, "" if one.find else one.pattern)
        read[key] = FieldRead(key, value, 0.99, ok, (10, 40 * place, 300, 40 * place + 30))
    whole = PageRead(1000, 700, type, 0.98, 0.0, read, seals, Quality(12, 0.99, 28, 900, 120))
    return replace(whole, **more)


def known(today, **more) -> Known:
    """A person 王秀英 who applies; ``more`` changes what is known."""
    from quancheng.core.text import Text

    applicant = Subject("person", "王秀英", "11010519491231002X", sex="女", birth_date="1949-12-31")
    whole = Known(today, LIMITS, Text("身份证", "Identity card"), ("id-card-front",), applicant)
    return replace(whole, **more)
