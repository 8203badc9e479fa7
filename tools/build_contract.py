"""Compile the anchor contract (编译锚定合约) with solc 0.8.11 of npm and write its JSON beside the source.

    python tools/build_contract.py [--check]

``solc`` is looked for in ``frontend/node_modules`` (``npm ci`` there) and in the folder named by SOLC_HOME.
``--check`` writes nothing and says by its exit code whether the committed JSON is what the source gives.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "src/quancheng/core/anchor"
NAME = "QuanchengAnchor"
COMPILER, EVM = "0.8.11", "istanbul"
"""What FISCO BCOS 3 and Besu both accept."""


def solc() -> Path | None:
    """The compiler's folder, when the right version is there."""
    homes = [ROOT / "frontend/node_modules/solc"]
    if "SOLC_HOME" in os.environ:
        homes.append(Path(os.environ["SOLC_HOME"]))
    for home in homes:
        about = home / "package.json"
        if shutil.which("node") and about.exists() and json.loads(about.read_text())["version"] == COMPILER:
            return home
    return None


PROGRAM = """
const home = process.argv[1], told = require("fs").readFileSync(0, "utf8");
const { keccak256 } = require(require.resolve("js-sha3", { paths: [home] }));
const made = JSON.parse(require(home).compile(told));
const errors = (abi) => Object.fromEntries(abi.filter((one) => one.type === "error").map((one) => {
  const name = `${one.name}(${one.inputs.map((input) => input.type).join(",")})`;
  return [keccak256(name).slice(0, 8), one.name];
}));
for (const file of Object.values(made.contracts || {}))
  for (const contract of Object.values(file)) contract.faults = errors(contract.abi);
process.stdout.write(JSON.stringify(made));
"""


def compiled(home: Path) -> dict[str, Any]:
    """ABI, bytecode, selectors of functions and errors. Raises SystemExit with what the compiler says."""
    asked = {
        "language": "Solidity",
        "sources": {f"{NAME}.sol": {"content": (FOLDER / f"{NAME}.sol").read_text(encoding="utf-8")}},
        "settings": {
            "evmVersion": EVM,
            "optimizer": {"enabled": True, "runs": 200},
            "metadata": {"bytecodeHash": "none"},
            "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.methodIdentifiers"]}},
        },
    }
    done = subprocess.run(
        ["node", "-e", PROGRAM, str(home)], input=json.dumps(asked), capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    if wrong := [one["formattedMessage"] for one in told.get("errors", ())]:
        raise SystemExit("\n".join(wrong))
    made = told["contracts"][f"{NAME}.sol"][NAME]
    return {
        "contract": NAME,
        "compiler": COMPILER,
        "evm": EVM,
        "abi": made["abi"],
        "bytecode": made["evm"]["bytecode"]["object"],
        "selectors": made["evm"]["methodIdentifiers"],
        "faults": made["faults"],
    }


def text(made: dict[str, Any]) -> str:
    """As it is committed."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or compare."""
    home = solc()
    if home is None:
        print(f"没有 solc {COMPILER}。 There is no solc {COMPILER}: npm ci in frontend/", file=sys.stderr)
        return 2
    made, target = text(compiled(home)), FOLDER / f"{NAME}.json"
    if "--check" in sys.argv[1:]:
        return int(target.read_text(encoding="utf-8") != made)
    target.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
