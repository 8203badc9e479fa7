"""Stands in for a component: ``stand_in.py ROLE HOME [PORT]``."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def note(home: Path, what: str) -> None:
    with (home / "notes").open("a") as file:
        file.write(f"{what} {os.getpid()}\n")


def main(role: str, home: Path, port: str = "0") -> None:
    note(home, role)
    if role == "web":
        serve(int(port))
    if role == "crashing":
        print("about to crash", flush=True)
        sys.exit(3)
    if role == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if role == "parent":
        child = subprocess.Popen([sys.executable, __file__, "stubborn", str(home)])
        note(home, f"grandchild {child.pid} of")
    print(f"{role} 在运行", flush=True)
    time.sleep(120)


def serve(port: int) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
