"""接口出错时的样子：RFC 9457 problem details, as the OpenAPI of every module shows it.

The answers themselves are made from ``kernel.errors`` in one place; these schemas only describe them, so
that every route names the same component.
"""

from __future__ import annotations

from ninja import Schema


class Bilingual(Schema):
    """One text in the two languages every answer carries."""

    zh: str
    en: str


class Problem(Schema):
    """RFC 9457 problem details; ``fields`` says where, ``todo`` what to do."""

    type: str
    title: str
    status: int
    detail: str
    todo: str
    fields: dict[str, Bilingual] | None = None


READ: dict[int, type[Schema]] = {401: Problem, 403: Problem, 404: Problem, 422: Problem}
"""How a reading route may refuse."""
WRITE: dict[int, type[Schema]] = {**READ, 409: Problem}
"""How a writing route may refuse."""
