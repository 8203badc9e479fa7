"""GB/T 26875.3 的值: the frame with its control unit, and the information objects inside."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Body", "Frame"]


@dataclass(frozen=True, slots=True)
class Frame:
    """数据包 (§6.6 表1). Addresses are numbers of six bytes, low byte first on the wire.

    ``sent_at``: µs UTC of the time label, ``None`` when the device sent zeros. ``payload``: the
    application data unit byte for byte; :func:`..objects.bodies` reads it. ``version`` is the main
    version (1), ``user_version`` the user's own.
    """

    serial: int
    source: int
    destination: int
    command: int
    sent_at: int | None = None
    payload: bytes = b""
    version: int = 1
    user_version: int = 1

    @property
    def address(self) -> str:
        """The source as the twelve digits of the registry: bytes in the order sent, hexadecimal."""
        return self.source.to_bytes(6, "little").hex().upper()


@dataclass(frozen=True, slots=True)
class Body:
    """信息对象 (§8.2): one object. Which fields have a value depends on the type flag.

    ``system``/``system_address``, ``component``/``component_address`` say whose it is (``None`` for
    objects of the transmission device itself). ``state`` holds state or operation bits; ``analogue``
    and ``number`` an analogue quantity and its raw number; ``text`` a description; ``version`` is
    (main, sub); ``operator`` the number of who operated; ``minutes`` of an inspection; ``at`` µs UTC.
    """

    type: int
    system: int | None = None
    system_address: int | None = None
    component: int | None = None
    component_address: int | None = None
    state: int | None = None
    analogue: int | None = None
    number: int | None = None
    operator: int | None = None
    text: str | None = None
    version: tuple[int, int] | None = None
    minutes: int | None = None
    at: int | None = None
