"""试加载进程: loads one ONNX file and runs it once on zeros, under limits it puts on itself first.

A program of its own (``python probe.py <file> <seconds> <MB>``): a file that eats memory, never ends or
crashes the runtime takes only this process with it. Prints one JSON object. Imports nothing of the city.
"""

from __future__ import annotations

import json
import resource
import sys
import time

MEBI = 1 << 20
_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}


def limit(seconds: int, megabytes: int) -> None:
    """Processor time, address space, no files written, no core dump. Not to be undone."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * MEBI, megabytes * MEBI))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def peak_mb() -> int:
    """The most memory this program held. Not ``ru_maxrss``: Linux hands that of the starting process down."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        found = next(line for line in file if line.startswith("VmHWM:"))
    return int(found.split()[1]) // 1024


def main(path: str, seconds: int, megabytes: int) -> None:
    """Load, try, tell."""
    limit(seconds, megabytes)
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    with open(path, "rb") as file:
        session = ort.InferenceSession(file.read(), options, providers=["CPUExecutionProvider"])
    inputs = [(one.name, one.type, list(one.shape)) for one in session.get_inputs()]
    outputs = [(one.name, one.type, list(one.shape or [])) for one in session.get_outputs()]
    tried, milliseconds, said = False, 0.0, ""
    if all(kind in _TYPES for _, kind, _ in inputs):
        feed = {
            name: np.zeros(
                [side if isinstance(side, int) and side > 0 else 1 for side in shape], _TYPES[kind]
            )
            for name, kind, shape in inputs
        }
        began = time.perf_counter()
        try:
            session.run(None, feed)
            tried = True
        except Exception as wrong:  # what the runtime raises is its own; the sentence is what counts
            said = str(wrong)[:300]
        milliseconds = (time.perf_counter() - began) * 1000
    print(
        json.dumps(
            {
                "inputs": inputs,
                "outputs": outputs,
                "tried": tried,
                "said": said,
                "milliseconds": round(milliseconds, 3),
                "peak_mb": peak_mb(),
                "runtime": f"onnxruntime {ort.__version__}",
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
