"""演示数据: keys, a seal, a program that signs, certificates, stamps (模拟)."""

from __future__ import annotations

import base64
import hashlib
import io
import math
from typing import Any

from PIL import Image, ImageDraw

from quancheng.capabilities.security import actions, queries
from quancheng.capabilities.security.actions.ring import in_ring
from quancheng.capabilities.security.models import Certificate, Client, ElectronicSeal, Key
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.pki import make_request
from quancheng.core.sm import sm3
from quancheng.kernel.actions import Call

DEVICES = (
    ("济南地铁闸机一号", "gate-1.metro.jinan.example", "es256"),
    ("泉城公园闸机", "gate-1.park.jinan.example", "sm2"),
)
ALGORITHMS = {"es256": Algorithm.ES256, "sm2": Algorithm.SM2}


def seed(city: Any, random: Any) -> str:
    """Once; by the same actions as people."""
    call = Call.system("security", simulated=True)
    for purpose in queries.purposes():
        if not purpose.startswith("seal.") and not in_ring(purpose):
            actions.ensure_key(call, purpose=purpose)
    if not ElectronicSeal.objects.exists():
        _services(call)
    return f"{Key.objects.count()}把密钥 keys, {Certificate.objects.count()}张证书 certificates"


def _services(call: Call) -> None:
    """A seal and a use of it, certificates of devices, a caller, two stamps."""
    for name, host, family in DEVICES:
        request = make_request(MemoryKey.generate(ALGORITHMS[family]), name, names=(host,))
        text = base64.encodebytes(request).decode()
        csr = f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"
        actions.issue_certificate(call, csr=csr, profile="device", department="jn-data", owner="模拟设备")
    seal = actions.make_electronic_seal(
        call, department="jn-data", name="济南市大数据局（模拟）", picture=base64.b64encode(seal_picture()).decode(),
        simulated=True,
    )  # fmt: skip
    digest = sm3("模拟文件".encode()).hex()
    actions.seal_document(
        call, number=seal.number, digest=digest, place="/demo/notice.pdf", caller="security"
    )
    sha256 = hashlib.sha256("模拟文件".encode()).hexdigest()
    actions.stamp(call, digest=sha256, digest_oid="2.16.840.1.101.3.4.2.1", caller="security")
    if not Client.objects.exists():
        actions.add_client(call, code="jn-demo", name="演示业务系统", department="jn-data", simulated=True)


def seal_picture(size: int = 420) -> bytes:
    """A ring and a star in red as PNG; the name is in the seal's own data."""
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    draw, middle, red = ImageDraw.Draw(image), size / 2, (200, 16, 46, 255)
    draw.ellipse((6, 6, size - 6, size - 6), outline=red, width=size // 38)
    corners = []
    for step in range(10):
        radius = size * (0.15 if step % 2 == 0 else 0.058)
        angle = math.pi * step / 5
        corners.append((middle + radius * math.sin(angle), middle - radius * math.cos(angle)))
    draw.polygon(corners, fill=red)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
