"""HJ 212 参考数采仪: a data logger that sends and waits for its answers."""

from __future__ import annotations

from collections.abc import Mapping

from quancheng.capabilities.ingest.field.clients import FieldClient
from quancheng.core.telemetry import hj212
from quancheng.core.telemetry.hj212 import Command, Frame, Version


class Hj212Client(FieldClient[Frame]):
    """A logger with one MN. ``version`` as its Flag says."""

    def __init__(
        self,
        mn: str,
        port: int,
        host: str = "127.0.0.1",
        *,
        st: str = "31",
        version: Version = Version.HJ_2017,
    ) -> None:
        super().__init__(hj212.FrameBuffer(), host, port)
        self.mn, self.st, self.version = mn, st, version

    def frame(
        self, at: int, values: Mapping[str, float | str], cn: str = Command.REALTIME, mark: str = "N"
    ) -> Frame:
        """Data of one moment (µs UTC): ``{"a21026-Rtd": 12.5}``, each factor with its mark."""
        time = hj212.pack_time(at)
        groups: list[tuple[hj212.Item, ...]] = [(("DataTime", time[:14]),)]
        for name, value in values.items():
            code = name.rpartition("-")[0]
            groups.append(((name, f"{value}"), (f"{code}-Flag", mark)))
        return Frame(
            st=self.st, cn=cn, pw="123456", mn=self.mn, groups=tuple(groups), qn=time, version=self.version,
            answer=True,
        )  # fmt: skip

    def send(self, frames: list[Frame], timeout: float = 10.0) -> list[bool]:
        """Send all at once; which were answered, by QN and packet number."""
        self.send_bytes(b"".join(hj212.encode(one) for one in frames))
        wanted = [(one.qn, one.packets) for one in frames if one.answer]
        heard: set[tuple[str, tuple[int, int] | None]] = set()
        while not heard.issuperset(wanted) and (reply := self.receive(timeout)) is not None:
            if reply.cn in (Command.DATA_ANSWER, Command.NOTICE_ANSWER):
                heard.add((reply.qn, reply.packets))
        return [(one.qn, one.packets) in heard for one in frames]
