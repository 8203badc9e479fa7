"""信令控制口的客户端 The web's way to the signalling process: one JSON line there, one back, over its Unix socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from quancheng.capabilities.video import config
from quancheng.core.text import Text
from quancheng.kernel.errors import PartnerFailed, Unavailable

__all__ = ["ask"]

_SECONDS = 40.0
_LIMIT = 1 << 22


def ask(what: str, *, path: Path | None = None, timeout: float = _SECONDS, **values: Any) -> Any:
    """Do one operation and give its result; raises Unavailable (no signalling), PartnerFailed (no picture)."""
    line = json.dumps({"do": what, **values}, ensure_ascii=False).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(timeout)
            link.connect(str(path or config.control_path()))
            link.sendall(line)
            with link.makefile("rb") as file:
                answer = json.loads(file.readline(_LIMIT))
    except (OSError, ValueError) as why:
        raise Unavailable(
            Text("视频信令服务未运行或未应答。", "The video signalling is not running or did not answer."),
            todo=Text("请检查组件 video.signalling。", "Look at the component video.signalling."),
        ) from why
    if answer.get("ok"):
        return answer.get("result")
    detail = Text(answer.get("zh") or "设备没有应答。", answer.get("en") or "The device did not answer.")
    raise PartnerFailed(detail, extra={"reason": answer.get("detail", ""), "cause": answer.get("code", "")})
