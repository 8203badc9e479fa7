"""现场协议限额: every operating limit of the listeners, read from the environment in this one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

PREFIX = "QUANCHENG_FIELD_"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the listeners take on. ``QUANCHENG_FIELD_<NAME>`` sets each of them; port 0 = no such listener."""

    host: str = "127.0.0.1"
    hj212_port: int = 9212
    gb26875_port: int = 9268
    jt808_port: int = 9808
    connections: int = 20_000
    """Lines of one protocol at a time; more are hung up at once."""
    connections_per_address: int = 5_000
    """Lines from one address: many devices stand behind one address of a carrier."""
    idle_seconds: float = 1800.0
    """A line silent that long is hung up: longer than the heartbeat of any of the protocols."""
    half_frame_seconds: float = 20.0
    """A started frame not finished by then is given up as damaged, however slowly bytes still come."""
    write_seconds: float = 15.0
    """A line that does not read its answers for so long is hung up."""
    in_flight: int = 64
    """Frames of one line that may wait for their commit; then the line is not read."""
    chunk: int = 16_384
    garbage: int = 65_536
    """Bytes without one good frame after which a line is hung up."""
    letters_per_line: int = 20
    """Dead letters kept of one line without a good frame between; more are counted."""
    drain_seconds: float = 10.0
    """How long a stopping listener waits for what was taken to be kept and answered."""
    poll_seconds: float = 0.5
    status_seconds: float = 5.0
    remembered_devices: int = 300_000


def bounds(environment: Mapping[str, str] | None = None) -> Bounds:
    """The limits of this process. Raises InvalidInput for a value that is no number or below zero."""
    given = os.environ if environment is None else environment
    found: dict[str, object] = {}
    for one in fields(Bounds):
        name = PREFIX + one.name.upper()
        text = given.get(name)
        if text is None:
            continue
        try:
            value = {"str": str, "int": int, "float": float}[str(one.type)](text)
            if not isinstance(value, str) and not 0 <= value < float("inf"):
                raise ValueError(text)
        except ValueError:
            raise InvalidInput(
                Text(f"环境变量 {name} 的值不可用：{text[:40]}", f"{name} is unusable: {text[:40]}"),
                todo=Text("请改为不小于0的数。", "Give a number of 0 or more."),
            ) from None
        found[one.name] = value
    return Bounds(**found)  # type: ignore[arg-type]
