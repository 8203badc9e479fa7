"""轻行: rows of a queryset as plain objects with the columns as attributes.

A page of a thousand entities needs no thousand model instances: they cost ten times what is read from
them. Light rows are for reading; whoever writes fetches the row itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.db.models import QuerySet
from django.db.models.query import BaseIterable


class LightRow:
    """One row; ``_meta`` is its model's."""

    _meta: Any


@cache
def _class_of(model: Any) -> type[LightRow]:
    return type(f"Light{model.__name__}", (LightRow,), {"_meta": model._meta})


class LightIterable(BaseIterable):  # type: ignore[type-arg]
    """Django's way to make something else of rows than instances."""

    def __iter__(self) -> Iterator[Any]:
        queryset: Any = self.queryset
        compiler = queryset.query.get_compiler(queryset.db)
        results = compiler.execute_sql(chunked_fetch=self.chunked_fetch, chunk_size=self.chunk_size)
        fields = compiler.klass_info["select_fields"]
        names = [compiler.select[place][0].target.attname for place in fields]
        first, last = fields[0], fields[-1] + 1
        extra = list(compiler.annotation_col_map.items())
        kind, pk = _class_of(queryset.model), names.index(queryset.model._meta.pk.attname)
        for values in compiler.results_iter(results):
            row = kind()
            own = row.__dict__
            own.update(zip(names, values[first:last], strict=True))
            own["pk"] = values[first + pk]
            for name, place in extra:
                own[name] = values[place]
            yield row


def light(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The queryset giving light rows."""
    found: Any = rows.all()
    found._iterable_class = LightIterable
    return found  # type: ignore[no-any-return]
