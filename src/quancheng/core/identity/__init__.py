"""证件号码: resident identity numbers, unified social credit codes and display masks."""

from quancheng.core.identity.errors import IdentityNumberError, IdentityReason
from quancheng.core.identity.masking import (
    mask,
    mask_email,
    mask_name,
    mask_phone,
    mask_resident_id,
)
from quancheng.core.identity.resident_id import (
    ResidentId,
    Sex,
    compute_check,
    is_resident_id,
    normalise_resident_id,
    parse_resident_id,
)
from quancheng.core.identity.uscc import (
    UnifiedCode,
    compute_organisation_check,
    compute_uscc_check,
    is_uscc,
    normalise_uscc,
    organisation_code_ok,
    parse_uscc,
)

__all__ = [
    "IdentityNumberError",
    "IdentityReason",
    "ResidentId",
    "Sex",
    "UnifiedCode",
    "compute_check",
    "compute_organisation_check",
    "compute_uscc_check",
    "is_resident_id",
    "is_uscc",
    "mask",
    "mask_email",
    "mask_name",
    "mask_phone",
    "mask_resident_id",
    "normalise_resident_id",
    "normalise_uscc",
    "organisation_code_ok",
    "parse_resident_id",
    "parse_uscc",
]
