"""A partner city as a small process of its own: speaks the protocol from its description, with its own code.

``python reference_peer.py PORT PRIVATE_HEX CITY_PUBLIC_HEX MODE``; prints ``ready``. Modes: ``good``,
``garbage`` (answers nonsense), ``forged`` (signs receipts with another key), ``cut`` (hangs up).
"""

from __future__ import annotations

import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PORT, PRIVATE, CITY, MODE = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(PRIVATE))
RECEIPTS: dict[str, bytes] = {}
ORDER: list[str] = []


class Peer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200, json.dumps(ORDER).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if MODE == "cut":
            self.connection.close()
            return
        if MODE == "garbage":
            self._answer(200, b"<html>login</html>")
            return
        outer = json.loads(body)
        payload = outer["payload"].encode()
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(CITY)).verify(
                bytes.fromhex(outer["signature"]), payload
            )
        except InvalidSignature:
            self._answer(403, b"{}")
            return
        message = json.loads(payload)
        if message["id"] not in RECEIPTS:
            if message["sequence"] != len(ORDER) + 1:
                self._answer(409, json.dumps({"expected": len(ORDER) + 1}).encode())
                return
            ORDER.append(message["kind"])
            RECEIPTS[message["id"]] = self._receipt(payload, message)
        self._answer(200, RECEIPTS[message["id"]])

    def _receipt(self, payload: bytes, message: dict) -> bytes:
        said = json.dumps({"receipt": message["id"], "sha256": hashlib.sha256(payload).hexdigest()})
        key = Ed25519PrivateKey.generate() if MODE == "forged" else KEY
        return json.dumps({"payload": said, "signature": key.sign(said.encode()).hex()}).encode()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", PORT), Peer)
    print(f"ready {server.server_address[1]}", flush=True)
    server.serve_forever()
