"""Fonts 字体: a Chinese font of this machine, found through fontconfig."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache

from PIL import ImageFont

from quancheng.core.text import Text
from quancheng.kernel.errors import Unavailable

__all__ = ["SANS", "SERIF", "font"]

SANS, SERIF = "Noto Sans CJK SC", "Noto Serif CJK SC"


def font(family: str, size: int) -> ImageFont.FreeTypeFont:
    """A Chinese font at a size; raises Unavailable when the machine has none."""
    path, index = _place(family)
    return _opened(path, index, size)


@lru_cache(maxsize=256)
def _opened(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=index)


@lru_cache(maxsize=8)
def _place(family: str) -> tuple[str, int]:
    """File and index of the face fontconfig gives; it must be one for simplified Chinese."""
    program = shutil.which("fc-match")
    if program is None:
        raise _missing()
    asked = subprocess.run(
        [program, "--format=%{file}\n%{index}\n%{lang}", f"{family}:lang=zh-cn"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    lines = asked.stdout.split("\n")
    if asked.returncode or len(lines) < 3 or "zh-cn" not in lines[2]:
        raise _missing()
    return lines[0], int(lines[1] or 0) & 0xFFFF


def _missing() -> Unavailable:
    return Unavailable(
        Text(
            "这台机器没有中文字体，画不出模拟证照。",
            "This machine has no Chinese font; licences cannot be drawn.",
        ),
        todo=Text(
            "请安装中文字体，例如 Debian 的 fonts-noto-cjk 和 fontconfig，然后重试。",
            "Install a Chinese font, for example Debian's fonts-noto-cjk with fontconfig, and try again.",
        ),
    )
