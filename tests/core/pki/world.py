"""A small authority for the tests: root, issuing authority, leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.pki import Certificate, Issuer, Order, Purpose, issue, self_signed

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class World:
    """Root and issuing authority of one algorithm."""

    algorithm: Algorithm
    root: Issuer
    issuing: Issuer

    def leaf(
        self,
        purpose: Purpose,
        name: str = "测试",
        *,
        serial: int = 100,
        days: int = 365,
        names: tuple[str, ...] = (),
    ) -> Issuer:
        key = MemoryKey.generate(self.algorithm)
        order = Order(purpose, key.public, serial, name, NOW - DAY, NOW + days * DAY, names=names)
        return Issuer(key, issue(order, self.issuing))

    @property
    def roots(self) -> tuple[Certificate, ...]:
        return (self.root.certificate,)

    @property
    def between(self) -> tuple[Certificate, ...]:
        return (self.issuing.certificate,)


def world(algorithm: Algorithm = Algorithm.ES256) -> World:
    root_key, key = MemoryKey.generate(algorithm), MemoryKey.generate(algorithm)
    order = Order(
        Purpose.ROOT, root_key.public, 1, "泉城根", NOW - 9 * DAY, NOW + 9000 * DAY, organisation="大数据局"
    )
    root = Issuer(root_key, self_signed(order, root_key))
    order = Order(Purpose.ISSUING, key.public, 2, "泉城签发", NOW - 8 * DAY, NOW + 4000 * DAY)
    return World(algorithm, root, Issuer(key, issue(order, root)))
