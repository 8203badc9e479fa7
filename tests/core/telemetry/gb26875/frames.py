"""Public GB/T 26875.3 frames, each with where it was found."""

from __future__ import annotations

GO_A = "TestParseFrame_Case1/2 of a public Go package gb26875 (案例1、案例2)"
GO_B = "TestUnmarshal of a public Go package bluesky (user device of a fire platform)"
JAVA = "CommonTest.java of a public platform (com.zfzn.firemaster), a smoke detector's fire"
ANDROID = "writeOK() of a public Android demo, a confirmation"
SWITCH = "switchExample of a public Go gateway: type 150, a user's own"

_SMOKE = (
    "404001000101203A091A090C790300000000385B0100000030000202010101280A0002000200"
    + "20" * 30
    + "00023A091A090C462323"
)

GOLDEN: dict[str, tuple[str, str]] = {
    "device-version": (GO_A, "404000000101011E16080C15800D00000000000000000000040002190101000E2323"),
    "confirm-EF": (GO_A, "404000000101001E16080C15000000000000800D00000000000003EF2323"),
    "empty-data-B5": (GO_B, "4040000001010c3b0c1b0c11672b00000000385b01000000000002b52323"),
    "device-reset-5F": (GO_B, "404003000101103b0c1b0c11672b00000000385b010000000a000218010100003b0c1b0c115f2323"),
    "smoke-fire-46": (JAVA, _SMOKE),
    "confirm-AB": (JAVA, "404001000101233A091A090C385B01000000790300000000000003AB2323"),
    "confirm-87": (ANDROID, "4040000001012d1a101f0314000000000000f1fb09000000000003872323"),
    "user-type-F1": (
        SWITCH,
        "4040000001010F220E190713010000000000FFFF000000001200029601" + "00035B0100000002" + "00000F220E190713F12323",
    ),
}  # fmt: skip


def golden(name: str) -> bytes:
    """The bytes of a golden frame."""
    return bytes.fromhex(GOLDEN[name][1])
