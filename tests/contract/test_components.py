"""契约: in the OpenAPI document a component's name means one shape.

Two modules may not give one name to two shapes: the document keeps only one of them, and a program made from
it reads the other module's answers wrongly.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator

from ninja import Schema

from quancheng.api import api


def _all(kind: type[Schema]) -> Iterator[type[Schema]]:
    for one in kind.__subclasses__():
        yield one
        yield from _all(one)


def test_a_name_in_the_document_means_one_shape() -> None:
    document = json.dumps(api.get_openapi_schema())
    named = set(re.findall(r'"#/components/schemas/(\w+)"', document))  # parameters are written out in place
    shapes: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for one in _all(Schema):
        if one.__name__ in named and one.__module__.startswith("quancheng."):
            shape = one.model_json_schema()
            shape.pop("description", None)
            shapes[one.__name__].setdefault(json.dumps(shape, sort_keys=True), one.__module__)
    assert {"Problem", "Bilingual"} <= shapes.keys()
    twice = {name: sorted(found.values()) for name, found in shapes.items() if len(found) > 1}
    assert not twice, f"one name, several shapes: {twice}"
