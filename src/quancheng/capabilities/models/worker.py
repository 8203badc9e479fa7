"""工作进程: answers calls one after another, under limits it puts on itself first.

A program of its own (``python -m quancheng.capabilities.models.worker <MB>``) that speaks frames of four
bytes of length and JSON over its standard input and output. It opens no database and writes no file; it
ends when the pool closes the pipe. Two kinds of body: ``{"function": "module:id", "inputs"}`` runs an
algorithm of a module's ``algorithms.py``; ``{"onnx": path, "inputs"}`` runs a model file of the registry.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from collections import OrderedDict
from importlib import import_module
from typing import Any, BinaryIO

from quancheng.capabilities.models.values import Refused

MEBI = 1 << 20
SESSIONS = 4
NUMBERS = 2_000_000
"""Most numbers in one answer."""
TYPES = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64",
    "tensor(int32)": "int32", "tensor(uint8)": "uint8", "tensor(bool)": "bool",
}  # fmt: skip
_sessions: OrderedDict[str, Any] = OrderedDict()


def main(megabytes: int) -> None:
    """Serve until the pipe is closed. What libraries print goes to the error stream."""
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * MEBI, megabytes * MEBI))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    while (frame := read_frame(questions)) is not None:
        write_frame(answers, json.dumps(answer(json.loads(frame)), ensure_ascii=False).encode())


def read_frame(stream: BinaryIO) -> bytes | None:
    """One frame, None at the end."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    (size,) = struct.unpack(">I", head)
    return stream.read(size)


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """One frame, at once."""
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """``{"outputs"}``, ``{"refused"}`` (the inputs' fault, by input) or ``{"failed"}`` (ours)."""
    try:
        run = _onnx if "onnx" in body else _function
        return {"outputs": run(body)}
    except Refused as refused:
        return {"refused": {name: text.to_dict() for name, text in refused.faults.items()}}
    except MemoryError:
        return {"failed": "out of memory"}
    except Exception as failed:  # the pool must hear of it, whatever it is
        return {"failed": f"{type(failed).__name__}: {failed}"[:300]}


def _function(body: dict[str, Any]) -> dict[str, Any]:
    room, _, name = str(body["function"]).partition(":")
    for one in import_module(f"{room}.algorithms").ALGORITHMS:
        if one.id == name:
            return dict(one.function(**body["inputs"]))
    raise LookupError(f"no algorithm {name} in {room}")


def _onnx(body: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    session = _session(str(body["onnx"]))
    feed = {}
    for one in session.get_inputs():
        try:
            feed[one.name] = np.asarray(body["inputs"][one.name], TYPES[one.type])
        except (KeyError, ValueError, TypeError, OverflowError) as wrong:
            raise Refused.of(
                one.name, f"应为 {one.type} 的数组", f"must be an array of {one.type}"
            ) from wrong
    try:
        found = session.run(None, feed)
    except Exception as wrong:
        kind = type(wrong).__name__
        if kind != "InvalidArgument":
            raise
        names = [one.name for one in session.get_inputs()]
        raise Refused.of(names[0], "形状与模型不符", f"does not fit the model: {wrong}"[:200]) from wrong
    if sum(one.size for one in found if hasattr(one, "size")) > NUMBERS:
        raise ValueError("the answer is too large")
    names = [one.name for one in session.get_outputs()]
    return {name: one.tolist() for name, one in zip(names, found, strict=True)}


def _session(path: str) -> Any:
    import onnxruntime as ort

    if path not in _sessions:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        with open(path, "rb") as file:
            _sessions[path] = ort.InferenceSession(file.read(), options, providers=["CPUExecutionProvider"])
        while len(_sessions) > SESSIONS:
            _sessions.popitem(last=False)
    _sessions.move_to_end(path)
    return _sessions[path]


if __name__ == "__main__":
    main(int(sys.argv[1]))
