"""模型文件核验: keeps a file by its SHA-256 and lets a limited process try it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.capabilities.models import onnx_format, probe
from quancheng.core.text import Text
from quancheng.kernel import rulebook
from quancheng.kernel.errors import InvalidInput, NotFound, TooLarge


def path_of(sha256: str) -> Path:
    """Where a file of that content lies."""
    return Path(settings.MEDIA_ROOT) / "models" / sha256[:2] / f"{sha256}.onnx"


def keep(content: bytes) -> str:
    """Keep a file whole under its SHA-256, which is given. Raises TooLarge."""
    most = rulebook.find("models.file_most_mb").integer()
    if len(content) > most * probe.MEBI:
        raise TooLarge(
            Text(f"模型文件超过 {most} MB。", f"The model file is larger than {most} MB."),
        )
    sha256 = hashlib.sha256(content).hexdigest()
    path = path_of(sha256)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.parent / f".{uuid.uuid4().hex}"
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    return sha256


def examine(sha256: str) -> dict[str, Any]:
    """Inputs, outputs, time and memory of a kept file. Raises NotFound, InvalidInput (says why)."""
    path = path_of(sha256)
    if not path.is_file():
        raise NotFound(Text("没有这个模型文件，请先上传。", "No such model file; upload it first."))
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _refused("文件与其校验值不符", "the file does not match its digest")
    try:
        contents = onnx_format.read(data)
    except onnx_format.Broken as wrong:
        raise _refused("不是 ONNX 模型文件", f"no ONNX model file: {wrong}") from wrong
    if contents.external:
        raise _refused("权重在文件之外，不接受", "its weights lie outside the file")
    if contents.foreign:
        named = "、".join(contents.foreign)
        raise _refused(f"含自定义算子域 {named}", f"has custom operators of {named}")
    return {**_try(path), "nodes": contents.nodes}


def _try(path: Path) -> dict[str, Any]:
    seconds = rulebook.find("models.probe_seconds").integer()
    memory = rulebook.find("models.probe_mb").integer()
    command = [sys.executable, "-I", str(probe.__file__), str(path), str(seconds), str(memory)]
    environment = {"PATH": os.defpath, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=seconds * 2, env=environment, cwd="/", check=False
        )
    except subprocess.TimeoutExpired as late:
        raise _refused("试加载超时", "loading it took too long") from late
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][:200]
        raise _refused(
            f"在 {memory} MB 内存、{seconds} 秒处理器时间内无法加载：{last}",
            f"cannot be loaded within {memory} MB and {seconds} s of processor: {last}",
        )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _refused(zh: str, en: str) -> InvalidInput:
    text = Text(f"{zh}。", f"{en[0].upper()}{en[1:]}.")
    return InvalidInput(text, fields={"file": text})
