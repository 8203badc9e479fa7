"""NB-IoT 平台推送: what the carriers' platforms push for devices that speak to them, not to us.

China Telecom AEP/CTWing, China Mobile OneNET (multi-protocol and Studio), Huawei IoTDA (and the older
``deviceDataChanged``). A push either holds decoded values or the device's own bytes in base64, which
another codec must read. Sources: the platforms' public developer manuals (see each function). Only
OneNET signs what it pushes (:func:`verify_onenet`); for the others the transport must do it.
"""

from __future__ import annotations

from .platforms import PLATFORMS, Event, Push, decode
from .signature import onenet_digest, verify_onenet

__all__ = ["PLATFORMS", "Event", "Push", "decode", "onenet_digest", "verify_onenet"]
