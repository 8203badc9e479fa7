"""``python -m benchmarks NAME [--scale N]`` · ``--list`` · ``all``."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import subprocess
import sys

import benchmarks
from benchmarks.harness import REGISTRY


def load() -> None:
    """Import every benchmark file of this folder."""
    for info in pkgutil.iter_modules(benchmarks.__path__):
        if info.name not in {"__main__", "harness"}:
            importlib.import_module(f"benchmarks.{info.name}")


def main() -> int:
    """Run one benchmark in this process, or all, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("name", nargs="?", help="a name of --list, or 'all'")
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 = the published figures")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    load()
    if options.list or not options.name:
        for each in sorted(REGISTRY.values(), key=lambda found: found.name):
            print(f"{each.name:14} {each.about} (needs: {each.needs})")
        return 0
    if options.name == "all":
        return max(_in_own_process(name, options.scale) for name in sorted(REGISTRY))
    if options.name not in REGISTRY:
        print(f"没有名为 {options.name} 的基准。 No benchmark of that name; see --list.", file=sys.stderr)
        return 2
    REGISTRY[options.name].run(options.scale)
    return 0


def _in_own_process(name: str, scale: float) -> int:
    print(f"# {name}", flush=True)
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--scale", str(scale)], check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
