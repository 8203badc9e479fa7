"""ASN.1 of electronic seals, GB/T 38540-2020 (sections 6 and 7): version 4.

The custom data of a seal are written ``[0]`` by some makers and bare by others; both are read.
"""

from __future__ import annotations

from asn1crypto import core

__all__ = ["SESeal", "SESignature", "SealInfo", "TbsSign"]


class Header(core.Sequence):  # type: ignore[misc]
    """SES_Header 头信息."""

    _fields = [("id", core.IA5String), ("version", core.Integer), ("vid", core.IA5String)]


class Picture(core.Sequence):  # type: ignore[misc]
    """SES_ESPictrueInfo 印章图像 (so spelt in the standard): type, data, width and height in mm."""

    _fields = [
        ("type", core.IA5String),
        ("data", core.OctetString),
        ("width", core.Integer),
        ("height", core.Integer),
    ]


class Certificates(core.SequenceOf):  # type: ignore[misc]
    """CertInfoList: certificates of the signers."""

    _child_spec = core.OctetString


class CertificateDigest(core.Sequence):  # type: ignore[misc]
    """CertDigestObj."""

    _fields = [("type", core.PrintableString), ("value", core.OctetString)]


class CertificateDigests(core.SequenceOf):  # type: ignore[misc]
    """CertDigestList: digests of the certificates of the signers."""

    _child_spec = CertificateDigest


class Property(core.Sequence):  # type: ignore[misc]
    """SES_ESPropertyInfo 印章属性; ``list_type`` 1 means certificates, 2 digests of certificates."""

    _fields = [
        ("type", core.Integer),
        ("name", core.UTF8String),
        ("list_type", core.Integer),
        ("signers", core.Any),
        ("created", core.GeneralizedTime),
        ("valid_from", core.GeneralizedTime),
        ("valid_until", core.GeneralizedTime),
    ]
    _oid_pair = ("list_type", "signers")
    _oid_specs = {1: Certificates, 2: CertificateDigests}


class Extension(core.Sequence):  # type: ignore[misc]
    """ExtData."""

    _fields = [
        ("id", core.ObjectIdentifier),
        ("critical", core.Boolean, {"default": False}),
        ("value", core.OctetString),
    ]


class Extensions(core.SequenceOf):  # type: ignore[misc]
    """ExtensionDatas."""

    _child_spec = Extension


class SealInfo(core.Sequence):  # type: ignore[misc]
    """SES_SealInfo 印章信息: what the maker signs."""

    _fields = [
        ("header", Header),
        ("id", core.IA5String),
        ("property", Property),
        ("picture", Picture),
        ("extensions", Extensions, {"explicit": 0, "optional": True}),
        ("bare_extensions", Extensions, {"optional": True}),
    ]


class SESeal(core.Sequence):  # type: ignore[misc]
    """电子印章数据."""

    _fields = [
        ("info", SealInfo),
        ("certificate", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.OctetBitString),
    ]


class TbsSign(core.Sequence):  # type: ignore[misc]
    """TBS_Sign 签章信息: what the sealer signs."""

    _fields = [
        ("version", core.Integer),
        ("seal", SESeal),
        ("time", core.GeneralizedTime),
        ("data_hash", core.OctetBitString),
        ("property_info", core.IA5String),
        ("extensions", Extensions, {"explicit": 0, "optional": True}),
    ]


class SESignature(core.Sequence):  # type: ignore[misc]
    """SES_Signature 电子签章数据."""

    _fields = [
        ("to_sign", TbsSign),
        ("certificate", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.OctetBitString),
        ("time_stamp", core.OctetBitString, {"explicit": 0, "optional": True}),
    ]
