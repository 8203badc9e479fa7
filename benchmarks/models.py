"""Calls of algorithms: through the pool of worker processes, and the same functions in this process.

What the pool adds is two pipes and JSON; what it gives is that a model's memory and faults are not ours.
"""

from __future__ import annotations

import base64
import io
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.harness import benchmark, figure, spent

TEXTS = ["趵突泉", "黑虎泉边的老人食堂", "高龄津贴申请需要什么材料", "Jinan, city of springs"] * 4


@benchmark("models", "embedding and OCR: calls through the pool against in-process", "rapidocr")
def run(scale: float) -> None:
    """Latency of one caller, after the worker has loaded its model."""
    from quancheng.capabilities.models import algorithms
    from quancheng.capabilities.models.pool import Limits, Pool

    pool = Pool(Limits(seconds=120))
    room = "quancheng.capabilities.models"
    picture = {"image": _picture()}
    kinds: tuple[tuple[str, dict[str, Any], Callable[..., Any], int], ...] = (
        ("embedding", {"texts": TEXTS}, algorithms.embed, 200),
        ("ocr", picture, algorithms.read_picture, 10),
    )
    try:
        for name, inputs, function, count in kinds:
            times = max(3, int(count * scale))
            body = {"function": f"{room}:{name}", "inputs": inputs}
            _measure(f"models_{name}_pool", lambda body=body: pool.call("x", body), times)
            _measure(f"models_{name}_here", lambda f=function, i=inputs: f(**i), times)
    finally:
        pool.close()


def _picture() -> str:
    from PIL import Image, ImageDraw, ImageFont

    page = Image.new("RGB", (1000, 600), "white")
    font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 36)
    for row in range(10):
        ImageDraw.Draw(page).text((40, 20 + row * 56), f"Line {row} of a page 3701{row:04d}", "black", font)
    held = io.BytesIO()
    page.save(held, "JPEG")
    return base64.b64encode(held.getvalue()).decode()


def _measure(name: str, ask: Callable[[], Any], count: int) -> None:
    ask()
    took = []
    with spent() as used:
        for _ in range(count):
            began = time.perf_counter()
            ask()
            took.append(time.perf_counter() - began)
    figure(f"{name}_calls", count / used.wall, "calls/s")
    figure(f"{name}_p50", 1000 * statistics.median(took), "ms")
    figure(f"{name}_p95", 1000 * sorted(took)[int(0.95 * len(took))], "ms")
