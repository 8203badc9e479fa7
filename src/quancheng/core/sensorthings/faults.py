"""What a request of SensorThings may be refused for, in two languages."""

from __future__ import annotations

from quancheng.core.text import Text


class BadQuery(ValueError):
    """A path or query option that cannot be understood: HTTP 400."""

    def __init__(self, zh: str, en: str) -> None:
        self.text = Text(zh, en)
        super().__init__(en)


class NoSuchAddress(ValueError):
    """A path that names no entity set, relation or property: HTTP 404."""

    def __init__(self, path: str) -> None:
        self.text = Text(f"没有这个地址：{path}。", f"There is no such address: {path}.")
        super().__init__(path)
